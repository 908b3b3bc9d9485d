// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time series of fixed size for runs of unknown length. A series has kBins bins of equal width and
// fills them from the start of the run; when the last is full, neighbours are merged and the width
// doubles. Each bin keeps min, mean and max, so that a spike of one sample stays visible however
// long the run becomes. Adding is a comparison and a few additions, and never allocates.
#include "engine/types/check.h"
#include "engine/types/time.h"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

// A series as charts and files take it: value i is of [i, i + 1) binSeconds since the run's start.
// NaN where nothing is known.
struct Curve {
    std::string name;
    std::string unit;
    double binSeconds = 0;
    std::vector<float> min, mean, max;

    std::size_t size() const { return mean.size(); }

    // 1 minus itself: a free share as the load that leaves it, and the reverse.
    Curve complement() const;
};

class Series {
  public:
    static constexpr int kBins = 1024; // even, for merging

    enum class Kind : std::uint8_t {
        gauge, // sampled values: the mean is over samples
        count, // events: each bin is a rate in events per second
        step,  // a value that holds until the next: the mean is over time
    };

    // `firstWidth` > 0 is the finest resolution.
    Series(Kind kind, Time start, Duration firstWidth);

    // gauge: one sample. count: `value` events. step: holds from `t` on. Times never go back.
    void add(Time t, double value) {
        PENSTOCK_CHECK(t >= last_);
        if (kind_ == Kind::step) {
            hold(t);
            held_ = value;
            holding_ = true;
            touch(value);
            return;
        }
        if (t >= binEnd_) moveTo(t);
        last_ = t;
        bins_[bin_].sum += value;
        if (kind_ == Kind::gauge) {
            bins_[bin_].weight += 1.0;
            touch(value);
        }
    }

    // What is known up to `end`. A held value is carried there.
    Curve curve(std::string name, std::string unit, Time end) const;

    Duration width() const { return width_; }
    Time start() const { return start_; }
    static constexpr std::size_t bytes() { return kBins * sizeof(Bin); }

  private:
    struct Bin {
        double sum = 0;    // gauge: of values; count: events; step: value x seconds
        double weight = 0; // gauge: samples; count: unused; step: seconds known
        float min = 0, max = 0;
        bool known = false; // min and max are set
    };

    void touch(double value);
    void hold(Time t);
    void moveTo(Time t);
    void halve();
    void merge(Bin& into, const Bin& left, const Bin& right) const;
    double rate(const Bin& bin, Duration width) const { return bin.sum / toSeconds(width); }

    Kind kind_;
    Time start_;
    Duration width_;
    Time last_;
    Time binEnd_;
    int bin_ = 0;
    double held_ = 0;
    bool holding_ = false;
    std::vector<Bin> bins_;
};

// Rows of shares over time, for instance how busy each replica was. Bounded both ways: more rows
// than kRows are averaged in groups, and columns are merged as in Series.
class HeatStrip {
  public:
    static constexpr int kColumns = 512;
    static constexpr int kRows = 64;

    HeatStrip(int members, Time start, Duration firstWidth);

    // One value for each member, 0..1.
    template <class Values>
    void add(Time t, const Values& values) {
        if (t >= columnEnd_) moveTo(t);
        const std::size_t n = values.size();
        for (std::size_t i = 0; i < n && i < static_cast<std::size_t>(members_); ++i) {
            Cell& cell = cells_[static_cast<std::size_t>(row(static_cast<int>(i))) * kColumns +
                                static_cast<std::size_t>(column_)];
            cell.sum += values[i];
            cell.weight += 1.0f;
        }
    }

    int members() const { return members_; }
    int rows() const { return rows_; }
    // Columns in use up to now.
    int columns() const { return column_ + 1; }
    double columnSeconds() const { return toSeconds(width_); }
    // Mean of the cell; NaN where nothing is known.
    float at(int row, int column) const;

  private:
    struct Cell {
        float sum = 0, weight = 0;
    };
    int row(int member) const {
        return members_ <= kRows
                   ? member
                   : static_cast<int>(static_cast<std::int64_t>(member) * kRows / members_);
    }
    void moveTo(Time t);
    void halve();

    int members_;
    int rows_;
    Time start_;
    Duration width_;
    Time columnEnd_;
    int column_ = 0;
    std::vector<Cell> cells_;
};

} // namespace penstock
