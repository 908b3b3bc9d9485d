// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The one time axis that all charts of a window share: what is visible, whether it follows the
// run, the way back through earlier views, the crosshair, the A and B cursors and the brush.
//
// Plain logic without Qt, so that zooming while data streams in can be tested without a window.
// GUI thread only.
#include "app/workbench/series/time_range.h"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace penstock::app {

class TimeAxis {
  public:
    static constexpr Duration kNarrowest = std::chrono::microseconds(10);
    static constexpr Duration kDefaultWindow = std::chrono::minutes(5);
    static constexpr std::size_t kBackViews = 64;

    enum class Cursor { a, b };
    // What a change may have touched; charts skip the work that a change does not need.
    enum class Change { view, pointer };

    // --- the run's extent -----------------------------------------------------------------------
    // A new run: forgets views, cursors and brush, and follows with the default window.
    void reset(Time start, Time head);
    // The run has reached `head`. While following, the view moves along.
    void advance(Time head);
    Time start() const { return start_; }
    Time head() const { return head_; }

    // --- the view -------------------------------------------------------------------------------
    TimeRange range() const { return range_; }
    bool following() const { return following_; }

    // Zooms by `factor` (< 1: closer) and keeps `anchor`, or the edge next to it, in place. While
    // following, the right edge is the anchor and following goes on.
    void zoom(double factor, Time anchor);
    void zoomTo(TimeRange range);
    // Moves the view by a share of its width; a pan ends following.
    void pan(double share);
    void panBy(Duration by);
    void showAll();
    // Moves the view so that `at` is in its middle, unless it is in view already; ends following.
    void reveal(Time at);
    void follow();
    // One step back through the views before; wheel turns and drags of one gesture are one step.
    bool back();
    bool forward();
    bool canBack() const { return !back_.empty(); }
    bool canForward() const { return !forward_.empty(); }
    // Ends a gesture: the next change starts a new step of the back stack.
    void endGesture() { gesture_ = Gesture::none; }

    // --- crosshair, cursors, brush --------------------------------------------------------------
    std::optional<Time> crosshair() const { return crosshair_; }
    bool crosshairLocked() const { return locked_; }
    // Ignored while locked.
    void hover(std::optional<Time> at);
    void lockCrosshair(Time at);
    void unlockCrosshair();

    std::optional<Time> cursor(Cursor which) const { return which == Cursor::a ? a_ : b_; }
    void setCursor(Cursor which, std::optional<Time> at);
    // B − A; none unless both are set.
    std::optional<Duration> cursorDistance() const;

    std::optional<TimeRange> brush() const { return brush_; }
    // `settled` is false while the range is still being drawn.
    void setBrush(std::optional<TimeRange> range, bool settled = true);
    bool brushSettled() const { return brushSettled_; }

    // --- listeners ------------------------------------------------------------------------------
    using Listener = std::function<void(Change)>;
    int listen(Listener listener); // returns a ticket for `unlisten`
    void unlisten(int ticket);

  private:
    enum class Gesture { none, zoom, pan, other };
    struct View {
        TimeRange range;
        bool following;
    };

    void remember(Gesture gesture);
    void show(View view);
    void tell(Change change);

    Time start_{}, head_{};
    TimeRange range_{Time{} - kDefaultWindow, Time{}};
    bool following_ = true;
    std::vector<View> back_, forward_;
    Gesture gesture_ = Gesture::none;
    std::optional<Time> crosshair_, a_, b_;
    bool locked_ = false;
    std::optional<TimeRange> brush_;
    bool brushSettled_ = true;
    std::map<int, Listener> listeners_;
    int nextTicket_ = 1;
};

} // namespace penstock::app
