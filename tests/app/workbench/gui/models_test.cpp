// SPDX-License-Identifier: GPL-3.0-only
// Goal: every model keeps Qt's contract under every kind of change, and says what its rows say.
// Method: QAbstractItemModelTester watches each while rows come, change, move and go at random.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/charts/chart_export.h"
#include "app/workbench/models/comparison_model.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/log_model.h"
#include "app/workbench/models/parameter_model.h"
#include "app/workbench/models/table_models.h"
#include "tests/app/workbench/gui/synthetic.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QWidget>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kFatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

QueueRow queue(const std::string& id, qint64 depth) {
    QueueRow r;
    r.id = id;
    r.depth = depth;
    return r;
}

TEST(Models, QueueRowsAreTakenOverByDifference) {
    QueueModel model;
    QAbstractItemModelTester tester(&model, kFatal);
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    model.setRows({queue("a", 1), queue("b", 2), queue("c", 3)});
    const QPersistentModelIndex c(model.index(2, 1));
    model.setRows({queue("a", 7), queue("c", 9)});
    ASSERT_EQ(model.rowCount(), 2);
    ASSERT_TRUE(c.isValid());
    EXPECT_EQ(c.row(), 1);
    EXPECT_EQ(c.data().toString(), QStringLiteral("9"));
    EXPECT_EQ(model.find(QStringLiteral("c")), 1);
    EXPECT_EQ(reset.count(), 0);
}

TEST(Models, AnySequenceOfRowsKeepsTheContract) {
    EXPECT_TRUE(rc::check([] {
        QueueModel model;
        QAbstractItemModelTester tester(&model, kFatal);
        FilterModel filter;
        filter.setSourceModel(&model);
        filter.sort(1);
        QAbstractItemModelTester filterTester(&filter, kFatal);
        for (int round = 0; round < 12; ++round) {
            std::vector<QueueRow> rows;
            for (int i = 0; i < 8; ++i) {
                if (*rc::gen::inRange(0, 3) == 0) continue;
                rows.push_back(queue(std::to_string(i), *rc::gen::inRange(0, 100)));
            }
            if (*rc::gen::inRange(0, 4) == 0) std::reverse(rows.begin(), rows.end());
            const auto want = rows;
            if (*rc::gen::inRange(0, 3) == 0) {
                model.append(rows, 20);
                RC_ASSERT(model.rowCount() <= 20);
                model.clear();
                continue;
            }
            model.setRows(rows);
            RC_ASSERT(model.rows().size() == want.size());
            for (std::size_t i = 0; i < want.size(); ++i) {
                RC_ASSERT(model.rows()[i].id == want[i].id);
                RC_ASSERT(model.rows()[i].depth == want[i].depth);
            }
        }
    }));
}

