// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What a run has left so far, as the charts draw it: frames go in, bounded series come out. One for
// the run on the screen and one for each run laid over it. GUI thread only.
#include "app/session/view/run_view.h"
#include "app/workbench/series/heat_buffer.h"
#include "app/workbench/series/series_buffer.h"
#include "app/workbench/series/tracks.h"

#include <memory>
#include <optional>
#include <vector>

namespace penstock::app {

class RunSeries {
  public:
    // Of many, each remembers less: `samples` is the share of one.
    struct Queue {
        explicit Queue(std::size_t samples) : depth(samples, samples / 4) {}
        SeriesBuffer depth;
        double peak = 0; // the highest depth so far
    };
    struct Pool {
        explicit Pool(std::size_t samples)
            : busy(samples, samples / 4), limit(samples, samples / 4) {}
        SeriesBuffer busy, limit;
        double peak = 0; // the most workers that were busy at once so far
    };
    struct Gate {
        explicit Gate(std::size_t samples)
            : truth(samples, samples / 4), read(samples, samples / 4),
              threshold(samples, samples / 4), budget(samples, samples / 4) {}
        SeriesBuffer truth;     // sampled
        SeriesBuffer read;      // at every reading; a gap where the source did not answer
        SeriesBuffer threshold; // as it was at every reading
        SeriesBuffer budget;
        SpanTrack closed;
    };

    // A new run. `alignTo`: times are moved so that this run starts then, for laying it over
    // another.
    void begin(const RunInfo& info, std::optional<Time> alignTo = std::nullopt);
    void add(const Frame& frame);
    bool begun() const { return begun_; }
    Time head() const { return head_; }

    // As many as RunInfo has, in its order.
    std::vector<std::unique_ptr<Queue>> queues;
    std::vector<std::unique_ptr<Pool>> pools;
    std::vector<std::unique_ptr<Gate>> gates;
    // Of all queues together.
    SeriesBuffer backlog, retries;
    SeriesBuffer ok, retry, shed, late, failed;
    SeriesBuffer ttftP50, ttftP95, ttftP99; // ms
    SeriesBuffer slackLowest, slackMedian;  // s, of the requests that ended in each second
    SeriesBuffer busy, kv, saturation, batchShare;
    HeatBuffer replicas;
    MarkTrack marks; // moves, faults, notes and decisions

    std::vector<std::string> queueNames, poolNames, gateNames, replicaNames;

  private:
    void addReplicas(Time t, std::vector<float> shares);
    void addMarks(const Frame& frame);
    void addSlack(const Frame& frame);
    void closeSlackSecond();
    Time moved(Time t) const { return t + shift_; }

    bool begun_ = false;
    Duration shift_{};
    Time head_{};
    Time lastMark_{};
    std::int64_t slackSecond_ = -1;
    std::vector<double> slacks_;
};

} // namespace penstock::app
