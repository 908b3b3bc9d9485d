// SPDX-License-Identifier: Apache-2.0
#include "app/session/stored/stored_gauges.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace penstock::app {

namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

// One series on the time axis of all.
class Columns {
  public:
    Columns(RunReader& reader, RunId run, std::vector<Time>& times)
        : reader_(reader), run_(run), times_(times) {}

    // The axis: every time at which the fleet was sampled.
    void axis(const std::string& series) {
        for (const Point& p : pointsOf(series))
            times_.push_back(p.t);
    }
    std::vector<float> operator()(const std::string& series) {
        std::vector<float> column(times_.size(), kNothing);
        std::size_t i = 0;
        for (const Point& p : pointsOf(series)) {
            while (i < times_.size() && times_[i] < p.t)
                ++i;
            if (i < times_.size() && times_[i] == p.t) column[i] = p.value;
        }
        return column;
    }
    const std::optional<Error>& error() const { return error_; }

  private:
    std::vector<Point> pointsOf(const std::string& series) {
        if (error_) return {};
        auto points = reader_.points(run_, series);
        if (points) return std::move(*points);
        error_ = points.error();
        return {};
    }

    RunReader& reader_;
    RunId run_;
    std::vector<Time>& times_;
    std::optional<Error> error_;
};

} // namespace

Status StoredGauges::load(RunReader& reader, RunId run, const RunLayout& layout) {
    const auto series = reader.series(run);
    if (!series) return fail(series.error());
    Columns column(reader, run, times_);
    column.axis("fleet/saturation");
    for (const std::string& queue : layout.queues) {
        const std::string base = "queue/" + queue;
        queues_.push_back(
            {column(base + "/depth"), column(base + "/pending"), column(base + "/in_flight")});
    }
    for (const std::string& pool : layout.workerPools) {
        const std::string base = "workers/" + pool;
        pools_.push_back({column(base + "/busy"), column(base + "/limit")});
    }
    for (const auto& gate : layout.gates) {
        Column truth = column("gate/" + gate.owner + "/true");
        if (speaksOfFreeShare(gate.type) || !gate.higherIsBusier) {
            for (float& value : truth)
                value = 1.0F - value;
        }
        truths_.push_back(std::move(truth));
    }
    ok_ = column("outcomes/ok");
    retry_ = column("outcomes/retry");
    shed_ = column("outcomes/shed");
    late_ = column("outcomes/late");
    failed_ = column("outcomes/failed");
    p50_ = column("ttft/p50");
    p95_ = column("ttft/p95");
    p99_ = column("ttft/p99");
    saturation_ = column("fleet/saturation");
    busy_ = column("fleet/busy");
    kv_ = column("fleet/kv");
    running_ = column("fleet/running");
    waiting_ = column("fleet/waiting");
    const auto replicas = std::count_if(series->begin(), series->end(), [](const SeriesInfo& s) {
        return s.name.starts_with("replica/");
    });
    for (std::int64_t r = 0; r < replicas; ++r) {
        replicas_.push_back(column(fmt::format("replica/{}/busy", r)));
    }
    if (column.error()) return fail(*column.error());
    return {};
}

void StoredGauges::fill(Frame& frame, std::size_t from, std::size_t to) const {
    constexpr float kMillis = 1000.0F;
    for (std::size_t i = from; i < to; ++i) {
        GaugeSample g;
        g.at = times_[i];
        for (const Queue& queue : queues_) {
            g.queues.push_back({queue.depth[i], queue.pending[i], kNothing, queue.inFlight[i]});
        }
        for (const Pool& pool : pools_)
            g.pools.push_back({pool.busy[i], pool.limit[i]});
        for (const Column& truth : truths_)
            g.gateTruth.push_back(truth[i]);
        for (const Column& replica : replicas_)
            g.replicas.push_back(replica[i]);
        g.saturation = saturation_[i];
        g.busy = busy_[i];
        g.kv = kv_[i];
        g.running = running_[i];
        g.waiting = waiting_[i];
        g.batchShare = kNothing;
        frame.gauges.push_back(std::move(g));
        if (!std::isnan(ok_[i])) {
            frame.outcomes.push_back(
                {times_[i], ok_[i], retry_[i], shed_[i], late_[i], failed_[i]});
        }
        if (!std::isnan(p50_[i])) {
            frame.latencies.push_back(
                {times_[i], p50_[i] * kMillis, p95_[i] * kMillis, p99_[i] * kMillis});
        }
    }
}

} // namespace penstock::app
