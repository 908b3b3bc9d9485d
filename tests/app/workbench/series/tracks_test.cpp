// SPDX-License-Identifier: GPL-3.0-only
// Goal: marks, closed spans and the heat strip's store give back what was put in, inside any range,
// and stay bounded. Method: small cases worked by hand.
#include "app/workbench/series/heat_buffer.h"
#include "app/workbench/series/tracks.h"
#include "tests/app/workbench/series/times.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock::app {
namespace {

using std::chrono::seconds;

TEST(MarkTrack, VisitsARangeAndFindsTheNearest) {
    MarkTrack marks(3);
    for (int i = 1; i <= 4; ++i)
        marks.add({at(10 * i), MarkKind::move, std::to_string(i)});
    EXPECT_EQ(marks.size(), 3u);
    std::string seen;
    marks.visit({at(0), at(40)}, [&](const Mark& m) { seen += m.text; });
    EXPECT_EQ(seen, "23");
    EXPECT_EQ(marks.nearest(at(33), seconds(5))->text, "3");
    EXPECT_EQ(marks.nearest(at(39), seconds(5))->text, "4");
    EXPECT_EQ(marks.nearest(at(10), seconds(5)), nullptr);
    EXPECT_EQ(MarkTrack{}.nearest(at(10), seconds(5)), nullptr);
}

TEST(SpanTrack, ClosedTimeByReason) {
    SpanTrack spans;
    const int gate = spans.reasonIndex("gate closed"), quota = spans.reasonIndex("quota");
    EXPECT_EQ(spans.reasonIndex("gate closed"), gate);
    spans.set(at(10), gate);
    spans.set(at(12), gate);
    spans.set(at(20), quota);
    spans.set(at(25), -1);
    spans.set(at(40), gate); // still open
    EXPECT_EQ(spans.secondsByReason({at(0), at(50)}), (std::vector<double>{20, 5}));
    EXPECT_EQ(spans.secondsByReason({at(15), at(22)}), (std::vector<double>{5, 2}));
    EXPECT_EQ(spans.secondsByReason({at(26), at(39)}), (std::vector<double>{0, 0}));
}

TEST(HeatBuffer, AveragesInTimeAndHalvesWhenFull) {
    HeatBuffer heat(8);
    heat.reset(2);
    for (int i = 0; i < 16; ++i) {
        const float v[] = {static_cast<float>(i), i < 8 ? NAN : 1.0f};
        heat.append(at(i), v);
    }
    EXPECT_LE(heat.columns(), 8u);
    std::vector<float> out;
    heat.resample({at(0), at(16)}, 2, out);
    ASSERT_EQ(out.size(), 4u);
    EXPECT_FLOAT_EQ(out[0], 3.5f);
    EXPECT_FLOAT_EQ(out[1], 11.5f);
    EXPECT_TRUE(std::isnan(out[2]));
    EXPECT_FLOAT_EQ(out[3], 1);
    heat.resample({at(-16), at(0)}, 2, out);
    EXPECT_TRUE(std::isnan(out[0]));
    EXPECT_TRUE(std::isnan(heat.at(0, at(-1))));
    EXPECT_FLOAT_EQ(heat.at(0, at(15)), 14.5f);
}

// Three hundred rows, more of them later: bounded in cells, and nothing of the newest is lost.
TEST(HeatBuffer, KeepsFewerColumnsOfManyRows) {
    HeatBuffer heat;
    heat.reset(100);
    int i = 0;
    for (; i < 6001; ++i)
        heat.append(at(i), std::vector<float>(100, 0.5f));
    EXPECT_EQ(heat.columns(), 6001u);
    heat.grow(300);
    for (; i < 30000; ++i) {
        std::vector<float> values(300, 0.25f);
        values[299] = 1;
        heat.append(at(i), values);
        ASSERT_LE(heat.columns() * 300, std::size_t{1} << 20);
    }
    EXPECT_GE(heat.columns(), 1024u);
    EXPECT_EQ(heat.at(299, at(29999)), 1);
    EXPECT_EQ(heat.at(298, at(29999)), 0.25f);
    EXPECT_TRUE(std::isnan(heat.at(299, at(3000)))) << "it was not there yet";
    EXPECT_EQ(heat.at(99, at(3000)), 0.5f);
}

} // namespace
} // namespace penstock::app
