// SPDX-License-Identifier: GPL-3.0-only
// Goal: zoom, pan, follow and the way back behave the same whether or not data streams in.
// Method: drive the axis as mouse and keys do, with advance() between the steps.
#include "app/workbench/series/time_axis.h"
#include "tests/app/workbench/series/times.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace penstock::app {
namespace {

using std::chrono::seconds;

TimeAxis axisAt(int head) {
    TimeAxis axis;
    axis.reset(at(0), at(0));
    axis.advance(at(head));
    return axis;
}

TEST(TimeAxis, FollowsUntilTheFirstPanAndAgainFromEnd) {
    TimeAxis axis = axisAt(1000);
    EXPECT_TRUE(axis.following());
    EXPECT_EQ(axis.range().to, at(1000));
    axis.pan(-0.1);
    EXPECT_FALSE(axis.following());
    const TimeRange still = axis.range();
    axis.advance(at(1100));
    EXPECT_EQ(axis.range(), still);
    axis.follow();
    EXPECT_TRUE(axis.following());
    EXPECT_EQ(axis.range().to, at(1100));
    axis.advance(at(1200));
    EXPECT_EQ(axis.range().to, at(1200));
}

TEST(TimeAxis, ZoomWhileStreamingKeepsTheRightEdgeAndTheFollow) {
    TimeAxis axis = axisAt(1000);
    axis.zoom(0.5, at(900));
    EXPECT_TRUE(axis.following());
    EXPECT_EQ(axis.range().span(), seconds(150));
    axis.advance(at(1001));
    EXPECT_EQ(axis.range().to, at(1001));
    EXPECT_EQ(axis.range().span(), seconds(150));
}

TEST(TimeAxis, ZoomKeepsTheTimeUnderThePointerInPlace) {
    TimeAxis axis = axisAt(1000);
    axis.zoomTo({at(100), at(300)});
    axis.zoom(0.5, at(150));
    EXPECT_EQ(axis.range(), (TimeRange{at(125), at(225)}));
    axis.zoom(2, at(150));
    EXPECT_EQ(axis.range(), (TimeRange{at(100), at(300)}));
}

TEST(TimeAxis, OneGestureIsOneStepBack) {
    TimeAxis axis = axisAt(1000);
    axis.zoomTo({at(100), at(300)});
    for (int i = 0; i < 10; ++i)
        axis.pan(0.01);
    axis.endGesture();
    for (int i = 0; i < 10; ++i)
        axis.pan(0.01);
    EXPECT_TRUE(axis.back());
    EXPECT_TRUE(axis.back());
    EXPECT_EQ(axis.range(), (TimeRange{at(100), at(300)}));
    EXPECT_TRUE(axis.forward());
    EXPECT_NE(axis.range().from, at(100));
    EXPECT_TRUE(axis.back());
    EXPECT_TRUE(axis.back());
    EXPECT_TRUE(axis.following());
    EXPECT_FALSE(axis.back());
}

TEST(TimeAxis, BackToAFollowingViewFollowsTheHeadOfNow) {
    TimeAxis axis = axisAt(1000);
    axis.zoomTo({at(100), at(300)});
    axis.advance(at(2000));
    EXPECT_TRUE(axis.back());
    EXPECT_TRUE(axis.following());
    EXPECT_EQ(axis.range().to, at(2000));
}

TEST(TimeAxis, CrosshairStaysWhereItIsLocked) {
    TimeAxis axis = axisAt(1000);
    axis.hover(at(10));
    EXPECT_EQ(axis.crosshair(), at(10));
    axis.lockCrosshair(at(20));
    axis.hover(at(30));
    axis.hover(std::nullopt);
    EXPECT_EQ(axis.crosshair(), at(20));
    axis.unlockCrosshair();
    axis.hover(at(30));
    EXPECT_EQ(axis.crosshair(), at(30));
}

TEST(TimeAxis, CursorsMeasureADistance) {
    TimeAxis axis = axisAt(1000);
    EXPECT_FALSE(axis.cursorDistance());
    axis.setCursor(TimeAxis::Cursor::a, at(30));
    axis.setCursor(TimeAxis::Cursor::b, at(12));
    EXPECT_EQ(axis.cursorDistance(), -seconds(18));
}

TEST(TimeAxis, PanStopsHalfAWindowBeyondTheRun) {
    TimeAxis axis = axisAt(1000);
    for (int i = 0; i < 100; ++i)
        axis.pan(1);
    EXPECT_EQ(axis.range().to, at(1150));
    for (int i = 0; i < 100; ++i)
        axis.pan(-1);
    EXPECT_EQ(axis.range().from, at(-150));
}

TEST(TimeAxis, ListenersHearViewsAndPointers) {
    TimeAxis axis = axisAt(1000);
    int views = 0, pointers = 0;
    const int ticket = axis.listen(
        [&](TimeAxis::Change c) { (c == TimeAxis::Change::view ? views : pointers) += 1; });
    axis.advance(at(1001));
    axis.hover(at(5));
    axis.hover(at(5));
    EXPECT_EQ(views, 1);
    EXPECT_EQ(pointers, 1);
    axis.unlisten(ticket);
    axis.advance(at(1002));
    EXPECT_EQ(views, 1);
}

// Whatever is done in whatever order, the view has a sane width and following means its right edge
// is the head; going back as often as one can ends in the view it all began with.
TEST(TimeAxis, AnyGesturesLeaveASaneView) {
    EXPECT_TRUE(rc::check([] {
        TimeAxis axis = axisAt(1000);
        const int steps = *rc::gen::inRange(1, 60);
        int head = 1000;
        for (int i = 0; i < steps; ++i) {
            switch (*rc::gen::inRange(0, 8)) {
            case 0:
                axis.zoom(0.5, at(*rc::gen::inRange(0, 1000)));
                break;
            case 1:
                axis.zoom(1e9, at(*rc::gen::inRange(0, 1000)));
                break;
            case 2:
                axis.pan(*rc::gen::inRange(-300, 300) * 0.01);
                break;
            case 3:
                axis.zoomTo({at(*rc::gen::inRange(0, 500)), at(*rc::gen::inRange(0, 500))});
                break;
            case 4:
                axis.follow();
                break;
            case 5:
                axis.showAll();
                break;
            case 6:
                axis.back();
                break;
            default:
                axis.advance(at(++head));
                break;
            }
            RC_ASSERT(axis.range().span() >= TimeAxis::kNarrowest);
            RC_ASSERT(axis.range().span() <= std::chrono::hours(24 * 365));
            if (axis.following()) RC_ASSERT(axis.range().to == axis.head());
        }
        while (axis.back()) {}
        RC_ASSERT(axis.following());
        RC_ASSERT(axis.range().span() == TimeAxis::kDefaultWindow);
    }));
}

} // namespace
} // namespace penstock::app
