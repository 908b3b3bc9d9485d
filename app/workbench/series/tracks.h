// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What a run leaves on a chart besides curves: marks (a decision, a parameter moved, a fault) and
// spans (the gate was closed, and why). Both are bounded: the oldest are forgotten first.
// GUI thread only.
#include "app/workbench/series/time_range.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace penstock::app {

enum class MarkKind { decision, move, fault, note };

struct Mark {
    Time t{};
    MarkKind kind = MarkKind::decision;
    std::string text; // a short sentence: "threshold 0.80 → 0.65"
};

class MarkTrack {
  public:
    explicit MarkTrack(std::size_t capacity = 20000) : capacity_(capacity) {}

    // In order of time.
    void add(Mark mark);
    void clear();
    std::size_t size() const { return marks_.size(); }
    std::uint64_t revision() const { return revision_; }

    // Calls fn(const Mark&) for the marks in `range`, oldest first.
    template <class Fn>
    void visit(TimeRange range, Fn&& fn) const {
        for (auto i = firstNotBefore(range.from); i < marks_.size() && marks_[i].t < range.to;
             ++i) {
            fn(marks_[i]);
        }
    }
    // The mark of any kind nearest to `t`, not further than `within`; nullptr if none.
    const Mark* nearest(Time t, Duration within) const;

  private:
    std::size_t firstNotBefore(Time t) const;

    std::size_t capacity_;
    std::deque<Mark> marks_;
    std::uint64_t revision_ = 0;
};

struct Span {
    TimeRange range;
    int reason = 0; // index into the reasons' names
};

// At most one span is open at a time: a gate is closed for one reason or it is open.
class SpanTrack {
  public:
    explicit SpanTrack(std::size_t capacity = 100000) : capacity_(capacity) {}

    // From t on, the reason is `reason`; a negative one means no shade. In order of time.
    void set(Time t, int reason);
    // Adds a name if it is new; names are few and stay.
    int reasonIndex(const std::string& name);
    const std::vector<std::string>& reasons() const { return reasons_; }
    void clear();
    std::uint64_t revision() const { return revision_; }

    // Calls fn(TimeRange, reason) for the parts of spans inside `range`; an open span reaches to
    // its end.
    template <class Fn>
    void visit(TimeRange range, Fn&& fn) const {
        for (auto i = firstEndingAfter(range.from); i < spans_.size(); ++i) {
            const Span& s = spans_[i];
            if (s.range.from >= range.to) return;
            fn(TimeRange{std::max(s.range.from, range.from), std::min(s.range.to, range.to)},
               s.reason);
        }
        if (openReason_ >= 0 && openSince_ < range.to) {
            fn(TimeRange{std::max(openSince_, range.from), range.to}, openReason_);
        }
    }
    // Seconds by reason inside `range`; as long as reasons().
    std::vector<double> secondsByReason(TimeRange range) const;

  private:
    std::size_t firstEndingAfter(Time t) const;

    std::size_t capacity_;
    std::deque<Span> spans_;
    std::vector<std::string> reasons_;
    Time openSince_{};
    int openReason_ = -1;
    std::uint64_t revision_ = 0;
};

} // namespace penstock::app
