// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/series/tracks.h"

#include "engine/types/check.h"

namespace penstock::app {

void MarkTrack::add(Mark mark) {
    PENSTOCK_CHECK(marks_.empty() || mark.t >= marks_.back().t);
    marks_.push_back(std::move(mark));
    if (marks_.size() > capacity_) marks_.pop_front();
    ++revision_;
}

void MarkTrack::clear() {
    marks_.clear();
    ++revision_;
}

std::size_t MarkTrack::firstNotBefore(Time t) const {
    const auto it = std::lower_bound(marks_.begin(), marks_.end(), t,
                                     [](const Mark& m, Time at) { return m.t < at; });
    return static_cast<std::size_t>(it - marks_.begin());
}

const Mark* MarkTrack::nearest(Time t, Duration within) const {
    const std::size_t after = firstNotBefore(t);
    const Mark* best = nullptr;
    Duration distance = within;
    for (const std::size_t i : {after, after - 1}) {
        if (i >= marks_.size()) continue; // also the wrapped index before the first
        const Duration d = std::chrono::abs(marks_[i].t - t);
        if (d > distance) continue;
        best = &marks_[i];
        distance = d;
    }
    return best;
}

void SpanTrack::set(Time t, int reason) {
    if (reason == openReason_) return;
    if (openReason_ >= 0 && t > openSince_) {
        spans_.push_back({{openSince_, t}, openReason_});
        if (spans_.size() > capacity_) spans_.pop_front();
    }
    openSince_ = t;
    openReason_ = reason;
    ++revision_;
}

int SpanTrack::reasonIndex(const std::string& name) {
    const auto it = std::find(reasons_.begin(), reasons_.end(), name);
    if (it != reasons_.end()) return static_cast<int>(it - reasons_.begin());
    reasons_.push_back(name);
    return static_cast<int>(reasons_.size()) - 1;
}

void SpanTrack::clear() {
    spans_.clear();
    openReason_ = -1;
    ++revision_;
}

std::size_t SpanTrack::firstEndingAfter(Time t) const {
    const auto it = std::upper_bound(spans_.begin(), spans_.end(), t,
                                     [](Time at, const Span& s) { return at < s.range.to; });
    return static_cast<std::size_t>(it - spans_.begin());
}

std::vector<double> SpanTrack::secondsByReason(TimeRange range) const {
    std::vector<double> seconds(reasons_.size(), 0.0);
    visit(range, [&](TimeRange part, int reason) {
        seconds[static_cast<std::size_t>(reason)] += toSeconds(part.span());
    });
    return seconds;
}

} // namespace penstock::app
