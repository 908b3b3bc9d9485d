// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run hands out as files. Run thread only: it reads the world.
#include "app/session/run_log.h"
#include "app/session/run_view.h"

#include <vector>

namespace penstock::app {

// `moves`: made so far.
ExportAnswer exportRun(ExportKind kind, sim::World& world, const sim::WorldOptions& options,
                       const std::vector<Move>& moves, double wallSeconds);

// The scenario's engine section as a tree, with these values at their parameters' paths: what
// llm-d-async's documents and Helm values are written from. Used for stored runs too.
ExportAnswer exportPolicy(ExportKind kind, const sim::Scenario& scenario,
                          const ParameterRegistry& turned);

} // namespace penstock::app
