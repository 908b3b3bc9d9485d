// SPDX-License-Identifier: Apache-2.0
#pragma once

// A frame between the thread of a run, which only appends to it, and the window, which takes it:
// whatever time lies between two takes, it stays within the bounds of run_view.h. Values only; who
// shares one guards it.
#include "app/session/view/life.h"
#include "app/session/view/run_view.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace penstock::app {

// Events and requests are turned into rows by their taker.
struct PendingFrame {
    Frame frame;
    std::vector<std::pair<std::uint64_t, BriefEvent>> events; // newest last, at most kMaxRows
    std::vector<EndedRequest> ended;                          // likewise
    bool fresh = false;                                       // something is in it

    // Appends what is newer, within the bounds of a frame.
    void append(PendingFrame&& newer);
};

// Turns the events and requests of a pending frame into rows, and leaves the pending one empty.
Frame finished(PendingFrame&& pending, const Names& names);

} // namespace penstock::app
