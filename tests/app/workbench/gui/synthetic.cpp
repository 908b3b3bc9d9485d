// SPDX-License-Identifier: GPL-3.0-only
#include "tests/app/workbench/gui/synthetic.h"

#include "tests/app/workbench/gui/made_up.h"

#include <QApplication>
#include <QDir>
#include <QPixmap>

#include <cmath>

namespace penstock::app {
SyntheticRun::SyntheticRun() {
    heat.reset(8);
    spans.reasonIndex("gate closed");
    spans.reasonIndex("quota");
}

void SyntheticRun::play(Time until, Duration step) {
    for (; head < until; head += step, ++steps) {
        const std::int64_t i = steps;
        const double s = toSeconds(head.time_since_epoch());
        const double phase = phaseAt(s), load = loadAt(s, i);
        const double read = smoothLoadAt(std::floor(s / 5) * 5 - 4) + 0.01;
        const double budget = std::max(0.0, std::floor((0.8 - read) * 10) / 10);
        const bool closed = budget <= 0;
        const double depth = closed ? 40 + phase * 9 : std::max(0.0, 400 - (phase - 45) * 8);
        const double ttft =
            (burstAt(s) ? 220 : 90) * (1 + 0.4 * noise(i + 7)) * (load > 0.9 ? 6 : 1);
        const double value[kCharts][kCurves] = {
            {depth, depth * 0.4 + 30 * noise(i + 1), 120 + 60 * std::sin(s / 40), 14},
            {load, read, 0.8, budget},
            {load * 90 + 4 * noise(i + 2), 96, load * 60, load * 30},
            {load * 22 + 5 * noise(i + 3), closed ? 3 + 2 * noise(i + 4) : 0.3, closed ? 6 : 0.0,
             noise(i + 5) > 0.97 ? 2.0 : 0.0},
            {ttft, ttft * 2.2, ttft * 4 * (1 + noise(i + 6)), 2000},
            {std::min(1.0, load * 1.02), load * 0.85, load * 0.7 + 0.04 * noise(i + 8), load},
        };
        for (int c = 0; c < kCharts; ++c) {
            for (int k = 0; k < kCurves; ++k) {
                // Limits and readings are recorded when they change, the others every step.
                SeriesBuffer& buffer =
                    series[static_cast<std::size_t>(c)][static_cast<std::size_t>(k)];
                const auto last = buffer.last();
                const bool stepped = (c == 1 && k > 0) || (c == 2 && k == 1) || (c == 0 && k == 3);
                if (stepped && last && last->value == value[c][k]) continue;
                buffer.append(head, value[c][k]);
            }
        }
        spans.set(head, closed ? 0 : phase > 100 && phase < 106 ? 1 : -1);
        if (steps % 5 == 0 && !closed) marks.add({head, MarkKind::decision, "sent 4 from code"});
        if (steps > 0 && steps % 900 == 0) {
            marks.add({head, MarkKind::move, "gates.code.threshold 0.80 → 0.75"});
        }
        std::array<float, 8> row{};
        for (std::size_t r = 0; r < row.size(); ++r) {
            row[r] = static_cast<float>(load * (0.75 + 0.3 * noise(static_cast<std::int64_t>(r))) +
                                        0.1 * noise(i * 8 + static_cast<std::int64_t>(r)));
            if (r == 5 && phase > 60 && phase < 80) row[r] = std::nanf("");
        }
        heat.append(head, row);
    }
}

std::vector<TimeChart*> syntheticCharts(const SyntheticRun& run, TimeAxis& axis, QWidget* parent) {
    struct Curve {
        const char* name;
        CurveStyle style = CurveStyle::line;
        bool dashed = false, dots = false;
    };
    struct Chart {
        const char *id, *title;
        ValueAxisSpec values;
        Curve curves[SyntheticRun::kCurves];
    };
    const auto step = CurveStyle::step;
    const Chart charts[SyntheticRun::kCharts] = {
        {"queues",
         "Queues",
         {false, 0, 10, QStringLiteral("requests")},
         {{"code"}, {"chat"}, {"broker backlog"}, {"retry", step}}},
        {"gate",
         "Gate",
         {false, 0, 1, {}},
         {{"true load"}, {"read", step, false, true}, {"threshold", step, true}, {"budget", step}}},
        {"flight",
         "In flight",
         {false, 0, 10, QStringLiteral("requests")},
         {{"all"}, {"limit", step, true}, {"code"}, {"chat"}}},
        {"outcomes",
         "Outcomes",
         {false, 0, 1, QStringLiteral("per s")},
         {{"ok"}, {"retry"}, {"shed", step}, {"late"}}},
        {"ttft",
         "Interactive TTFT",
         {true, 10, 0, QStringLiteral("ms")},
         {{"p50"}, {"p95"}, {"p99"}, {"target", step, true}}},
        {"pool", "Pool", {false, 0, 1, {}}, {{"busy"}, {"KV"}, {"batch"}, {"saturation"}}},
    };
    std::vector<TimeChart*> out;
    for (int c = 0; c < SyntheticRun::kCharts; ++c) {
        const Chart& spec = charts[c];
        auto* chart = new TimeChart(QString::fromLatin1(spec.id), QString::fromLatin1(spec.title),
                                    spec.values, axis, parent);
        std::vector<ChartSeries> series;
        for (int k = 0; k < SyntheticRun::kCurves; ++k) {
            const Curve& curve = spec.curves[k];
            series.push_back({QString::fromLatin1(curve.name),
                              &run.series[static_cast<std::size_t>(c)][static_cast<std::size_t>(k)],
                              curve.style, k, curve.dashed, curve.dots});
        }
        chart->setSeries(std::move(series));
        chart->setTracks(&run.marks, c == 1 ? &run.spans : nullptr);
        out.push_back(chart);
    }
    return out;
}

QString screenshot(QWidget& widget, const QString& name) {
    const QDir folder(QStringLiteral(PENSTOCK_BINARY_DIR "/screenshots"));
    folder.mkpath(QStringLiteral("."));
    const QString suffix = qApp->devicePixelRatio() > 1 ? QStringLiteral("@2x") : QString();
    const QString path = folder.filePath(name + suffix + QStringLiteral(".png"));
    QApplication::processEvents();
    widget.grab().save(path);
    return path;
}

} // namespace penstock::app
