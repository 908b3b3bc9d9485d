// SPDX-License-Identifier: Apache-2.0
#pragma once

// The text of a file, or of a pipe that somebody writes to, read once.
#include "engine/types/error.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace penstock {

// `look` sees each part as it arrives and may refuse it. The error names the file: not there, a
// folder, larger than `mostBytes`, or a pipe into which nothing has come for `patience`.
Result<std::string> readText(const std::string& path, std::size_t mostBytes,
                             const std::function<Status(std::string_view)>& look = {},
                             std::chrono::milliseconds patience = std::chrono::seconds{10});

} // namespace penstock
