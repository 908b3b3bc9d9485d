// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/log_model.h"

#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QDateTime>

namespace penstock::app {
namespace {

std::vector<ColumnSpec<LogRow>> logColumns() {
    using R = LogRow;
    return {
        {QObject::tr("Clock"), QObject::tr("Time of day"),
         [](const R& r) {
             return QDateTime::fromMSecsSinceEpoch(r.wallUnixMs)
                 .toString(QStringLiteral("HH:mm:ss"));
         },
         [](const R& r) { return QVariant::fromValue<quint64>(r.sequence); }},
        {QObject::tr("Run"), QObject::tr("Since the start of the run"),
         [](const R& r) { return r.sinceStart ? text(clockLabel(*r.sinceStart)) : QString(); },
         [](const R& r) { return QVariant::fromValue<quint64>(r.sequence); }, true},
        {QObject::tr("Kind"),
         {},
         [](const R& r) { return text(severityName(r.severity)); },
         nullptr,
         false,
         [](const R& r) {
             return r.severity == Severity::error     ? badTone
                    : r.severity == Severity::warning ? warningTone
                                                      : plainTone;
         }},
        {QObject::tr("What happened"), {}, [](const R& r) { return text(r.text); }},
    };
}

} // namespace

LogModel::LogModel(QObject* parent)
    : RowModel(
          logColumns(), [](const LogRow& r) { return QVariant::fromValue<quint64>(r.sequence); },
          parent) {}

} // namespace penstock::app
