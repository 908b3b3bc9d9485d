// SPDX-License-Identifier: GPL-3.0-only
// The pyramid of summaries and the two walks over it: one for pixels, one for statistics. A cell
// of level k covers samples [i·8^k, (i+1)·8^k), so levels are joined by index, never by searching
// for a matching time.
#include "app/workbench/series/series_buffer.h"

#include <cmath>
#include <limits>

namespace penstock::app {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kStatisticCells = 16384;
// Two to sixteen cells a column: at least so many that an extreme lands in its own column or beside
// it, at most so many that time goes by pixels.
constexpr int kCellsPerColumn = 16;

std::int64_t cellSamples(int level) {
    return std::int64_t{1} << (3 * level);
}

double minKnown(double a, double b) {
    return std::isnan(a) || b < a ? b : a;
}
double maxKnown(double a, double b) {
    return std::isnan(a) || b > a ? b : a;
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b) {
    const std::int64_t q = a / b;
    return q - ((a % b != 0 && a < 0) ? 1 : 0);
}

} // namespace

static_assert(SeriesBuffer::kFan == 8);

SeriesBuffer::SeriesBuffer(std::size_t samples, std::size_t bucketsPerLevel) : samples_(samples) {
    PENSTOCK_CHECK(samples >= 2 * kFan && bucketsPerLevel >= 2 * kFan);
    levels_.assign(kLevels, Ring<Bucket>(bucketsPerLevel));
}

void SeriesBuffer::append(Time t, double value) {
    const std::int64_t index = samples_.end();
    PENSTOCK_CHECK(index == 0 || t >= samples_.back().t);
    samples_.push({t, value});
    // A bucket is complete once the sample after it says how long its last one held.
    for (int level = 1; level <= kLevels && index > 0; ++level) {
        if (index % cellSamples(level) != 0) break;
        summarise(level, index / cellSamples(level) - 1, t);
    }
}

void SeriesBuffer::summarise(int level, std::int64_t index, Time end) {
    const std::int64_t below = index * kFan;
    Bucket bucket;
    const Cell head = cell(level - 1, below, end);
    bucket.t = head.t;
    bucket.first = static_cast<float>(head.first);
    double min = kNan, max = kNan, last = kNan;
    for (std::int64_t i = below; i < below + kFan; ++i) {
        const Cell c = cell(level - 1, i, end);
        if (!std::isnan(c.min)) {
            min = minKnown(min, c.min);
            max = maxKnown(max, c.max);
        }
        last = c.last;
        bucket.area += c.area;
        bucket.known += c.known;
    }
    bucket.min = static_cast<float>(min);
    bucket.max = static_cast<float>(max);
    bucket.last = static_cast<float>(last);
    levels_[static_cast<std::size_t>(level - 1)].push(bucket);
}

void SeriesBuffer::clear() {
    samples_.clear();
    for (auto& level : levels_)
        level.clear();
}

std::optional<Sample> SeriesBuffer::last() const {
    if (samples_.empty()) return std::nullopt;
    return samples_.back();
}

std::size_t SeriesBuffer::bytes() const {
    std::size_t total = samples_.bytes();
    for (const auto& level : levels_)
        total += level.bytes();
    return total;
}

std::int64_t SeriesBuffer::cellsBegin(int level) const {
    return level == 0 ? samples_.begin() : levels_[static_cast<std::size_t>(level - 1)].begin();
}

std::int64_t SeriesBuffer::cellsEnd(int level) const {
    return level == 0 ? samples_.end() : levels_[static_cast<std::size_t>(level - 1)].end();
}

Time SeriesBuffer::cellTime(int level, std::int64_t index) const {
    return level == 0 ? samples_[index].t : levels_[static_cast<std::size_t>(level - 1)][index].t;
}

SeriesBuffer::Cell SeriesBuffer::cell(int level, std::int64_t index, Time openEnd) const {
    Cell c;
    c.level = level;
    c.end = openEnd;
    const std::int64_t nextSample = (index + 1) * cellSamples(level);
    for (int k = level; k >= 0; --k) { // the next cell of this level, or the finer one in its place
        const std::int64_t next = nextSample / cellSamples(k);
        if (next >= cellsEnd(k)) continue;
        c.end = cellTime(k, next);
        break;
    }
    if (level == 0) {
        const Sample& s = samples_[index];
        c.t = s.t;
        c.first = c.min = c.max = c.last = s.value;
        if (!std::isnan(s.value) && c.end > c.t) {
            c.known = c.end - c.t;
            c.area = s.value * toSeconds(c.known);
        }
        return c;
    }
    const Bucket& b = levels_[static_cast<std::size_t>(level - 1)][index];
    c.t = b.t;
    c.area = b.area;
    c.known = b.known;
    c.first = b.first;
    c.min = b.min;
    c.max = b.max;
    c.last = b.last;
    return c;
}

