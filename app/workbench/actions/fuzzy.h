// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Finds what a person means by a few letters: "zin" finds "Zoom in".
#include <QString>

#include <optional>
#include <vector>

namespace penstock::app {

struct FuzzyMatch {
    int score = 0;              // higher is better
    std::vector<int> positions; // in the text, ascending: for emphasis
};

// None unless all letters of `pattern` but spaces occur in `text` in order, case aside. Letters at
// the start of words and in a row score; letters left out before and between cost. An empty pattern
// matches everything with score 0.
std::optional<FuzzyMatch> fuzzyMatch(const QString& pattern, const QString& text);

} // namespace penstock::app
