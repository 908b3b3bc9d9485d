// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two parsers behind Document, each building the same tree. Private to this folder.
#include "engine/config/text/document.h"

namespace penstock::detail {

// The text has been checked for size, line length, control characters and UTF-8. Errors carry
// line and column, but no file.
Result<Node> parseYaml(std::string_view text, const Limits& limits);
Result<Node> parseJson(std::string_view text, const Limits& limits);

std::string duplicateKey(std::string_view key, int firstLine);
std::string tooDeep(int depth);
std::string tooMany(std::size_t values);
std::string tooManyKeys(std::size_t members);

} // namespace penstock::detail
