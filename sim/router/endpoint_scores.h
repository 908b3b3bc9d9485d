// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the router last knew of its endpoints, and what its scorers make of it. For each ready
// endpoint, with weights of RouterSpec (llm-d-router, pkg/epp/framework/plugins/scheduling/scorer,
// August 2026):
//
//   score = queueWeight (Wmax - waiting) / (Wmax - Wmin)           queue-scorer; 1 if all are alike
//         + kvWeight (1 - kvUsed)                                  kv-cache-utilization-scorer
//         + inFlightWeight active(requests the router has there)   active-request-scorer
//         + prefixWeight matched blocks / blocks of the prompt     prefix-cache-scorer
//
// active(c) = 1 up to the idle threshold, else (cmax - c) / cmax * maxBusyScore. The highest score
// wins, at random among equals. The first three are kept on a board as they change, one endpoint at
// a time where it can be; the last is added for those that match a prompt at all.
// Run thread only.
#include "engine/types/time.h"
#include "sim/kernel/random.h"
#include "sim/router/endpoint_metrics.h"
#include "sim/router/prefix_index.h"
#include "sim/router/router_spec.h"
#include "sim/router/score_board.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::sim {

class EndpointScores {
  public:
    explicit EndpointScores(const RouterSpec& spec) : spec_(spec) {}

    // Endpoints are numbered in the order they are added, not ready at first.
    void add();
    void setReady(std::size_t index, bool ready);
    std::int32_t ready() const { return readyCount_; }

    // The router has read its metrics.
    void read(std::size_t index, const EndpointMetrics& metrics);
    // A request goes there, or is over.
    void sent(std::size_t index);
    void left(std::size_t index);
    // So many of the tokens that RouterSpec::countsTokens() asks for are there more, or less.
    void counted(std::size_t index, std::int64_t tokens);

    // The detector's law on given metrics, and on what is known of all ready ones: the mean, an
    // endpoint with metrics older than spec.staleAfter counting as 1; 1 if none is ready. The
    // concurrency detector in hybrid mode takes the larger of both ratios for each endpoint, and
    // then the mean (llm-d-router, pkg/epp/framework/plugins/flowcontrol/saturationdetector/
    // concurrency/detector.go, August 2026).
    double saturationOf(std::size_t index, const EndpointMetrics& metrics) const;
    double saturation(Time now);
    // What one endpoint adds to that mean if its metrics are these.
    double believed(std::size_t index, const EndpointMetrics& metrics, Time now) const;

    // Where a prompt of `blocks` blocks goes, of which the given endpoints have some. One is
    // ready. Draws once from `random` if several are equally good, else not.
    std::size_t pick(const std::vector<PrefixIndex::Match>& matches, std::int32_t blocks,
                     RandomSequence& random);

    // The score without a prefix; of a ready endpoint, after a pick() among several.
    double score(std::size_t index) const { return board_.score(index); }

  private:
    bool byUtilization() const { return spec_.detector == RouterSpec::Detector::utilization; }
    void changed(std::size_t index);
    void moved(std::size_t index, std::int64_t before);
    void findBusiest();
    void findWaiting();
    void resolve();
    double baseOf(std::size_t index) const;
    double scoreOf(std::size_t index) const;
    double sumOfFresh() const;
    double sumOfAll(Time now);

    const RouterSpec& spec_;
    // One entry an endpoint, an array a property: they are walked.
    std::vector<std::uint8_t> ready_;
    std::vector<double> waiting_;
    std::vector<double> kvUsed_;
    std::vector<double> load_; // saturation by utilization
    std::vector<Time> readAt_;
    std::vector<std::int64_t> requests_; // in flight, as the router counts them
    std::vector<std::int64_t> tokens_;   // and their tokens, if asked for
    std::vector<double> base_;           // the part of the score that the metrics give
    std::int32_t readyCount_ = 0;

    ScoreBoard board_;
    double fewest_ = 0.0; // waiting, among the ready; and how many of them have so many
    double most_ = 0.0;
    std::int32_t atFewest_ = 0;
    std::int32_t atMost_ = 0;
    std::int64_t busiest_ = 0;             // requests in flight, among the ready
    std::vector<std::uint32_t> withCount_; // ready endpoints by requests in flight
    bool countsKnown_ = false;             // the two are kept: they are asked for

    // What resolve() has to do: everything, every queue score, every in-flight score, some.
    bool allChanged_ = true;
    bool spanChanged_ = false;
    bool busiestChanged_ = false;
    std::vector<std::uint32_t> changed_;
    double saturation_ = 1.0;
    bool saturationChanged_ = true;
    Time saturationUntil_{}; // when the next reading becomes stale, as of the last look at all
    bool anyStale_ = true;   // at that look
    std::vector<std::uint32_t> tied_;
};

} // namespace penstock::sim
