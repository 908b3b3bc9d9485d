// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/series/time_axis.h"

#include <cmath>

namespace penstock::app {
namespace {

// Wider than any run, and narrow enough that sums of times cannot overflow.
constexpr Duration kWidest = std::chrono::hours(24 * 365);

Duration scaled(Duration d, double factor) {
    const double wanted = static_cast<double>(d.count()) * factor;
    const double bounded = std::clamp(wanted, static_cast<double>(TimeAxis::kNarrowest.count()),
                                      static_cast<double>(kWidest.count()));
    return Duration{static_cast<std::int64_t>(bounded)};
}

} // namespace

void TimeAxis::reset(Time start, Time head) {
    start_ = start;
    head_ = std::max(start, head);
    back_.clear();
    forward_.clear();
    gesture_ = Gesture::none;
    crosshair_ = a_ = b_ = std::nullopt;
    locked_ = false;
    brush_ = std::nullopt;
    following_ = true;
    range_ = {head_ - kDefaultWindow, head_};
    tell(Change::view);
}

void TimeAxis::advance(Time head) {
    if (head <= head_) return;
    head_ = head;
    if (!following_) return;
    range_ = {head_ - range_.span(), head_};
    tell(Change::view);
}

void TimeAxis::remember(Gesture gesture) {
    if (gesture_ == gesture && gesture != Gesture::other) return;
    gesture_ = gesture;
    back_.push_back({range_, following_});
    if (back_.size() > kBackViews) back_.erase(back_.begin());
    forward_.clear();
}

void TimeAxis::show(View view) {
    following_ = view.following;
    range_ = view.range;
    if (following_) range_ = {head_ - range_.span(), head_};
    tell(Change::view);
}

void TimeAxis::zoom(double factor, Time anchor) {
    if (!(factor > 0) || !std::isfinite(factor)) return;
    remember(Gesture::zoom);
    const Duration span = scaled(range_.span(), factor);
    if (following_) {
        show({{head_ - span, head_}, true});
        return;
    }
    // About an instant outside the view: about the edge on its side, or the view would leap away.
    const Time fixed = std::clamp(anchor, range_.from, range_.to);
    const double share = toSeconds(fixed - range_.from) / toSeconds(range_.span());
    const Time from = fixed - fromSeconds(share * toSeconds(span));
    show({{from, from + span}, false});
}

void TimeAxis::zoomTo(TimeRange range) {
    range = orderedRange(range.from, range.to);
    if (range.span() < kNarrowest) range.to = range.from + kNarrowest;
    if (range.span() > kWidest) range.to = range.from + kWidest;
    remember(Gesture::other);
    show({range, false});
}

void TimeAxis::pan(double share) {
    panBy(fromSeconds(toSeconds(range_.span()) * share));
}

void TimeAxis::panBy(Duration by) {
    if (by.count() == 0) return;
    // Half a window beyond either end is far enough to look past it without getting lost.
    const Duration half = range_.span() / 2;
    const Time earliest = std::min(start_ - half, range_.from);
    const Time latest = std::max(head_ + half - range_.span(), range_.from);
    const Time from = std::clamp(range_.from + by, earliest, latest);
    remember(Gesture::pan);
    show({{from, from + range_.span()}, false});
}

void TimeAxis::showAll() {
    const Duration span = std::max<Duration>(head_ - start_, kNarrowest);
    remember(Gesture::other);
    show({{start_, start_ + span}, false});
}

void TimeAxis::reveal(Time at) {
    if (range_.contains(at) || at == range_.to) return;
    const Duration span = range_.span();
    remember(Gesture::other);
    show({{at - span / 2, at - span / 2 + span}, false});
}

void TimeAxis::follow() {
    if (following_) return;
    remember(Gesture::other);
    show({range_, true});
}

bool TimeAxis::back() {
    if (back_.empty()) return false;
    forward_.push_back({range_, following_});
    const View view = back_.back();
    back_.pop_back();
    gesture_ = Gesture::none;
    show(view);
    return true;
}

bool TimeAxis::forward() {
    if (forward_.empty()) return false;
    back_.push_back({range_, following_});
    const View view = forward_.back();
    forward_.pop_back();
    gesture_ = Gesture::none;
    show(view);
    return true;
}

void TimeAxis::hover(std::optional<Time> at) {
    if (locked_ || at == crosshair_) return;
    crosshair_ = at;
    tell(Change::pointer);
}

void TimeAxis::lockCrosshair(Time at) {
    crosshair_ = at;
    locked_ = true;
    tell(Change::pointer);
}

void TimeAxis::unlockCrosshair() {
    locked_ = false;
    crosshair_ = std::nullopt;
    tell(Change::pointer);
}

void TimeAxis::setCursor(Cursor which, std::optional<Time> at) {
    (which == Cursor::a ? a_ : b_) = at;
    tell(Change::pointer);
}

std::optional<Duration> TimeAxis::cursorDistance() const {
    if (!a_ || !b_) return std::nullopt;
    return *b_ - *a_;
}

void TimeAxis::setBrush(std::optional<TimeRange> range, bool settled) {
    if (range) range = orderedRange(range->from, range->to);
    if (range == brush_ && settled == brushSettled_) return;
    brush_ = range;
    brushSettled_ = settled;
    tell(Change::pointer);
}

int TimeAxis::listen(Listener listener) {
    listeners_.emplace(nextTicket_, std::move(listener));
    return nextTicket_++;
}

void TimeAxis::unlisten(int ticket) {
    listeners_.erase(ticket);
}

void TimeAxis::tell(Change change) {
    for (auto& [ticket, listener] : listeners_)
        listener(change);
}

} // namespace penstock::app
