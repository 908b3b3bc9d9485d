// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// All docks over a made-up run in one window, as the program joins them, for tests.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/dock_set.h"
#include "app/workbench/models/comparison_model.h"
#include "tests/app/workbench/gui/fake_run.h"

#include <QWidget>

namespace penstock::app {

class DockWindow {
  public:
    explicit DockWindow(FakeRun::Options options = {});
    // Lets the run go on and hands the frame over; a frame every `perFrame` of engine time.
    void play(Duration time, Duration perFrame = std::chrono::seconds(10));
    // Hands over what is new, if anything.
    void pull();

    FakeRun run;
    QWidget window;
    ActionRegistry registry{&window};
    DockSet docks{&window};
    Frame frame;               // the last one
    RunDock* raised = nullptr; // the dock that asked for the front last
};

// Two runs with three metrics that differ beyond noise and three that do not.
Comparison fakeComparison();

} // namespace penstock::app
