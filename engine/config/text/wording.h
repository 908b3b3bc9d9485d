// SPDX-License-Identifier: Apache-2.0
#pragma once

// The phrases that errors of documents share, and the reading of durations in our own documents.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// "; did you mean \"rate\"?", or "." when no candidate is near: the end of a sentence.
std::string didYouMean(std::string_view word, const std::vector<std::string_view>& candidates);

// "a, b, c", shortened after `most`.
std::string listOf(const std::vector<std::string_view>& words, std::size_t most = 24);

// A Go duration, days before it or alone ("7d", "1d12h"), or a bare number of seconds.
// llm-d-async's own documents take only Go's grammar (goDuration).
Result<Duration> parseDuration(std::string_view text);

} // namespace penstock