std::int64_t SeriesBuffer::find(int level, std::int64_t begin, std::int64_t end, Time t) const {
    std::int64_t low = begin, high = end; // first index that starts after t
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (cellTime(level, middle) <= t) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

int SeriesBuffer::levelFor(TimeRange range, std::int64_t maxCells) const {
    for (int level = 0; level < kLevels; ++level) {
        const std::int64_t begin = cellsBegin(level), end = cellsEnd(level);
        if (begin == end) return level == 0 ? 0 : level - 1;
        const std::int64_t count =
            find(level, begin, end, range.to) - find(level, begin, end, range.from);
        if (count <= maxCells) return level;
    }
    return kLevels;
}

template <class Fn>
void SeriesBuffer::visit(TimeRange range, int level, Fn&& fn) const {
    if (samples_.empty()) return;
    int top = kLevels;
    while (top > 0 && cellsBegin(top) == cellsEnd(top))
        --top;
    std::int64_t position = cellsBegin(top) * cellSamples(top); // in samples
    for (int k = top; k >= 0; --k) {
        const std::int64_t size = cellSamples(k);
        std::int64_t limit = cellsEnd(k) * size;
        // Finer cells are wanted, so stop where any finer level begins to remember.
        for (int finer = level; finer < k; ++finer) {
            const std::int64_t known = cellsBegin(finer) * cellSamples(finer);
            limit = std::min(limit, (known + size - 1) / size * size);
        }
        if (limit <= position) continue;
        const std::int64_t begin = position / size, end = limit / size;
        position = limit;
        // A cell in force at range.from may be the last of this segment: search from one before.
        std::int64_t start = std::max(begin, find(k, begin, end, range.from));
        if (cell(k, start, range.to).end <= range.from) ++start;
        for (std::int64_t i = start; i < end; ++i) {
            fn(k, i);
            if (cellTime(k, i) >= range.to) return;
        }
    }
}

std::optional<Sample> SeriesBuffer::at(Time t) const {
    for (int level = 0; level <= kLevels; ++level) {
        const std::int64_t begin = cellsBegin(level);
        if (begin == cellsEnd(level) || cellTime(level, begin) > t) continue;
        const Cell c = cell(level, find(level, begin, cellsEnd(level), t), t);
        return Sample{c.t, c.first};
    }
    return std::nullopt;
}

void SeriesBuffer::decimate(TimeRange range, int columns, std::vector<Column>& out) const {
    out.clear();
    if (columns < 1 || range.to <= range.from || samples_.empty()) return;
    const std::int64_t step = std::max<std::int64_t>(1, range.span().count() / columns);
    const std::int64_t from = range.from.time_since_epoch().count();
    const double perNano = 1.0 / static_cast<double>(step);
    std::int64_t current = INT64_MIN;
    bool lone = false;
    const auto add = [&](Time at, float first, float min, float max, float last) {
        const std::int64_t t = at.time_since_epoch().count();
        const bool outside = at < range.from || at >= range.to;
        const std::int64_t column = floorDivide(t, step);
        if (out.empty() || column != current || outside) {
            out.push_back({static_cast<float>(static_cast<double>(t - from) * perNano), first, min,
                           max, last});
            // What came in from outside stands alone, so that its place stays exact.
            current = outside ? INT64_MIN : column;
            lone = true;
            return;
        }
        Column& o = out.back();
        if (lone) {
            const std::int64_t middle = column * step + step / 2;
            o.x = static_cast<float>(static_cast<double>(middle - from) * perNano);
            lone = false;
        }
        if (!std::isnan(min)) {
            o.min = std::isnan(o.min) || min < o.min ? min : o.min;
            o.max = std::isnan(o.max) || max > o.max ? max : o.max;
        }
        o.last = last;
    };
    visit(range, levelFor(range, std::int64_t{kCellsPerColumn} * columns),
          [&](int level, std::int64_t index) {
              if (level == 0) {
                  const Sample& s = samples_[index];
                  const auto v = static_cast<float>(s.value);
                  add(s.t, v, v, v, v);
              } else {
                  const Bucket& b = levels_[static_cast<std::size_t>(level - 1)][index];
                  add(b.t, b.first, b.min, b.max, b.last);
              }
          });
}

std::optional<SeriesStatistics> SeriesBuffer::statistics(TimeRange range) const {
    struct Weighted {
        double value, weight;
    };
    std::vector<Weighted> values;
    SeriesStatistics s;
    double area = 0, min = kNan, max = kNan;
    visit(range, levelFor(range, kStatisticCells), [&](int level, std::int64_t index) {
        const Cell c = cell(level, index, range.to);
        if (c.t >= range.to || c.known.count() == 0) return;
        // A summary that straddles an edge counts in proportion; a lone sample does so exactly.
        const Duration inside = std::min(c.end, range.to) - std::max(c.t, range.from);
        if (inside.count() <= 0) return;
        const double share = toSeconds(inside) / toSeconds(c.end - c.t);
        const Duration known = fromSeconds(toSeconds(c.known) * share);
        s.known += known;
        area += c.area * share;
        min = minKnown(min, c.min);
        max = maxKnown(max, c.max);
        values.push_back({c.level == 0 ? c.first : c.area / toSeconds(c.known), toSeconds(known)});
        if (c.level > 0) s.exact = false;
    });
    if (values.empty()) return std::nullopt;
    s.min = min;
    s.max = max;
    double total = 0;
    for (const Weighted& v : values)
        total += v.weight;
    s.mean = total > 0 ? area / total : values.back().value;
    std::sort(values.begin(), values.end(),
              [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
    double* const quantiles[] = {&s.p50, &s.p90, &s.p95, &s.p99};
    const double shares[] = {0.50, 0.90, 0.95, 0.99};
    std::size_t i = 0;
    double below = values[0].weight;
    for (int q = 0; q < 4; ++q) {
        while (below < shares[q] * total && i + 1 < values.size())
            below += values[++i].weight;
        *quantiles[q] = values[i].value;
    }
    return s;
}

std::vector<Sample> SeriesBuffer::samples(TimeRange range, std::size_t limit) const {
    std::vector<Sample> out;
    // Several samples may share the time at which the range begins: start just before it.
    const TimeRange wider{range.from - Duration{1}, range.to};
    visit(wider, levelFor(range, static_cast<std::int64_t>(limit)), [&](int level, auto index) {
        const Cell c = cell(level, index, range.to);
        if (c.t < range.from || c.t >= range.to || out.size() >= limit) return;
        out.push_back({c.t, c.first});
    });
    return out;
}

} // namespace penstock::app
