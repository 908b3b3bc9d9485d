// SPDX-License-Identifier: Apache-2.0
#include "engine/record/measures/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock {

namespace {
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
}

Curve Curve::complement() const {
    Curve out = *this;
    for (std::size_t i = 0; i < size(); ++i) {
        out.mean[i] = 1 - mean[i];
        out.min[i] = 1 - max[i];
        out.max[i] = 1 - min[i];
    }
    return out;
}

Series::Series(Kind kind, Time start, Duration firstWidth)
    : kind_(kind), start_(start), width_(firstWidth), last_(start), binEnd_(start + firstWidth),
      bins_(kBins) {
    PENSTOCK_CHECK(firstWidth.count() > 0);
}

void Series::touch(double value) {
    Bin& bin = bins_[static_cast<std::size_t>(bin_)];
    const auto v = static_cast<float>(value);
    if (!bin.known) {
        bin.min = bin.max = v;
        bin.known = true;
    } else {
        bin.min = std::min(bin.min, v);
        bin.max = std::max(bin.max, v);
    }
}

// Credits the held value to every bin between the last change and `t`.
void Series::hold(Time t) {
    while (holding_ && last_ < t) {
        const Time until = std::min(t, binEnd_);
        if (until > last_) {
            Bin& bin = bins_[static_cast<std::size_t>(bin_)];
            const double seconds = toSeconds(until - last_);
            bin.sum += held_ * seconds;
            bin.weight += seconds;
            touch(held_);
            last_ = until;
        }
        if (last_ == binEnd_) moveTo(last_);
    }
    if (t >= binEnd_) moveTo(t);
    last_ = t;
}

void Series::moveTo(Time t) {
    std::int64_t index = (t - start_) / width_;
    while (index >= kBins) {
        halve();
        index = (t - start_) / width_;
    }
    bin_ = static_cast<int>(index);
    binEnd_ = start_ + (bin_ + 1) * width_;
}

void Series::merge(Bin& into, const Bin& left, const Bin& right) const {
    const auto extremes = [this](const Bin& bin, float& low, float& high) {
        if (bin.known) {
            low = bin.min;
            high = bin.max;
        } else if (kind_ == Kind::count) {
            low = high = static_cast<float>(rate(bin, width_));
        } else {
            return false;
        }
        return true;
    };
    Bin merged{.sum = left.sum + right.sum, .weight = left.weight + right.weight};
    float lowLeft = 0, highLeft = 0, lowRight = 0, highRight = 0;
    const bool hasLeft = extremes(left, lowLeft, highLeft);
    const bool hasRight = extremes(right, lowRight, highRight);
    merged.known = hasLeft || hasRight;
    if (hasLeft && hasRight) {
        merged.min = std::min(lowLeft, lowRight);
        merged.max = std::max(highLeft, highRight);
    } else if (merged.known) {
        merged.min = hasLeft ? lowLeft : lowRight;
        merged.max = hasLeft ? highLeft : highRight;
    }
    into = merged;
}

void Series::halve() {
    for (std::size_t i = 0; i < kBins / 2; ++i)
        merge(bins_[i], bins_[2 * i], bins_[2 * i + 1]);
    std::fill(bins_.begin() + kBins / 2, bins_.end(), Bin{});
    width_ *= 2;
}

Curve Series::curve(std::string name, std::string unit, Time end) const {
    Series copy = *this;
    if (kind_ == Kind::step && end > last_) copy.hold(end);
    if (kind_ == Kind::count && end > copy.last_ && end >= copy.binEnd_) copy.moveTo(end);
    Curve out{std::move(name), std::move(unit), toSeconds(copy.width_), {}, {}, {}};
    auto used = static_cast<std::size_t>((end - start_ + copy.width_ - Duration{1}) / copy.width_);
    used = std::min<std::size_t>(std::max<std::size_t>(used, 1), kBins);
    for (std::size_t i = 0; i < used; ++i) {
        const Bin& bin = copy.bins_[i];
        float mean = kUnknown, low = kUnknown, high = kUnknown;
        if (kind_ == Kind::count) {
            // The last bin may have run for a part of its width only.
            const Time from = start_ + static_cast<std::int64_t>(i) * copy.width_;
            const Duration ran = std::min(copy.width_, std::max(end - from, Duration{1}));
            mean = static_cast<float>(bin.sum / toSeconds(ran));
            low = bin.known ? bin.min : mean;
            high = bin.known ? bin.max : mean;
        } else if (bin.known) {
            mean = bin.weight > 0 ? static_cast<float>(bin.sum / bin.weight) : bin.max;
            low = bin.min;
            high = bin.max;
        }
        out.min.push_back(low);
        out.mean.push_back(mean);
        out.max.push_back(high);
    }
    return out;
}

HeatStrip::HeatStrip(int members, Time start, Duration firstWidth)
    : members_(members), rows_(std::min(members, kRows)), start_(start), width_(firstWidth),
      columnEnd_(start + firstWidth),
      cells_(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(kColumns)) {
    PENSTOCK_CHECK(firstWidth.count() > 0 && members >= 0);
}

void HeatStrip::moveTo(Time t) {
    std::int64_t index = (t - start_) / width_;
    while (index >= kColumns) {
        halve();
        index = (t - start_) / width_;
    }
    column_ = static_cast<int>(index);
    columnEnd_ = start_ + (column_ + 1) * width_;
}

void HeatStrip::halve() {
    for (int r = 0; r < rows_; ++r) {
        Cell* cells = cells_.data() + static_cast<std::ptrdiff_t>(r) * kColumns;
        for (int i = 0; i < kColumns / 2; ++i) {
            cells[i] = {cells[2 * i].sum + cells[2 * i + 1].sum,
                        cells[2 * i].weight + cells[2 * i + 1].weight};
        }
        std::fill(cells + kColumns / 2, cells + kColumns, Cell{});
    }
    width_ *= 2;
}

float HeatStrip::at(int row, int column) const {
    const Cell& cell =
        cells_[static_cast<std::size_t>(row) * kColumns + static_cast<std::size_t>(column)];
    return cell.weight > 0 ? cell.sum / cell.weight : kUnknown;
}

} // namespace penstock
