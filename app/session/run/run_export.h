// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run hands out as files. Run thread only: it reads the run.
#include "app/session/replay/run_log.h"
#include "app/session/view/run_view.h"

#include <vector>

namespace penstock::app {

// `moves`: made so far.
ExportAnswer exportRun(ExportKind kind, RunHost& host, const sim::Scenario& scenario,
                       const sim::WorldOptions& options, const std::vector<Move>& moves,
                       double wallSeconds);

// llm-d-async's documents or Helm values of a scenario after these moves, without running it.
ExportAnswer exportPolicy(ExportKind kind, const sim::Scenario& scenario,
                          const std::vector<Move>& moves);

} // namespace penstock::app
