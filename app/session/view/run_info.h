// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a window must know of a run before its first frame, told from the scenario alone: its engine
// is made once over metrics that never answer, no trace is opened and nothing runs, so this is
// quick enough for the GUI thread.
#include "app/session/view/run_view.h"
#include "engine/config/documents/parameters.h"
#include "engine/types/error.h"
#include "sim/world/world.h"

namespace penstock::app {

// What is behind "why closed?" of one gate, beside its name and type.
struct GateNote {
    std::string
        terms; // the gate_type whose terms its Reason speaks in: its own, or an inner gate's
    // The paths that a person is sent to: what to move first, and the fallback. Empty if none.
    std::string firstPath, fallbackPath;
    bool ofPool = false;
    std::uint16_t index = 0; // of its queue or pool
};

struct Described {
    RunInfo info;                           // start, end and `can` are for the caller to fill
    std::vector<GateNote> gates;            // as info.gates
    std::vector<std::string> queueOfSource; // id of the queue each source sends to; may be empty
    double sequenceSlots = 1;               // of one replica, in the mean
};

// The error is what is wrong with a gate or a document, with its place.
Result<Described> describe(const sim::Scenario& scenario, const sim::WorldOptions& options = {});

ParameterRow rowOf(const ParameterEntry& entry, double value);

} // namespace penstock::app
