// SPDX-License-Identifier: Apache-2.0
// Goal: the board of scores picks as a walk over all endpoints would that computes every score
// anew from its definition. Method: random readings, sendings, ends and losses of readiness, on
// both; every pick and every saturation must be the same, draws included.
#include "sim/router/endpoint_scores.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace penstock::sim {
namespace {

struct Known {
    bool ready = false;
    EndpointMetrics metrics;
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
};

std::size_t pickByWalking(const RouterSpec& spec, const std::vector<Known>& all,
                          const std::vector<PrefixIndex::Match>& matches, std::int32_t blocks,
                          RandomSequence& random) {
    double fewest = 1e300;
    double most = -1e300;
    std::int64_t busiest = 0;
    for (const Known& e : all) {
        if (!e.ready) continue;
        fewest = std::min(fewest, e.metrics.waiting);
        most = std::max(most, e.metrics.waiting);
        busiest = std::max(busiest, e.requests);
    }
    double best = -1.0;
    std::vector<std::size_t> tied;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Known& e = all[i];
        if (!e.ready) continue;
        const double queue = most > fewest ? (most - e.metrics.waiting) / (most - fewest) : 1.0;
        double score = spec.queueWeight * queue + spec.kvWeight * (1.0 - e.metrics.kvUsed);
        if (spec.inFlightWeight > 0.0) {
            const double active = e.requests <= spec.inFlightIdleThreshold
                                      ? 1.0
                                      : static_cast<double>(busiest - e.requests) /
                                            static_cast<double>(busiest) *
                                            spec.inFlightMaxBusyScore;
            score += spec.inFlightWeight * active;
        }
        for (const auto& m : matches) {
            if (m.endpoint != i) continue;
            score += spec.prefixWeight * (static_cast<double>(m.blocks) / blocks);
        }
        if (score > best) {
            best = score;
            tied.clear();
        }
        if (score == best) tied.push_back(i);
    }
    if (tied.size() == 1) return tied.front();
    return tied[static_cast<std::size_t>(random.uniform() * static_cast<double>(tied.size()))];
}

double saturationByWalking(const RouterSpec& spec, const std::vector<Known>& all, Time now) {
    double sum = 0.0;
    int ready = 0;
    for (const Known& e : all) {
        if (!e.ready) continue;
        ++ready;
        const double requests = static_cast<double>(e.requests) / spec.maxConcurrency;
        const double tokens = static_cast<double>(e.tokens) / spec.maxTokens;
        if (spec.detector == RouterSpec::Detector::utilization) {
            sum += now - e.metrics.at > spec.staleAfter
                       ? 1.0
                       : std::max(e.metrics.waiting / spec.queueDepthThreshold,
                                  e.metrics.kvUsed / spec.kvThreshold);
        } else if (spec.concurrencyMode == RouterSpec::ConcurrencyMode::requests) {
            sum += requests;
        } else if (spec.concurrencyMode == RouterSpec::ConcurrencyMode::tokens) {
            sum += tokens;
        } else {
            sum += std::max(requests, tokens);
        }
    }
    return ready == 0 ? 1.0 : sum / ready;
}

