// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Rows on their way from frames to a table. A fast run ends thousands of requests between two
// frames; a table that took each of them at once would hold up the window. So rows wait here,
// bounded, and go over in turns that are far enough apart to be read and small enough to be quick.
#include <QElapsedTimer>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>
#include <vector>

namespace penstock::app {

template <class Row>
class RowFeed {
  public:
    static constexpr std::size_t kTurn = 2000;
    static constexpr qint64 kTurnMs = 250;

    // Of more than `limit` waiting rows the oldest are dropped: the table would not keep them.
    explicit RowFeed(std::size_t limit) : limit_(limit) {}

    void add(const std::vector<Row>& rows, std::uint64_t leftOut) {
        waiting_.insert(waiting_.end(), rows.begin(), rows.end());
        leftOut_ += leftOut;
        while (waiting_.size() > limit_)
            waiting_.pop_front();
    }
    // The rows of the next turn; none while the one before is too recent.
    std::vector<Row> turn() {
        std::vector<Row> rows;
        if (waiting_.empty() || (since_.isValid() && since_.elapsed() < kTurnMs)) return rows;
        since_.start();
        const std::size_t count = std::min(waiting_.size(), kTurn);
        const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
        rows.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
        waiting_.erase(waiting_.begin(), end);
        return rows;
    }
    bool empty() const { return waiting_.empty(); }
    std::uint64_t leftOut() const { return leftOut_; }
    void clear() {
        waiting_.clear();
        leftOut_ = 0;
        since_.invalidate();
    }

  private:
    std::size_t limit_;
    std::deque<Row> waiting_;
    std::uint64_t leftOut_ = 0;
    QElapsedTimer since_;
};

} // namespace penstock::app