TEST(Models, AppendedEventsAreBoundedAndTheOldestGo) {
    EventModel model;
    QAbstractItemModelTester tester(&model, kFatal);
    for (quint64 i = 0; i < 50; ++i) {
        EventRow r;
        r.sequence = i;
        r.at = Time{std::chrono::seconds(i)};
        model.append({r, r}, 30);
    }
    EXPECT_EQ(model.rowCount(), 30);
    EXPECT_EQ(model.row(29).sequence, 49u);
    EXPECT_EQ(model.index(29, 0).data().toString(), QStringLiteral("00:00:49.000"));
    EXPECT_EQ(model.index(29, 0).data(TimeRole).toLongLong(), 49'000'000'000);
    model.setStart(Time{9s});
    EXPECT_EQ(model.index(29, 0).data().toString(), QStringLiteral("00:00:40.000"));
}

TEST(Models, RunsCanBeTaggedAndTheEditIsAnnounced) {
    RunModel model;
    QAbstractItemModelTester tester(&model, kFatal);
    RunRow run;
    run.id = 41;
    run.scenario = "code-onoff";
    model.setRows({run});
    QSignalSpy described(&model, &RunModel::described);
    EXPECT_TRUE(
        model.setData(model.index(0, RunModel::tags), QStringLiteral("base"), Qt::EditRole));
    EXPECT_FALSE(model.setData(model.index(0, RunModel::seed), 3, Qt::EditRole));
    ASSERT_EQ(described.count(), 1);
    EXPECT_EQ(described[0][1].toString(), QStringLiteral("base"));
}

TEST(Models, AdviceSortsErrorsFirst) {
    AdviceModel model;
    QAbstractItemModelTester tester(&model, kFatal);
    AdviceRow note{"fallback-open", Severity::info,  "gate code", {},
                   "fails open",    "set fallback 1"};
    AdviceRow error = note;
    error.code = "can-never-close";
    error.severity = Severity::error;
    model.setRows({note, error});
    FilterModel sorted;
    sorted.setSourceModel(&model);
    sorted.sort(0);
    EXPECT_EQ(sorted.index(0, 1).data().toString(), QStringLiteral("can-never-close"));
    EXPECT_EQ(model.index(1, 0).data(ToneRole).toInt(), badTone);
}

TEST(Models, FilterWords) {
    RequestModel model;
    FilterModel filter;
    filter.setSourceModel(&model);
    QAbstractItemModelTester tester(&filter, kFatal);
    std::vector<RequestRow> rows;
    for (int i = 0; i < 6; ++i) {
        RequestRow r;
        r.id = "req-" + std::to_string(i);
        r.queue = i % 2 ? "code" : "chat";
        r.attempts = i;
        r.reason = i == 3 ? "no endpoints" : "gate_closed";
        r.arrived = Time{std::chrono::seconds(i)};
        r.finished = r.arrived + std::chrono::milliseconds(500);
        rows.push_back(r);
    }
    model.append(rows, 100);
    const struct {
        const char* text;
        int rows;
    } cases[] = {{"", 6},          {"queue:code", 3},         {"tries>3", 2},
                 {"tries<1", 1},   {"-queue:code", 3},        {"reason:\"no endpoints\"", 1},
                 {"req-4", 1},     {"queue:code tries>2", 2}, {"tries>", 6},
                 {"nowhere:x", 6}, {"GATE_CLOSED", 5}};
    for (const auto& c : cases) {
        filter.setFilterText(QString::fromLatin1(c.text));
        EXPECT_EQ(filter.rowCount(), c.rows) << c.text;
    }
    filter.setFilterText(QStringLiteral("nowhere:x"));
    EXPECT_EQ(filter.unknownColumns(), QStringList{QStringLiteral("nowhere")});
    filter.setFilterText({});
    filter.setTimeRange(std::pair<qint64, qint64>{1'000'000'000, 3'000'000'000});
    EXPECT_EQ(filter.rowCount(), 2);
}

ParameterRow parameter(const QString& path, double value) {
    ParameterRow p;
    p.path = path.toStdString();
    p.group = path.section(QLatin1Char('.'), 0, -2).toStdString();
    p.name = path.section(QLatin1Char('.'), -1).toStdString();
    p.fallback = 0.8;
    p.value = value;
    return p;
}

TEST(Models, ParametersAreGroupedAndEditsAreWishes) {
    ParameterModel model;
    QAbstractItemModelTester tester(&model, kFatal);
    const QString path = QStringLiteral("queues.code.gate.threshold");
    const std::vector<ParameterRow> rows{
        parameter(path, 0.8), parameter(QStringLiteral("queues.code.gate.baseline"), 0.05),
        parameter(QStringLiteral("pool.workers"), 0.5)};
    model.setParameters(rows);
    EXPECT_EQ(model.rowCount(), 2);
    const QModelIndex at = model.indexOf(path);
    ASSERT_TRUE(at.isValid());
    EXPECT_EQ(at.parent().data().toString(), QStringLiteral("queues.code.gate"));
    QSignalSpy requested(&model, &ParameterModel::requested);
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    EXPECT_TRUE(model.setData(at.siblingAtColumn(ParameterModel::value), QStringLiteral("0.65"),
                              Qt::EditRole));
    ASSERT_EQ(requested.count(), 1);
    EXPECT_EQ(requested[0][1].toDouble(), 0.65);
    EXPECT_TRUE(at.data(ParameterModel::PendingRole).toBool());
    EXPECT_EQ(model.find(path)->value, 0.8);
    auto moved = rows;
    moved[0].value = 0.65;
    model.setParameters(moved);
    EXPECT_FALSE(at.data(ParameterModel::PendingRole).toBool());
    EXPECT_EQ(model.shown(path), 0.65);
    EXPECT_TRUE(model.reset(path));
    EXPECT_EQ(requested.last()[1].toDouble(), 0.8);
    EXPECT_TRUE(model.request(path, 7));
    EXPECT_EQ(requested.last()[1].toDouble(), 1) << "beyond the range: clamped";
    EXPECT_FALSE(model.request(QStringLiteral("no.such"), 1));
    EXPECT_EQ(reset.count(), 0);
}

TEST(Models, TypedValues) {
    ParameterRow share = parameter(QStringLiteral("a"), 0.8);
    ParameterRow count = share, time = share, flag = share, choice = share;
    count.kind = ParameterKind::integer;
    count.max = 1000;
    count.unit = "requests";
    time.kind = ParameterKind::duration;
    time.max = 3600;
    ParameterRow milliseconds = time; // a number in its own unit, as poll_interval_ms has
    milliseconds.unit = "ms";
    milliseconds.max = 3'600'000;
    flag.kind = ParameterKind::flag;
    choice.kind = ParameterKind::choice;
    choice.choices = {"blocking", "classifying"};
    choice.max = 1;
    const struct {
        const ParameterRow& row;
        const char* text;
        std::optional<double> value;
    } cases[] = {{share, "0.65", 0.65},
                 {share, "1.2", {}},
                 {share, "x", {}},
                 {share, "", {}},
                 {count, "64", 64},
                 {count, "6.5", {}},
                 {count, "64 requests", 64},
                 {time, "250 ms", 0.25},
                 {time, "1m30s", 90},
                 {time, "2", 2},
                 {time, "2 fortnights", {}},
                 {milliseconds, "50", 50},
                 {milliseconds, "2 s", 2000},
                 {milliseconds, "50 ms", 50},
                 {flag, "on", 1},
                 {flag, "False", 0},
                 {flag, "maybe", {}},
                 {choice, "classifying", 1},
                 {choice, "other", {}}};
    for (const auto& c : cases) {
        EXPECT_EQ(ParameterModel::parse(c.row, QString::fromLatin1(c.text)), c.value) << c.text;
    }
    EXPECT_EQ(ParameterModel::valueText(milliseconds, 50), QStringLiteral("50.0 ms"));
    // What is shown can be typed again.
    for (const double v : {0.05, 1.0, 12.0, 90.0, 3600.0}) {
        const auto again = ParameterModel::parse(time, ParameterModel::valueText(time, v));
        ASSERT_TRUE(again) << v;
        EXPECT_NEAR(*again, v, v * 0.01);
    }
}

TEST(Models, PaletteAndChartTableKeepTheContract) {
    PaletteModel palette;
    QAbstractItemModelTester paletteTester(&palette, kFatal);
    std::vector<PaletteEntry> entries(3);
    for (std::size_t i = 0; i < 3; ++i) {
        entries[i].id = QString::number(i);
        entries[i].title = QStringLiteral("Zoom %1").arg(i);
    }
    palette.setEntries(entries, {QStringLiteral("2")});
    EXPECT_EQ(palette.entry(0).id, QStringLiteral("2")) << "used last comes first";
    palette.setPattern(QStringLiteral("z1"));
    EXPECT_EQ(palette.rowCount(), 1);

    SyntheticRun run;
    run.play(Time{10min}, 1s);
    TimeAxis axis;
    axis.reset(Time{}, run.head);
    QWidget window;
    auto charts = syntheticCharts(run, axis, &window);
    charts[1]->view().scene().setGeometry({600, 100}, 1);
    charts[1]->view().scene().update();
    ChartTableModel table(*charts[1]);
    QAbstractItemModelTester tableTester(&table, kFatal);
    EXPECT_EQ(table.columnCount(), 5);
    EXPECT_EQ(table.rowCount(), ChartTableModel::kSummaries + ChartTableModel::kParts);
    EXPECT_EQ(table.index(3, 3).data().toString(), QStringLiteral("0.8"));
    run.play(Time{11min}, 1s);
    axis.advance(run.head);
    charts[1]->view().scene().update();
    table.refresh();
}

TEST(Models, LogAndComparisonKeepTheContractAndSayWhatTheyHold) {
    LogModel log;
    QAbstractItemModelTester logTester(&log, kFatal);
    for (std::uint64_t i = 0; i < LogModel::kMostRows + 10; ++i) {
        log.append({{i, 0, Duration{1s} * static_cast<std::int64_t>(i), Severity::info,
                     "line " + std::to_string(i)}},
                   LogModel::kMostRows);
    }
    EXPECT_EQ(log.rowCount(), static_cast<int>(LogModel::kMostRows)); // the oldest have gone
    EXPECT_EQ(log.row(0).text, "line 10");

    MetricModel metrics;
    QAbstractItemModelTester metricTester(&metrics, kFatal);
    metrics.setRows({{"queues.batch.succeeded", 100, 125, 25, 0.25, true}});
    ASSERT_EQ(metrics.rowCount(), 1);
    EXPECT_EQ(metrics.index(0, MetricModel::a).data().toString(), QStringLiteral("100"));
    metrics.setRows({});
    EXPECT_EQ(metrics.rowCount(), 0);

    DifferenceModel differences;
    QAbstractItemModelTester differenceTester(&differences, kFatal);
    differences.setRows({{"p.threshold", "queue batch", "threshold", "", 0.8, kUnknown}});
    ASSERT_EQ(differences.rowCount(), 1);
    differences.setRows({});
}

} // namespace
} // namespace penstock::app
