// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Prometheus remembers: for every series a bounded ring of samples. Timestamps are whole
// milliseconds since the Unix epoch, as in Prometheus' own storage, so that the edges of lookback
// and range windows fall where they fall there.
//
// One thread. After reserve() appending allocates nothing.
#include "engine/metrics/labels.h"
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_map>
#include <vector>

namespace penstock::sim {

using metrics::kMetricName;
using metrics::Label;
using metrics::LabelId;
using metrics::LabelPool;
using metrics::Labels;
using metrics::LabelsHash;

using SeriesId = std::uint32_t;

// Floor to the millisecond, before 1970 too.
constexpr std::int64_t toMilliseconds(Time t) {
    const std::int64_t ns = t.time_since_epoch().count();
    return ns / 1'000'000 - (ns % 1'000'000 < 0 ? 1 : 0);
}

struct Sample {
    static constexpr std::uint64_t kStaleBits = 0x7ff0000000000002; // value.StaleNaN

    std::int64_t atMs = 0; // the timestamp Prometheus gave it: when its scrape began
    double value = 0.0;

    // A stale marker, as Prometheus writes it: the series has vanished.
    static Sample staleAt(std::int64_t atMs) { return {atMs, std::bit_cast<double>(kStaleBits)}; }
    bool stale() const { return std::bit_cast<std::uint64_t>(value) == kStaleBits; }
};

class SeriesStore {
  public:
    struct Options {
        Duration retention = std::chrono::hours(1);  // > 0; how far back samples are kept
        std::uint32_t maxSeries = 200'000;           // series held at once
        std::uint32_t maxSamplesPerSeries = 1 << 16; // the oldest give way
    };

    SeriesStore() : SeriesStore(Options{}) {}
    explicit SeriesStore(Options options);

    // The series of this label set, made if new. Fails when the store is full. Each intern() may be
    // undone by one release().
    Result<SeriesId> intern(const Labels& labels);

    // Makes room for `samples` in the series' ring (rounded up to a power of two), so that no
    // append has to grow it before.
    void reserve(SeriesId id, std::size_t samples);

    // False, and nothing is stored, if `at` is not later than the newest sample: out of order.
    bool append(SeriesId id, Time at, double value);

    // The series has vanished: from `at` on, an instant query does not find it (rather than finding
    // its last value for another five minutes). False if out of order.
    bool appendStale(SeriesId id, Time at);

    // Like append, but the newest sample gives way if it has the same timestamp or if the one
    // before it is closer than `spacing`: an up-to-date series without a sample for every question
    // asked.
    bool appendThinned(SeriesId id, Sample sample, Duration spacing);

    // Undoes one intern(). When none is left and the retention has passed, the series is forgotten
    // and its id given to a new one.
    void release(SeriesId id);

    const Options& options() const { return options_; }
    std::size_t seriesCount() const { return series_.size() - freeIds_.size(); }
    const Labels& labels(SeriesId id) const { return series_[id].labels; }

    // Changes whenever a series is made or forgotten: a cache of matching series is valid as long
    // as it does not.
    std::uint64_t generation() const { return generation_; }

    // Series of one metric name, in the order they were made; empty if none.
    std::span<const SeriesId> byMetricName(std::string_view name) const;
    // All series, in the order of their ids.
    void allSeries(std::vector<SeriesId>& out) const;

    std::size_t sampleCount(SeriesId id) const { return series_[id].count; }
    // index 0 is the oldest sample kept.
    const Sample& sample(SeriesId id, std::size_t index) const;
    // How many samples have a timestamp <= atMs: they are the samples 0 … n−1.
    std::size_t countUpTo(SeriesId id, std::int64_t atMs) const;

    std::uint64_t appended() const { return appended_; }
    std::uint64_t outOfOrder() const { return outOfOrder_; }
    // Bytes held by rings.
    std::size_t ringBytes() const;

  private:
    struct Series {
        Labels labels;
        std::vector<Sample> ring; // size is a power of two, or 0
        std::uint32_t first = 0;
        std::uint32_t count = 0;
        std::uint32_t users = 0;
        bool live = false;
    };
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const {
            return std::hash<std::string_view>{}(s);
        }
    };

    bool push(SeriesId id, Sample sample);
    void resize(Series& series, std::size_t capacity);
    void forgetExpired();

    Options options_;
    std::int64_t retentionMs_;
    std::vector<Series> series_;
    std::vector<SeriesId> freeIds_;
    std::vector<SeriesId> releasedIds_;
    std::unordered_map<Labels, SeriesId, LabelsHash> ids_;
    std::unordered_map<std::string, std::vector<SeriesId>, NameHash, std::equal_to<>> byName_;
    std::int64_t newestMs_ = std::numeric_limits<std::int64_t>::min();
    std::uint64_t generation_ = 1;
    std::uint64_t appended_ = 0;
    std::uint64_t outOfOrder_ = 0;
};

} // namespace penstock::sim
