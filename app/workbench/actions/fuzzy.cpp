// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/actions/fuzzy.h"

#include <algorithm>

namespace penstock::app {
namespace {

constexpr int kWordStart = 12, kInARow = 8, kMiss = -1, kNone = -1'000'000;

bool startsWord(const QString& text, qsizetype i) {
    if (i == 0) return true;
    const QChar before = text[i - 1], here = text[i];
    return !before.isLetterOrNumber() || (before.isLower() && here.isUpper());
}

} // namespace

// Best alignment by dynamic programming: best[p][t] is the best score with letter p of the pattern
// at letter t of the text.
std::optional<FuzzyMatch> fuzzyMatch(const QString& pattern, const QString& text) {
    QString letters = pattern;
    letters.remove(QLatin1Char(' '));
    const int m = static_cast<int>(letters.size()), n = static_cast<int>(text.size());
    if (m == 0) return FuzzyMatch{};
    if (m > n) return std::nullopt;
    const auto width = static_cast<std::size_t>(n);
    std::vector<int> best(static_cast<std::size_t>(m) * width, kNone), from(best.size(), -1);
    const auto at = [&](int p, int t) {
        return static_cast<std::size_t>(p) * width + static_cast<std::size_t>(t);
    };
    for (int p = 0; p < m; ++p) {
        int reach = kNone, reachFrom = -1; // best of the letter before, with its gap paid so far
        for (int t = 0; t < n; ++t) {
            if (p > 0 && t > 0) {
                const int before = best[at(p - 1, t - 1)];
                reach += kMiss;
                if (before > reach) {
                    reach = before;
                    reachFrom = t - 1;
                }
            }
            if (letters[p].toCaseFolded() != text[t].toCaseFolded()) continue;
            int score = startsWord(text, t) ? kWordStart : 0;
            if (p == 0) {
                score += std::max(-6, kMiss * t);
            } else {
                if (reach <= kNone / 2) continue;
                const int adjacent = t > 0 ? best[at(p - 1, t - 1)] : kNone;
                if (adjacent > kNone / 2 && adjacent + kInARow >= reach) {
                    score += adjacent + kInARow;
                    from[at(p, t)] = t - 1;
                } else {
                    score += reach;
                    from[at(p, t)] = reachFrom;
                }
            }
            best[at(p, t)] = score;
        }
    }
    FuzzyMatch match{kNone, {}};
    int end = -1;
    for (int t = 0; t < n; ++t) {
        if (best[at(m - 1, t)] > match.score) {
            match.score = best[at(m - 1, t)];
            end = t;
        }
    }
    if (end < 0) return std::nullopt;
    for (int p = m - 1, t = end; p >= 0; --p) {
        match.positions.push_back(t);
        t = from[at(p, t)];
    }
    std::reverse(match.positions.begin(), match.positions.end());
    return match;
}

} // namespace penstock::app