RC_GTEST_PROP(EndpointScores, pickAsAWalkOverAllWould, ()) {
    RouterSpec spec;
    spec.queueWeight = *rc::gen::element(0.0, 1.0, 2.0);
    spec.kvWeight = *rc::gen::element(0.0, 2.0);
    spec.inFlightWeight = *rc::gen::element(0.0, 1.0, 3.5);
    spec.inFlightIdleThreshold = *rc::gen::element(0, 2);
    spec.inFlightMaxBusyScore = *rc::gen::element(0.5, 1.0);
    spec.prefixWeight = *rc::gen::element(1e-20, 1.0, 3.0);
    spec.detector =
        *rc::gen::element(RouterSpec::Detector::utilization, RouterSpec::Detector::concurrency);
    spec.concurrencyMode =
        *rc::gen::element(RouterSpec::ConcurrencyMode::requests,
                          RouterSpec::ConcurrencyMode::tokens, RouterSpec::ConcurrencyMode::hybrid);
    const auto endpoints = static_cast<std::size_t>(*rc::gen::inRange(1, 40));
    EndpointScores scores(spec);
    std::vector<Known> all(endpoints);
    for (std::size_t i = 0; i < endpoints; ++i) {
        scores.add();
        all[i].ready = true;
        scores.setReady(i, true);
    }
    RandomSequence random(1, 2, 3);
    RandomSequence same(1, 2, 3);
    Time now{};
    const int actions = *rc::gen::inRange(10, 400);
    for (int n = 0; n < actions; ++n) {
        const auto i =
            static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(endpoints)));
        Known& e = all[i];
        now += std::chrono::milliseconds{*rc::gen::inRange(0, 30)};
        const int action = *rc::gen::inRange(0, 12);
        if (action < 4) {
            e.metrics.at = now;
            e.metrics.waiting = *rc::gen::inRange(0, 4);
            e.metrics.kvUsed = *rc::gen::inRange(0, 4) * 0.25;
            scores.read(i, e.metrics);
        } else if (action < 7) {
            ++e.requests;
            e.tokens += 100;
            scores.sent(i);
            scores.counted(i, 100);
        } else if (action < 9 && e.requests > 0) {
            --e.requests;
            e.tokens -= 100;
            scores.left(i);
            scores.counted(i, -100);
        } else if (action == 9 && *rc::gen::inRange(0, 3) == 0) {
            e.ready = !e.ready;
            scores.setReady(i, e.ready);
        }
        const auto ready = std::count_if(all.begin(), all.end(), [](auto& k) { return k.ready; });
        RC_ASSERT(scores.ready() == ready);
        if (*rc::gen::inRange(0, 3) == 0) {
            RC_ASSERT(scores.saturation(now) == saturationByWalking(spec, all, now));
        }
        if (ready == 0 || *rc::gen::inRange(0, 3) == 0) continue;
        std::vector<PrefixIndex::Match> matches;
        for (std::uint32_t m = 0; m < endpoints; ++m) {
            if (*rc::gen::inRange(0, 4) == 0) matches.push_back({m, *rc::gen::inRange(1, 4)});
        }
        if (*rc::gen::inRange(0, 2) == 0) matches.clear();
        std::reverse(matches.begin(), matches.end());
        RC_ASSERT(scores.pick(matches, 8, random) == pickByWalking(spec, all, matches, 8, same));
    }
}

// Where there is no choice nothing is drawn, so that the draws after it are the same.
TEST(EndpointScores, theOnlyReadyOneIsPickedWithoutADraw) {
    RouterSpec spec;
    EndpointScores scores(spec);
    for (std::size_t i = 0; i < 3; ++i)
        scores.add();
    scores.setReady(1, true);
    RandomSequence random(1, 2, 3), untouched(1, 2, 3);
    EXPECT_EQ(scores.pick({}, 1, random), 1U);
    EXPECT_EQ(scores.pick({{0, 4}, {1, 2}}, 4, random), 1U);
    EXPECT_EQ(random.uniform(), untouched.uniform());
}

// The figures of the source's own test (active_request_test.go), and those of an idle threshold.
TEST(EndpointScores, theActiveRequestScorerFollowsItsSource) {
    struct Case {
        std::vector<int> requests;
        std::int64_t idle;
        double maxBusy;
        std::vector<double> scores;
    };
    const std::vector<Case> cases{
        {{3, 0, 6}, 0, 1.0, {0.5, 1.0, 0.0}},
        {{4, 0, 1}, 0, 1.0, {0.0, 1.0, 0.75}},
        {{4, 2, 3}, 2, 0.5, {0.0, 1.0, 0.125}},
        {{0, 0, 0}, 0, 1.0, {1.0, 1.0, 1.0}},
    };
    for (const Case& c : cases) {
        RouterSpec spec;
        spec.queueWeight = spec.kvWeight = 0.0;
        spec.inFlightWeight = 1.0;
        spec.inFlightIdleThreshold = c.idle;
        spec.inFlightMaxBusyScore = c.maxBusy;
        EndpointScores scores(spec);
        RandomSequence random(1, 2, 3);
        for (std::size_t i = 0; i < c.requests.size(); ++i) {
            scores.add();
            scores.setReady(i, true);
            for (int n = 0; n < c.requests[i]; ++n)
                scores.sent(i);
        }
        scores.pick({}, 1, random);
        for (std::size_t i = 0; i < c.requests.size(); ++i) {
            EXPECT_DOUBLE_EQ(scores.score(i), c.scores[i]);
        }
    }
}

} // namespace
} // namespace penstock::sim
