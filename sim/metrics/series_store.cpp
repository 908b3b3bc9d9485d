// SPDX-License-Identifier: Apache-2.0
// Rings of samples; see series_store.h.
#include "sim/metrics/series_store.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace penstock::sim {

SeriesStore::SeriesStore(Options options)
    : options_(options), retentionMs_(options.retention.count() / 1'000'000) {
    PENSTOCK_CHECK(retentionMs_ > 0);
    PENSTOCK_CHECK(options_.maxSeries > 0);
    // A ring's size is a power of two, so the bound is one as well.
    PENSTOCK_CHECK(options_.maxSamplesPerSeries >= 2);
    options_.maxSamplesPerSeries = std::bit_floor(options_.maxSamplesPerSeries);
}

Result<SeriesId> SeriesStore::intern(const Labels& labels) {
    if (const auto it = ids_.find(labels); it != ids_.end()) {
        if (series_[it->second].users++ == 0) std::erase(releasedIds_, it->second);
        return it->second;
    }
    if (!releasedIds_.empty()) forgetExpired();
    SeriesId id = 0;
    if (!freeIds_.empty()) {
        id = freeIds_.back();
        freeIds_.pop_back();
    } else {
        if (series_.size() >= options_.maxSeries) {
            return fail(fmt::format("cannot make the series {}: the metric storage holds its limit "
                                    "of {} series",
                                    labels.text(), options_.maxSeries));
        }
        id = static_cast<SeriesId>(series_.size());
        series_.emplace_back();
    }
    Series& series = series_[id];
    series.labels = labels;
    series.users = 1;
    series.live = true;
    ids_.emplace(labels, id);
    const std::string_view name = labels.get(kMetricName);
    if (const auto it = byName_.find(name); it != byName_.end()) {
        it->second.push_back(id);
    } else {
        byName_.emplace(std::string(name), std::vector<SeriesId>{id});
    }
    ++generation_;
    return id;
}

void SeriesStore::reserve(SeriesId id, std::size_t samples) {
    Series& series = series_[id];
    const std::size_t wanted = std::bit_ceil(
        std::clamp<std::size_t>(samples, 2, std::size_t{options_.maxSamplesPerSeries}));
    if (wanted > series.ring.size()) resize(series, wanted);
}

bool SeriesStore::append(SeriesId id, Time at, double value) {
    return push(id, Sample{toMilliseconds(at), value});
}

bool SeriesStore::appendStale(SeriesId id, Time at) {
    return push(id, Sample::staleAt(toMilliseconds(at)));
}

bool SeriesStore::appendThinned(SeriesId id, Sample sample, Duration spacing) {
    Series& series = series_[id];
    if (series.count > 0) {
        const auto back = [&series](std::uint32_t n) -> Sample& {
            return series.ring[(series.first + series.count - n) & (series.ring.size() - 1)];
        };
        const bool crowded =
            series.count > 1 && back(2).atMs > sample.atMs - spacing.count() / 1'000'000;
        if (sample.atMs == back(1).atMs || (sample.atMs > back(1).atMs && crowded)) {
            back(1) = sample;
            newestMs_ = std::max(newestMs_, sample.atMs);
            return true;
        }
    }
    return push(id, sample);
}

bool SeriesStore::push(SeriesId id, Sample sample) {
    Series& series = series_[id];
    const auto mask = [&series] { return static_cast<std::uint32_t>(series.ring.size() - 1); };
    if (series.count > 0) {
        const Sample& newest = series.ring[(series.first + series.count - 1) & mask()];
        if (sample.atMs <= newest.atMs) {
            ++outOfOrder_;
            return false;
        }
    }
    while (series.count > 0 && series.ring[series.first].atMs < sample.atMs - retentionMs_) {
        series.first = (series.first + 1) & mask();
        --series.count;
    }
    if (series.count == series.ring.size()) {
        if (series.ring.size() < options_.maxSamplesPerSeries) {
            resize(series, std::max<std::size_t>(16, series.ring.size() * 2));
        } else {
            series.first = (series.first + 1) & mask();
            --series.count;
        }
    }
    series.ring[(series.first + series.count) & mask()] = sample;
    ++series.count;
    ++appended_;
    newestMs_ = std::max(newestMs_, sample.atMs);
    return true;
}

void SeriesStore::resize(Series& series, std::size_t capacity) {
    capacity = std::min<std::size_t>(capacity, options_.maxSamplesPerSeries);
    std::vector<Sample> ring(capacity);
    for (std::uint32_t i = 0; i < series.count; ++i) {
        ring[i] = series.ring[(series.first + i) & (series.ring.size() - 1)];
    }
    series.ring = std::move(ring);
    series.first = 0;
}

void SeriesStore::release(SeriesId id) {
    PENSTOCK_CHECK(series_[id].users > 0);
    if (--series_[id].users == 0) releasedIds_.push_back(id);
}

void SeriesStore::forgetExpired() {
    const auto expired = [this](SeriesId id) {
        const Series& s = series_[id];
        return s.count == 0 || sample(id, s.count - 1).atMs < newestMs_ - retentionMs_;
    };
    std::erase_if(releasedIds_, [&](SeriesId id) {
        if (!expired(id)) return false;
        Series& series = series_[id];
        const auto it = byName_.find(series.labels.get(kMetricName));
        std::erase(it->second, id);
        if (it->second.empty()) byName_.erase(it);
        ids_.erase(series.labels);
        series = Series{};
        freeIds_.push_back(id);
        ++generation_;
        return true;
    });
}

std::span<const SeriesId> SeriesStore::byMetricName(std::string_view name) const {
    const auto it = byName_.find(name);
    return it == byName_.end() ? std::span<const SeriesId>{} : std::span(it->second);
}

void SeriesStore::allSeries(std::vector<SeriesId>& out) const {
    out.clear();
    for (SeriesId id = 0; id < series_.size(); ++id) {
        if (series_[id].live) out.push_back(id);
    }
}

const Sample& SeriesStore::sample(SeriesId id, std::size_t index) const {
    const Series& series = series_[id];
    return series.ring[(series.first + index) & (series.ring.size() - 1)];
}

std::size_t SeriesStore::countUpTo(SeriesId id, std::int64_t atMs) const {
    std::size_t low = 0;
    std::size_t high = series_[id].count;
    // Nearly every question is about now.
    if (high > 0 && sample(id, high - 1).atMs <= atMs) return high;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (sample(id, middle).atMs <= atMs) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::size_t SeriesStore::ringBytes() const {
    std::size_t bytes = 0;
    for (const Series& series : series_)
        bytes += series.ring.capacity() * sizeof(Sample);
    return bytes;
}

} // namespace penstock::sim
