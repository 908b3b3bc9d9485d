// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/series/foremost.h"

#include <algorithm>
#include <numeric>

namespace penstock::app {

std::vector<std::size_t> foremost(std::span<const double> peaks, std::size_t most,
                                  std::span<const std::size_t> before) {
    std::vector<std::size_t> all(peaks.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (peaks.size() <= most) return all;
    const auto cut = all.begin() + static_cast<std::ptrdiff_t>(most);
    std::partial_sort(all.begin(), cut, all.end(), [&](std::size_t a, std::size_t b) {
        return peaks[a] != peaks[b] ? peaks[a] > peaks[b] : a < b;
    });
    all.erase(cut, all.end());

    const auto holds = [](auto&& among, std::size_t one) {
        return std::find(among.begin(), among.end(), one) != among.end();
    };
    std::vector<std::size_t> fresh;
    for (const std::size_t one : all) {
        if (!holds(before, one)) fresh.push_back(one);
    }
    std::vector<std::size_t> placed;
    auto next = fresh.begin();
    for (std::size_t place = 0; place < most; ++place) {
        const bool stays = place < before.size() && holds(all, before[place]);
        placed.push_back(stays ? before[place] : *next++);
    }
    return placed;
}

} // namespace penstock::app
