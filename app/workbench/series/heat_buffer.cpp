// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/series/heat_buffer.h"

#include "engine/types/check.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock::app {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 20;
constexpr std::size_t kFewestColumns = 2048; // about as many as a wide window has pixels
constexpr float kNoCell = std::numeric_limits<float>::quiet_NaN();

// Mean of a (worth n) and b (worth m); a NaN one does not count.
float blend(float a, float n, float b, float m) {
    if (std::isnan(a)) return b;
    if (std::isnan(b)) return a;
    return (a * n + b * m) / (n + m);
}

} // namespace

void HeatBuffer::reset(std::size_t rows) {
    rows_ = rows;
    merged_ = 1;
    pending_ = 0;
    times_.clear();
    values_.clear();
    ++revision_;
}

void HeatBuffer::grow(std::size_t rows) {
    PENSTOCK_CHECK(rows >= rows_);
    if (rows == rows_) return;
    std::vector<float> wider(times_.size() * rows, kNoCell);
    for (std::size_t i = 0; i < times_.size(); ++i) {
        std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(i * rows_), rows_,
                    wider.begin() + static_cast<std::ptrdiff_t>(i * rows));
    }
    values_ = std::move(wider);
    rows_ = rows;
    ++revision_;
}

void HeatBuffer::append(Time t, std::span<const float> values) {
    PENSTOCK_CHECK(values.size() == rows_);
    PENSTOCK_CHECK(times_.empty() || t >= times_.back());
    ++revision_;
    if (!times_.empty() && pending_ < merged_) {
        float* column = &values_[(times_.size() - 1) * rows_];
        for (std::size_t r = 0; r < rows_; ++r) {
            column[r] = blend(column[r], static_cast<float>(pending_), values[r], 1);
        }
        ++pending_;
        return;
    }
    while (times_.size() >= mostColumns())
        halve();
    times_.push_back(t);
    values_.insert(values_.end(), values.begin(), values.end());
    pending_ = 1;
}

std::size_t HeatBuffer::mostColumns() const {
    const std::size_t fitting = kMostCells / std::max<std::size_t>(1, rows_);
    return std::min(maxColumns_, std::max(kFewestColumns, fitting)) & ~std::size_t{1};
}

void HeatBuffer::halve() {
    // After rows were added there may be an odd number of columns: the oldest is forgotten.
    const std::size_t half = times_.size() / 2, odd = times_.size() % 2;
    for (std::size_t i = 0; i < half; ++i) {
        const std::size_t from = 2 * i + odd;
        times_[i] = times_[from];
        for (std::size_t r = 0; r < rows_; ++r) {
            values_[i * rows_ + r] =
                blend(values_[from * rows_ + r], 1, values_[(from + 1) * rows_ + r], 1);
        }
    }
    times_.resize(half);
    values_.resize(half * rows_);
    merged_ *= 2;
}

void HeatBuffer::resample(TimeRange range, int columns, std::vector<float>& out) const {
    const auto width = static_cast<std::size_t>(columns);
    out.assign(rows_ * width, kNoCell);
    if (times_.empty() || range.to <= range.from) return;
    const double perColumn = toSeconds(range.span()) / columns;
    std::vector<float> sum(rows_), count(rows_);
    for (std::size_t x = 0; x < width; ++x) {
        const Time from = range.from + fromSeconds(static_cast<double>(x) * perColumn);
        const Time to = range.from + fromSeconds(static_cast<double>(x + 1) * perColumn);
        if (to <= times_.front()) continue;
        // From the column in force at `from` to the last one that starts before `to`.
        auto first = std::upper_bound(times_.begin(), times_.end(), from) - times_.begin();
        if (first > 0) --first;
        std::fill(sum.begin(), sum.end(), 0.0f);
        std::fill(count.begin(), count.end(), 0.0f);
        for (auto i = static_cast<std::size_t>(first); i < times_.size(); ++i) {
            if (i > static_cast<std::size_t>(first) && times_[i] >= to) break;
            for (std::size_t r = 0; r < rows_; ++r) {
                const float v = values_[i * rows_ + r];
                if (std::isnan(v)) continue;
                sum[r] += v;
                count[r] += 1;
            }
        }
        for (std::size_t r = 0; r < rows_; ++r) {
            if (count[r] > 0) out[r * width + x] = sum[r] / count[r];
        }
    }
}

float HeatBuffer::at(std::size_t row, Time t) const {
    const auto it = std::upper_bound(times_.begin(), times_.end(), t);
    if (it == times_.begin() || row >= rows_) return kNoCell;
    return values_[static_cast<std::size_t>(it - times_.begin() - 1) * rows_ + row];
}

} // namespace penstock::app
