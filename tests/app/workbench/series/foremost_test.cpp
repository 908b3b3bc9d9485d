// SPDX-License-Identifier: GPL-3.0-only
// Goal: of many the highest are shown, and what stays among them keeps its place. Method: cases by
// hand, and random peaks that grow, held against sorting all of them.
#include "app/workbench/series/foremost.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

namespace penstock::app {
namespace {

using Indices = std::vector<std::size_t>;

TEST(Foremost, AllInOrderWhereThereIsRoom) {
    EXPECT_EQ(foremost(std::vector<double>{1, 9, 3}, 3, {}), (Indices{0, 1, 2}));
    EXPECT_EQ(foremost({}, 3, {}), Indices{});
}

TEST(Foremost, NewcomersTakeThePlacesOfThoseThatWent) {
    const std::vector<double> before{5, 4, 3, 2, 1};
    EXPECT_EQ(foremost(before, 3, {}), (Indices{0, 1, 2}));
    const std::vector<double> after{5, 4, 3, 2, 9};
    EXPECT_EQ(foremost(after, 3, Indices{0, 1, 2}), (Indices{0, 1, 4})) << "2 went";
    EXPECT_EQ(foremost(after, 3, Indices{2, 0, 1}), (Indices{4, 0, 1}));
}

RC_GTEST_PROP(Foremost, HoldsTheHighestAndKeepsPlaces, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(1, 400);
    const auto most = *rc::gen::inRange<std::size_t>(1, 8);
    auto peaks = *rc::gen::container<std::vector<double>>(
        count, rc::gen::map(rc::gen::inRange(0, 50), [](int v) { return v * 1.0; }));
    Indices shown;
    for (int round = 0; round < 5; ++round) {
        const Indices before = std::exchange(shown, foremost(peaks, most, shown));
        RC_ASSERT(shown.size() == std::min(most, count));
        RC_ASSERT(std::set(shown.begin(), shown.end()).size() == shown.size());
        double least = 1e9, leftOut = -1;
        for (std::size_t i = 0; i < count; ++i) {
            const bool in = std::find(shown.begin(), shown.end(), i) != shown.end();
            if (in) least = std::min(least, peaks[i]);
            if (!in) leftOut = std::max(leftOut, peaks[i]);
        }
        RC_ASSERT(least >= leftOut);
        for (std::size_t place = 0; place < before.size(); ++place) {
            const auto now = std::find(shown.begin(), shown.end(), before[place]);
            if (now != shown.end())
                RC_ASSERT(static_cast<std::size_t>(now - shown.begin()) == place);
        }
        for (double& peak : peaks)
            peak += *rc::gen::inRange(0, 20);
    }
}

} // namespace
} // namespace penstock::app
