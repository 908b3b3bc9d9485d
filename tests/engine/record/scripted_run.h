// SPDX-License-Identifier: Apache-2.0
#pragma once

// A made-up run for tests of what is drawn and stored: on/off interactive load, a gate that reads
// it with 15 s delay, a backlog that drains while the gate is open. Not a model of anything; it
// only has to have the shape of a run.
#include "engine/record/recorder/recorder.h"

namespace penstock {

struct ScriptedRun {
    RecorderSetup setup;
    RunFacts facts;
};

ScriptedRun scriptedRun(int seconds, int replicas = 8);

// Feeds the recorder second by second. `upTo` seconds; returns after the last.
void play(const ScriptedRun& run, Recorder& recorder, int upTo);

} // namespace penstock
