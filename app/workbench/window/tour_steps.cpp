// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/tour_steps.h"

#include <QCoreApplication>

namespace penstock::app {
namespace {

QString tr(const char* words) {
    return QCoreApplication::translate("Tour", words);
}

} // namespace

const std::vector<TourStep>& tourSteps() {
    using Place = TourStep::Place;
    using Borrowed = TourStep::Borrowed;
    const auto onOff = QStringLiteral("code-onoff");
    const auto inert = QStringLiteral("gate-that-cannot-close");
    const auto stampede = QStringLiteral("reopen-stampede");
    static const std::vector<TourStep> steps{
        {onOff, Place::charts, {}, tr("A pool, its users, and a backlog"),
         tr("Everything you see is playing now, faster than life."), Borrowed::about},
        {onOff, Place::chart, QStringLiteral("gate"), tr("A gate decides on old news"),
         tr("One curve is the true load, another what the gate read: late by a scrape, a cache and a "
            "poll. Where the chart is shaded, the gate was closed.")},
        {onOff, Place::gates, {}, tr("Why is it closed?"),
         tr("The card says what the gate read, how long ago, what is true now, and what would open "
            "it.")},
        {onOff, Place::knob, QStringLiteral("threshold"), tr("Drag this"),
         tr("Lower the threshold while the run goes on: the gate closes earlier, and interactive "
            "users wait less. The move is a tick on every chart, and Ctrl+Z takes it back.")},
        {onOff, Place::button, QStringLiteral("overlay.perfect"), tr("How good could it be?"),
         tr("Click this: the same seed runs in the background with a gate that sees the truth "
            "without delay, and is laid over, dashed. What lies between is the price of late "
            "metrics.")},
        {onOff, Place::chart, QStringLiteral("ttft"), tr("What this scenario teaches"), {},
         Borrowed::lesson},
        {inert, Place::chart, QStringLiteral("gate"), tr("This gate never closes"),
         tr("Interactive users suffer, and the gate stays open. Here is why."), Borrowed::lesson},
        {inert, Place::panel, QStringLiteral("advice"), tr("It could be known before"),
         tr("The advice computes from the documents alone what a gate can never do. A finding leads "
            "to its parameter.")},
        {inert, Place::knob, QStringLiteral("max_concurrency"), tr("Drag this"),
         tr("Drag it down to what a pod really bears, and watch the budget fall: now the gate "
            "works.")},
        {stampede, Place::chart, QStringLiteral("flight"), tr("A stampede"), {}, Borrowed::lesson},
        {{}, Place::button, QStringLiteral("help.palette"), tr("Where to go from here"),
         tr("Ctrl+Shift+P finds every command, parameter and scenario; the key ? shows all keys. "
            "Your runs are kept under Runs: mark two of them A and B to compare them. A tuned policy "
            "leaves through File as llm-d-async's documents or Helm values.")}};
    return steps;
}

} // namespace penstock::app
