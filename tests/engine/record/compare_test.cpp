// SPDX-License-Identifier: Apache-2.0
// Goal: a comparison marks what exceeds the noise and nothing else. Method: a table of pairs, and
// replications whose spread is known.
#include "engine/record/report/compare.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

const CompareRow& row(const std::vector<CompareRow>& rows, const std::string& path) {
    for (const CompareRow& r : rows) {
        if (r.path == path) return r;
    }
    ADD_FAILURE() << "no row " << path;
    return rows.front();
}

TEST(Compare, marksWhatExceedsTheNoise) {
    const Json a = {{"seed", 1}, {"many", 10'000},     {"few", 9},  {"x", 1.0},
                    {"y", 1.0},  {"verdict", "inert"}, {"gone", 1}, {"same", 0.5}};
    const Json b = {{"seed", 2}, {"many", 11'000},      {"few", 12}, {"x", 1.01},
                    {"y", 2.0},  {"verdict", "active"}, {"new", 1},  {"same", 0.5}};
    const auto rows = compare(a, b);
    EXPECT_TRUE(row(rows, "many").beyondNoise);
    EXPECT_FALSE(row(rows, "few").beyondNoise); // 9 and 12 may be the same Poisson mean
    EXPECT_FALSE(row(rows, "x").beyondNoise);
    EXPECT_TRUE(row(rows, "y").beyondNoise);
    EXPECT_TRUE(row(rows, "verdict").beyondNoise);
    EXPECT_TRUE(row(rows, "gone").b.is_null());
    EXPECT_TRUE(row(rows, "new").a.is_null());
    EXPECT_DOUBLE_EQ(row(rows, "many").abs, 1000);
    EXPECT_DOUBLE_EQ(row(rows, "many").rel, 0.1);
    for (const auto& r : rows)
        EXPECT_NE(r.path, "seed");
    const std::string text = toText(rows);
    EXPECT_NE(text.find("* many"), std::string::npos);
    EXPECT_EQ(text.find("same"), std::string::npos);
}

TEST(Compare, replicationsSayWhatIsNoise) {
    std::vector<Json> seeds;
    for (double v : {9.0, 10.0, 11.0})
        seeds.push_back({{"x", v}});
    const Noise noise = noiseOf(seeds);
    EXPECT_NEAR(noise.halfWidth.at("x"), 4.303 * std::sqrt(2.0), 1e-9); // deviation 1, t of 2
    EXPECT_FALSE(compare({{"x", 10}}, {{"x", 16}}, noise).at(0).beyondNoise);
    EXPECT_TRUE(compare({{"x", 10}}, {{"x", 17}}, noise).at(0).beyondNoise);
}

} // namespace
} // namespace penstock
