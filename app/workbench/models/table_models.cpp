// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/table_models.h"

#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QDateTime>

#include <cmath>

namespace penstock::app {
namespace {

QString milliseconds(double ms) {
    return std::isnan(ms) ? QStringLiteral("–") : text(durationLabel(fromSeconds(ms * 1e-3)));
}
QString seconds(double s) {
    return std::isnan(s) ? QStringLiteral("–") : text(durationLabel(fromSeconds(s)));
}
// NaN sorts before everything, as "not known".
QVariant sortable(double v) {
    return std::isnan(v) ? -1e300 : v;
}
qint64 nanos(Time t) {
    return t.time_since_epoch().count();
}

// "/a/b/c.yaml:12" → "c.yaml:12": of a path's front all rows have the same.
QString fileAlone(const QString& place) {
    const qsizetype end = place.indexOf(QLatin1Char(':'));
    const qsizetype slash = place.lastIndexOf(QLatin1Char('/'), end < 0 ? -1 : end);
    return place.mid(slash + 1);
}

Tone outcomeTone(Outcome outcome) {
    switch (outcome) {
    case Outcome::succeeded:
        return goodTone;
    case Outcome::failed:
    case Outcome::expired:
    case Outcome::dead:
        return badTone;
    case Outcome::shed:
        return warningTone;
    case Outcome::cancelled:
        return weakTone;
    case Outcome::waiting:
    case Outcome::inFlight:
        return plainTone;
    }
    return plainTone;
}

std::vector<ColumnSpec<QueueRow>> queueColumns() {
    using R = QueueRow;
    return {
        {QObject::tr("Queue"), QObject::tr("The queue's id"),
         [](const R& r) {
             return r.paused ? QObject::tr("%1 (paused)").arg(text(r.id)) : text(r.id);
         },
         nullptr, false, [](const R& r) { return r.paused ? weakTone : plainTone; }},
        {QObject::tr("Depth"), QObject::tr("Requests waiting in the queue"),
         [](const R& r) { return number(static_cast<double>(r.depth)); },
         [](const R& r) { return QVariant::fromValue<qint64>(r.depth); }, true},
        {QObject::tr("Oldest"), QObject::tr("Age of the request that has waited longest"),
         [](const R& r) { return seconds(r.oldestAgeSeconds); },
         [](const R& r) { return sortable(r.oldestAgeSeconds); }, true},
        {QObject::tr("In/s"), QObject::tr("Arrivals a second of engine time"),
         [](const R& r) { return number(r.arrivalsPerSecond); },
         [](const R& r) { return sortable(r.arrivalsPerSecond); }, true},
        {QObject::tr("Out/s"), QObject::tr("Requests finished a second of engine time"),
         [](const R& r) { return number(r.completedPerSecond); },
         [](const R& r) { return sortable(r.completedPerSecond); }, true},
        {QObject::tr("Wait p95"),
         QObject::tr("95th percentile of the time from arrival to dispatch"),
         [](const R& r) { return milliseconds(r.waitP95Ms); },
         [](const R& r) { return sortable(r.waitP95Ms); }, true},
        {QObject::tr("Retry"), QObject::tr("Requests parked until their next attempt"),
         [](const R& r) { return number(static_cast<double>(r.waitingRetries)); },
         [](const R& r) { return QVariant::fromValue<qint64>(r.waitingRetries); }, true},
        {QObject::tr("Flight"), QObject::tr("Requests sent and not yet answered"),
         [](const R& r) { return number(static_cast<double>(r.inFlight)); },
         [](const R& r) { return QVariant::fromValue<qint64>(r.inFlight); }, true},
    };
}

std::vector<ColumnSpec<RequestRow>> requestColumns(const std::shared_ptr<Time>& start) {
    using R = RequestRow;
    return {
        {QObject::tr("Arrived"), QObject::tr("Since the start of the run"),
         [start](const R& r) { return text(clockLabel(r.arrived - *start)); },
         [](const R& r) { return QVariant(nanos(r.arrived)); }, true},
        {QObject::tr("Id"), {}, [](const R& r) { return text(r.id); }},
        {QObject::tr("Queue"), {}, [](const R& r) { return text(r.queue); }},
        {QObject::tr("Outcome"),
         {},
         [](const R& r) { return text(outcomeName(r.outcome)); },
         nullptr,
         false,
         [](const R& r) { return outcomeTone(r.outcome); }},
        {QObject::tr("Reason"), QObject::tr("Last refusal or error"),
         [](const R& r) { return text(r.reason); }},
        {QObject::tr("Tries"), QObject::tr("Attempts made"),
         [](const R& r) { return QString::number(r.attempts); },
         [](const R& r) { return QVariant(r.attempts); }, true,
         [](const R& r) { return r.attempts > 1 ? warningTone : plainTone; }},
        {QObject::tr("Wait"), QObject::tr("From arrival to the first dispatch"),
         [](const R& r) { return milliseconds(r.waitMs); },
         [](const R& r) { return sortable(r.waitMs); }, true},
        {QObject::tr("TTFT"), QObject::tr("From arrival to the first token"),
         [](const R& r) { return milliseconds(r.ttftMs); },
         [](const R& r) { return sortable(r.ttftMs); }, true},
        {QObject::tr("Total"), QObject::tr("From arrival to the result"),
         [](const R& r) { return milliseconds(r.endToEndMs); },
         [](const R& r) { return sortable(r.endToEndMs); }, true},
        {QObject::tr("Slack"), QObject::tr("Time left to the deadline at the end, or now"),
         [](const R& r) { return seconds(r.slackSeconds); },
         [](const R& r) { return sortable(r.slackSeconds); }, true,
         [](const R& r) { return r.slackSeconds < 0 ? badTone : plainTone; }},
        {QObject::tr("In"), QObject::tr("Prompt tokens"),
         [](const R& r) { return number(static_cast<double>(r.promptTokens)); },
         [](const R& r) { return QVariant::fromValue<qint64>(r.promptTokens); }, true},
        {QObject::tr("Out"), QObject::tr("Output tokens"),
         [](const R& r) { return number(static_cast<double>(r.outputTokens)); },
         [](const R& r) { return QVariant::fromValue<qint64>(r.outputTokens); }, true},
    };
}

Tone eventTone(const EventRow& r) {
    switch (r.kind) {
    case EventKind::refusal:
    case EventKind::retry:
        return warningTone;
    case EventKind::fault:
        return badTone;
    case EventKind::decision:
        return goodTone;
    default:
        return plainTone;
    }
}

std::vector<ColumnSpec<EventRow>> eventColumns(const std::shared_ptr<Time>& start) {
    using R = EventRow;
    return {
        {QObject::tr("Time"), QObject::tr("Since the start of the run"),
         [start](const R& r) { return text(clockLabel(r.at - *start)); },
         [](const R& r) { return QVariant::fromValue<quint64>(r.sequence); }, true},
        {QObject::tr("Kind"),
         {},
         [](const R& r) { return text(eventKindName(r.kind)); },
         nullptr,
         false,
         eventTone},
        {QObject::tr("Where"), QObject::tr("Queue or gate"),
         [](const R& r) { return text(r.owner); }},
        {QObject::tr("Reason"), {}, [](const R& r) { return text(r.reason); }},
        {QObject::tr("Value"), QObject::tr("What the gate read"),
         [](const R& r) { return std::isnan(r.value) ? QString() : number(r.value); },
         [](const R& r) { return sortable(r.value); }, true},
        {QObject::tr("Threshold"),
         {},
         [](const R& r) { return std::isnan(r.threshold) ? QString() : number(r.threshold); },
         [](const R& r) { return sortable(r.threshold); },
         true},
        {QObject::tr("Request"), {}, [](const R& r) { return text(r.request); }},
        {QObject::tr("What happened"), {}, [](const R& r) { return text(r.text); }},
    };
}

Tone runTone(const RunRow& r) {
    switch (r.status) {
    case RunStatus::failed:
        return badTone;
    case RunStatus::recovered:
    case RunStatus::stopped:
        return warningTone;
    case RunStatus::finished:
        return goodTone;
    default:
        return plainTone;
    }
}

std::vector<ColumnSpec<RunRow>> runColumns() {
    using R = RunRow;
    return {
        {QString(), QObject::tr("A and B: the runs that are compared"),
         [](const R& r) { return text(r.compared); }},
        {QObject::tr("Scenario"), {}, [](const R& r) { return text(r.scenario); }},
        {QObject::tr("Seed"),
         {},
         [](const R& r) { return QString::number(r.seed); },
         [](const R& r) { return QVariant::fromValue<quint64>(r.seed); },
         true},
        {QObject::tr("Started"),
         {},
         [](const R& r) {
             return QDateTime::fromSecsSinceEpoch(r.startedUnixSeconds)
                 .toString(QStringLiteral("yyyy-MM-dd HH:mm"));
         },
         [](const R& r) { return QVariant::fromValue<qint64>(r.startedUnixSeconds); }},
        {QObject::tr("Status"),
         {},
         [](const R& r) { return text(runStatusName(r.status)); },
         nullptr,
         false,
         runTone},
        {QObject::tr("Engine time"),
         {},
         [](const R& r) { return seconds(r.virtualSeconds); },
         [](const R& r) { return sortable(r.virtualSeconds); },
         true},
        {QObject::tr("Speed"), QObject::tr("Engine time for each second of waiting"),
         [](const R& r) {
             return r.wallSeconds > 0 ? number(r.virtualSeconds / r.wallSeconds) + QChar(0xd7)
                                      : QStringLiteral("–");
         },
         [](const R& r) {
             return sortable(r.wallSeconds > 0 ? r.virtualSeconds / r.wallSeconds : 0);
         },
         true},
        {QObject::tr("Tags"), QObject::tr("Words to find it by; double-click to change"),
         [](const R& r) { return text(r.tags); }},
        {QObject::tr("Notes"), QObject::tr("Double-click to change"),
         [](const R& r) { return text(r.notes); }},
        {QObject::tr("Fingerprint"),
         QObject::tr("The same for two runs exactly if every decision was the same"),
         [](const R& r) { return text(r.fingerprint); }},
    };
}

std::vector<ColumnSpec<AdviceRow>> adviceColumns() {
    using R = AdviceRow;
    return {
        {QObject::tr("Severity"),
         {},
         [](const R& r) { return text(severityName(r.severity)); },
         [](const R& r) { return QVariant(static_cast<int>(r.severity)); },
         false,
         [](const R& r) {
             return r.severity == Severity::error     ? badTone
                    : r.severity == Severity::warning ? warningTone
                                                      : plainTone;
         }},
        {QObject::tr("Code"), {}, [](const R& r) { return text(r.code); }},
        {QObject::tr("Where"), {}, [](const R& r) { return fileAlone(text(r.where)); }},
        {QObject::tr("Finding"), {}, [](const R& r) { return text(r.finding); }},
        {QObject::tr("What to change"), {}, [](const R& r) { return text(r.remedy); }},
    };
}

} // namespace

QueueModel::QueueModel(QObject* parent)
    : RowModel(
          queueColumns(), [](const QueueRow& r) { return QVariant(text(r.id)); }, parent) {}

RequestModel::RequestModel(QObject* parent) : RequestModel(std::make_shared<Time>(), parent) {}

RequestModel::RequestModel(std::shared_ptr<Time> start, QObject* parent)
    : RowModel(
          requestColumns(start), [](const RequestRow& r) { return QVariant(text(r.id)); }, parent),
      start_(std::move(start)) {}

QVariant RequestModel::data(const QModelIndex& index, int role) const {
    if (index.isValid() && role == TimeRole) {
        // Of a backlog all arrived at once: what charts show of a request is when it ended.
        const RequestRow& r = row(index.row());
        return QVariant(nanos(r.finished == kNever ? r.arrived : r.finished));
    }
    return RowModel::data(index, role);
}

EventModel::EventModel(QObject* parent) : EventModel(std::make_shared<Time>(), parent) {}

EventModel::EventModel(std::shared_ptr<Time> start, QObject* parent)
    : RowModel(
          eventColumns(start),
          [](const EventRow& r) { return QVariant::fromValue<quint64>(r.sequence); }, parent),
      start_(std::move(start)) {}

QVariant EventModel::data(const QModelIndex& index, int role) const {
    if (index.isValid() && role == TimeRole) return QVariant(nanos(row(index.row()).at));
    return RowModel::data(index, role);
}

RunModel::RunModel(QObject* parent)
    : RowModel(
          runColumns(), [](const RunRow& r) { return QVariant::fromValue<qint64>(r.id); }, parent) {
}

QVariant RunModel::data(const QModelIndex& index, int role) const {
    if (index.isValid() && role == Qt::EditRole) {
        if (index.column() == tags) return text(row(index.row()).tags);
        if (index.column() == notes) return text(row(index.row()).notes);
    }
    return RowModel::data(index, role);
}

bool RunModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (!index.isValid() || role != Qt::EditRole) return false;
    if (index.column() != tags && index.column() != notes) return false;
    RunRow& run = rowToEdit(index.row());
    std::string& field = index.column() == tags ? run.tags : run.notes;
    std::string wanted = value.toString().toStdString();
    if (field == wanted) return false;
    field = std::move(wanted);
    touched(index.row());
    Q_EMIT described(run.id, text(run.tags), text(run.notes));
    return true;
}

Qt::ItemFlags RunModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags f = RowModel::flags(index);
    if (index.isValid() && (index.column() == tags || index.column() == notes)) {
        f |= Qt::ItemIsEditable;
    }
    return f;
}

AdviceModel::AdviceModel(QObject* parent)
    : RowModel(
          adviceColumns(),
          [](const AdviceRow& r) { return QVariant(text(r.code + '\n' + r.where)); }, parent) {}

QVariant AdviceModel::data(const QModelIndex& index, int role) const {
    if (index.isValid() && role == Qt::ToolTipRole) {
        const AdviceRow& r = row(index.row());
        return text(r.finding + '\n' + r.remedy + '\n' + r.where);
    }
    return RowModel::data(index, role);
}

} // namespace penstock::app
