// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two parsers behind Document, each building the same tree. Private to this folder.
#include "engine/config/text/document.h"

namespace penstock::detail {

// The text has been checked for size, line length, control characters and UTF-8. Errors carry
// line and column, but no file.
Result<Node> parseYaml(std::string_view text, const Limits& limits);
// `irregular`: where to put what is irregular; null: it is an error.
Result<Node> parseJson(std::string_view text, const Limits& limits,
                       std::vector<Irregularity>* irregular = nullptr);

// Lays later members of the same name over earlier ones, as Go's decoder does: mappings and lists
// are merged, a null changes nothing but a mapping or a list, which it clears, and the values of a
// free mapping (gate_params) are replaced whole.
void mergeRepeats(Node& map);

std::string duplicateKey(std::string_view key, int firstLine);
std::string tooDeep(int depth);
std::string tooMany(std::size_t values);
std::string tooManyKeys(std::size_t members);

} // namespace penstock::detail
