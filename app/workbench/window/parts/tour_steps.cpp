// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/tour_steps.h"

#include <QCoreApplication>

namespace penstock::app {
namespace {

QString tourText(const char* words) {
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
        {onOff,
         Place::charts,
         {},
         tourText("A pool, its users, and a backlog"),
         tourText("Everything you see is playing now, faster than life."),
         Borrowed::about},
        {onOff, Place::chart, QStringLiteral("gate"), tourText("A gate decides on old news"),
         tourText("One curve is the true load, another what the gate read: late by a scrape, a "
                  "cache and a "
                  "poll. Where the chart is shaded, the gate was closed.")},
        {onOff,
         Place::gates,
         {},
         tourText("Why is it closed?"),
         tourText("The card says what the gate read, how long ago, what is true now, and what "
                  "would open "
                  "it.")},
        {onOff, Place::knob, QStringLiteral("threshold"), tourText("Drag this"),
         tourText(
             "Lower the threshold while the run goes on: the gate closes earlier, and interactive "
             "users wait less. The move is a tick on every chart, and Ctrl+Z takes it back.")},
        {onOff, Place::button, QStringLiteral("overlay.perfect"), tourText("How good could it be?"),
         tourText(
             "Click this: the same seed runs in the background with a gate that sees the truth "
             "without delay, and is laid over, dashed. What lies between is the price of late "
             "metrics.")},
        {onOff,
         Place::chart,
         QStringLiteral("ttft"),
         tourText("What this scenario teaches"),
         {},
         Borrowed::lesson},
        {inert, Place::chart, QStringLiteral("gate"), tourText("This gate never closes"),
         tourText("Interactive users suffer, and the gate stays open. Here is why."),
         Borrowed::lesson},
        {inert, Place::panel, QStringLiteral("advice"), tourText("It could be known before"),
         tourText("The advice computes from the documents alone what a gate can never do. A "
                  "finding leads "
                  "to its parameter.")},
        {inert, Place::knob, QStringLiteral("max_concurrency"), tourText("Drag this"),
         tourText(
             "Drag it down to what a pod really bears, and watch the budget fall: now the gate "
             "works.")},
        {stampede,
         Place::chart,
         QStringLiteral("flight"),
         tourText("A stampede"),
         {},
         Borrowed::lesson},
        {stampede, Place::chart, QStringLiteral("gate"), tourText("And without it"),
         tourText("In the menu Compare, Penstock's semantics lays the same seed over, dashed: an "
                  "engine that counts what its gates let through.")},
        {{},
         Place::button,
         QStringLiteral("help.palette"),
         tourText("Where to go from here"),
         tourText(
             "Ctrl+Shift+P finds every command, parameter and scenario; the key ? shows all keys. "
             "Your runs are kept under Runs: mark two of them A and B to compare them. A tuned "
             "policy "
             "leaves through File as llm-d-async's documents or Helm values.")}};
    return steps;
}

} // namespace penstock::app
