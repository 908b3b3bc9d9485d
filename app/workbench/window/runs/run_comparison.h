// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Two runs side by side: what came out and what was set differently, with the noise taken from
// other seeds of the same runs where the store has any. Reads the store; any thread.
#include "app/workbench/models/comparison_model.h"
#include "engine/types/error.h"

#include <string>

namespace penstock::app {

Result<Comparison> compareStored(const std::string& store, std::int64_t a, std::int64_t b);

// Reports as `penstock run --json` writes them.
Result<Comparison> compareTexts(const std::string& nameA, const std::string& a,
                                const std::string& nameB, const std::string& b);

} // namespace penstock::app
