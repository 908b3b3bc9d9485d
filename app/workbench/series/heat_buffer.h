// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One quantity of every replica over time (how full, how busy), in bounded memory: when the store
// is full of columns, neighbours are averaged and each column then stands for twice the time. Of
// many rows fewer columns are kept, so that drawing all of them stays within a frame.
// GUI thread only.
#include "app/workbench/series/time_range.h"

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::app {

class HeatBuffer {
  public:
    explicit HeatBuffer(std::size_t maxColumns = 8192) : maxColumns_(maxColumns) {}

    // Starts over with this many rows.
    void reset(std::size_t rows);
    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return times_.size(); }
    std::uint64_t revision() const { return revision_; }

    // From now on there are this many rows, at least as many as before; the new ones were not there
    // until now. O(columns · rows).
    void grow(std::size_t rows);

    // values.size() == rows(); NaN: not there (a pod that is down). In order of time.
    void append(Time t, std::span<const float> values);

    // The mean of each row in each of `columns` equal parts of `range`, row by row:
    // out[row * columns + column]; NaN where nothing is known.
    void resample(TimeRange range, int columns, std::vector<float>& out) const;

    // The value of `row` in force at t; NaN if none.
    float at(std::size_t row, Time t) const;

  private:
    // Columns that are kept of this many rows; even.
    std::size_t mostColumns() const;
    void halve();

    std::size_t maxColumns_;
    std::size_t rows_ = 0;
    std::size_t merged_ = 1;    // appended samples that one stored column stands for
    std::size_t pending_ = 0;   // samples already in the newest column
    std::vector<Time> times_;   // start of each column
    std::vector<float> values_; // column by column
    std::uint64_t revision_ = 0;
};

} // namespace penstock::app
