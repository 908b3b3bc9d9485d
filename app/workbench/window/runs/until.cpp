// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/until.h"

#include "engine/record/report/expectation.h"
#include "engine/types/duration_text.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace penstock::app {
namespace {

QString untilText(const char* words) {
    return QCoreApplication::translate("Until", words);
}

// "1 h 20 min", "90s" and "1:30:00"; none if it is none of these.
std::optional<Duration> durationOf(QString typed) {
    static const QRegularExpression clock(QStringLiteral("^(?:(\\d+):)?(\\d+):(\\d\\d)$"));
    if (const auto match = clock.match(typed); match.hasMatch()) {
        return std::chrono::hours(match.captured(1).toInt()) +
               std::chrono::minutes(match.captured(2).toInt()) +
               std::chrono::seconds(match.captured(3).toInt());
    }
    typed.remove(QLatin1Char(' '));
    typed.replace(QRegularExpression(QStringLiteral("min(?:utes?)?")), QStringLiteral("m"));
    typed.replace(QRegularExpression(QStringLiteral("hours?")), QStringLiteral("h"));
    typed.replace(QRegularExpression(QStringLiteral("sec(?:onds?)?")), QStringLiteral("s"));
    const auto read = goDuration(typed.toStdString());
    if (!read) return std::nullopt;
    return *read;
}

} // namespace

Result<RunUntil> parseUntil(const QString& typed, const RunInfo& info, Time head) {
    const QString words = typed.simplified();
    if (words.isEmpty() || words == untilText("the end")) return RunUntil{kNever, {}};
    const bool onwards = words.startsWith(QLatin1Char('+'));
    if (const auto d = durationOf(onwards ? words.mid(1) : words)) {
        const Time at = (onwards ? head : info.start) + *d;
        if (at <= head) {
            return fail(
                untilText("The run is past %1 already; with a plus sign it is counted from now: "
                          "+%1.")
                    .arg(words)
                    .toStdString());
        }
        return RunUntil{at, {}};
    }
    if (const auto parsed = parseExpectation(words.toStdString())) {
        return RunUntil{kNever, parsed->text()};
    }
    return fail(
        untilText("“%1” is neither a time (20 min, +90 s, 1:05:00) nor a condition over the report "
                  "(queues.batch.succeeded >= 1000).")
            .arg(words)
            .toStdString());
}

} // namespace penstock::app
