// SPDX-License-Identifier: Apache-2.0
#pragma once

// "Did you mean …?": the known name closest to a mistyped one.
#include <span>
#include <string_view>

namespace penstock {

// The candidate within a third of the length (and at least one edit) of `wanted`, counting
// insertions, deletions, replacements and swaps of neighbours; empty if none is that close.
std::string_view closestName(std::string_view wanted, std::span<const std::string_view> candidates);

} // namespace penstock
