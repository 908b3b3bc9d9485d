// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What a file is, and what the linter finds in llm-d-async's documents. Reads files; any thread.
#include "app/workbench/window/runs/run_maker.h"

namespace penstock::app {

// Told by what is in it. A file that cannot be read is unknown.
FileKind fileKind(const std::string& file);

// As `penstock check` finds them; the files are read together.
Result<std::vector<AdviceRow>> checkFiles(const std::vector<std::string>& files);

} // namespace penstock::app
