// SPDX-License-Identifier: Apache-2.0
// The parts of the histogram that run once a report: quantiles, merging, bytes.
#include "engine/record/measures/histogram.h"

#include "engine/record/measures/varint.h"
#include "engine/types/check.h"

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
constexpr std::uint8_t kFormat = 1;

} // namespace

// Half a bucket from either edge, so that the error is at most 1/256 of the value.
std::uint64_t Histogram::middle(int index) {
    if (index < kSub) return static_cast<std::uint64_t>(index);
    const int shift = index / kSub - 1;
    const auto low = static_cast<std::uint64_t>(kSub + index % kSub) << shift;
    return low + ((std::uint64_t{1} << shift) - 1) / 2;
}

double Histogram::mean() const {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::int64_t Histogram::quantile(double q) const {
    if (count_ == 0) return 0;
    const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
    if (rank >= count_) return max();
    std::uint64_t seen = 0;
    for (int i = index(min_); i < kBuckets; ++i) {
        seen += counts_[i];
        if (seen >= rank) return static_cast<std::int64_t>(std::clamp(middle(i), min_, max_));
    }
    return max();
}

Distribution Histogram::distribution(double scale) const {
    if (count_ == 0) return {};
    const auto at = [&](double q) { return static_cast<double>(quantile(q)) * scale; };
    return {.count = count_,
            .mean = mean() * scale,
            .min = static_cast<double>(min()) * scale,
            .p50 = at(0.50),
            .p90 = at(0.90),
            .p95 = at(0.95),
            .p99 = at(0.99),
            .max = static_cast<double>(max()) * scale};
}

std::uint64_t Histogram::countUpTo(std::int64_t value) const {
    if (value < 0 || count_ == 0) return 0;
    const int last = index(static_cast<std::uint64_t>(value));
    std::uint64_t seen = 0;
    for (int i = index(min_); i <= last; ++i)
        seen += counts_[i];
    return seen;
}

void Histogram::merge(const Histogram& other) {
    if (other.count_ == 0) return;
    for (int i = index(other.min_); i <= index(other.max_); ++i) {
        PENSTOCK_CHECK(counts_[i] <= UINT32_MAX - other.counts_[i]);
        counts_[i] += other.counts_[i];
    }
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
    if (count_ == 0) return;
    std::fill(counts_.begin() + index(min_), counts_.begin() + index(max_) + 1, 0u);
    count_ = 0;
    sum_ = 0;
    min_ = UINT64_MAX;
    max_ = 0;
}

std::string Histogram::encode() const {
    std::string out(1, static_cast<char>(kFormat));
    putVarint(out, count_);
    if (count_ == 0) return out;
    putVarint(out, min_);
    putVarint(out, max_);
    putVarint(out, static_cast<std::uint64_t>(sum_));
    putVarint(out, static_cast<std::uint64_t>(sum_ >> 64));
    int previous = 0;
    for (int i = index(min_); i <= index(max_); ++i) {
        if (counts_[i] == 0) continue;
        putVarint(out, static_cast<std::uint64_t>(i - previous));
        putVarint(out, counts_[i]);
        previous = i;
    }
    return out;
}

Result<Histogram> Histogram::decode(std::string_view bytes) {
    const auto bad = [] { return fail("these bytes are not a histogram of format 1"); };
    if (bytes.empty() || static_cast<std::uint8_t>(bytes.front()) != kFormat) return bad();
    bytes.remove_prefix(1);
    Histogram h;
    if (!takeVarint(bytes, h.count_)) return bad();
    if (h.count_ == 0) return bytes.empty() ? Result<Histogram>(h) : bad();
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    if (!takeVarint(bytes, h.min_) || !takeVarint(bytes, h.max_) || !takeVarint(bytes, low) ||
        !takeVarint(bytes, high) || h.min_ > h.max_ || h.max_ > INT64_MAX) {
        return bad();
    }
    h.sum_ = (static_cast<Wide>(high) << 64) | low;
    std::uint64_t total = 0;
    std::uint64_t at = 0;
    while (!bytes.empty()) {
        std::uint64_t step = 0;
        std::uint64_t count = 0;
        if (!takeVarint(bytes, step) || !takeVarint(bytes, count)) return bad();
        if (step >= kBuckets || count > UINT32_MAX) return bad();
        at += step;
        if (at >= kBuckets) return bad();
        h.counts_[at] = static_cast<std::uint32_t>(count);
        total += count;
    }
    return total == h.count_ ? Result<Histogram>(h) : bad();
}

} // namespace penstock
