// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One recorded quantity over time, kept so that any visible stretch of it can be drawn in time
// proportional to the pixels, and so that memory stays bounded however long the run.
//
// Samples go into a ring; every eight samples are summarised in a bucket, every eight buckets in a
// coarser one, and so on. Each level is a ring of its own, so the far past is forgotten sample by
// sample but its minima and maxima are not: a gate that closed for one sample an hour ago still
// shows. Not thread-safe; owned and used by the GUI thread.
#include "app/workbench/series/ring.h"
#include "app/workbench/series/time_range.h"

#include <optional>
#include <vector>

namespace penstock::app {

// A NaN value means "not known from here on" and is drawn as a gap.
struct Sample {
    Time t{};
    double value = 0;
};

// What one pixel column of a curve needs: where it enters, how far it goes, where it leaves.
// `x` is in columns from the left edge: exact for a lone sample, the column's middle otherwise.
// The first and last of a result may lie outside the range, so that lines can enter and leave.
struct Column {
    float x = 0;
    float first = 0;
    float min = 0; // NaN when the column holds nothing but gaps
    float max = 0;
    float last = 0; // NaN when the curve breaks here
};

struct SeriesStatistics {
    Duration known{}; // time covered by values that are not NaN
    double min = 0;
    double mean = 0; // over time: each sample weighs as long as it held
    double max = 0;
    double p50 = 0, p90 = 0, p95 = 0, p99 = 0;
    bool exact = true; // false: quantiles estimated from summaries, samples being gone or many
};

class SeriesBuffer {
  public:
    static constexpr int kFan = 8;
    static constexpr int kLevels = 8; // eight summaries of eight: 16 M samples a coarsest bucket

    // About 1 MB of samples and at most 5 MB of summaries with the defaults.
    explicit SeriesBuffer(std::size_t samples = 65536, std::size_t bucketsPerLevel = 16384);

    // Samples come in order of time; equal times are fine, earlier ones are our own bug.
    void append(Time t, double value);
    void clear();

    bool empty() const { return samples_.empty(); }
    std::int64_t appended() const { return samples_.end(); }
    std::optional<Sample> last() const;
    std::size_t bytes() const;

    // The value in force at t: the newest sample not later than t. Taken from a summary (its first
    // sample) where samples are forgotten. None before the first sample.
    std::optional<Sample> at(Time t) const;

    // The curve over `range` in `columns` pixel columns, at most one Column each plus one before
    // and one after. Columns are aligned to absolute time, so a scrolling curve does not shimmer.
    // O(columns). Replaces `out`.
    void decimate(TimeRange range, int columns, std::vector<Column>& out) const;

    // None when nothing is known in the range. The last sample is taken to hold until `range.to`.
    // O(16 k) at most; min, mean and max are exact to single precision whatever the range.
    std::optional<SeriesStatistics> statistics(TimeRange range) const;

    // Samples in `range`, oldest first, at most `limit`: summaries' first samples where there are
    // more, or where the samples are gone.
    std::vector<Sample> samples(TimeRange range, std::size_t limit) const;

  private:
    struct Bucket {
        Time t{};        // of its first sample; it ends where the next one starts
        double area = 0; // value · seconds, over known time
        Duration known{};
        float first = 0, min = 0, max = 0, last = 0;
    };
    // A sample or a bucket, with where it ends.
    struct Cell {
        Time t{}, end{};
        double area = 0;
        Duration known{};
        double first = 0, min = 0, max = 0, last = 0;
        int level = 0;
    };

    void summarise(int level, std::int64_t index, Time end);
    Cell cell(int level, std::int64_t index, Time openEnd) const;
    Time cellTime(int level, std::int64_t index) const;
    std::int64_t cellsBegin(int level) const;
    std::int64_t cellsEnd(int level) const;
    // Newest cell of `level` in [begin, end) that starts not later than t; begin - 1 if none.
    std::int64_t find(int level, std::int64_t begin, std::int64_t end, Time t) const;
    int levelFor(TimeRange range, std::int64_t maxCells) const;
    // Calls fn(level, index) for the cell in force at range.from, those inside, and one after.
    template <class Fn>
    void visit(TimeRange range, int level, Fn&& fn) const;

    Ring<Sample> samples_;
    std::vector<Ring<Bucket>> levels_; // levels_[k] summarises kFan^(k+1) samples a bucket
};

} // namespace penstock::app
