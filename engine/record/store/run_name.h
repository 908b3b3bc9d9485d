// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a person names a run in a store: DB, its latest, or DB#12.
#include "engine/record/store/run_record.h"
#include "engine/types/error.h"

#include <optional>
#include <string>

namespace penstock {

struct RunName {
    std::string file;
    std::optional<RunId> run; // none: the latest
};

// A file that is there by the whole name is meant, whatever signs it has in it.
Result<RunName> runName(const std::string& text);

} // namespace penstock
