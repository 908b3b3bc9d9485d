// SPDX-License-Identifier: Apache-2.0
#pragma once

// What may be set on the simulated router, as plain data.
#include "engine/types/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace penstock::sim {

// The endpoint picker and its flow control, with the defaults of llm-d-router of August 2026.
struct RouterSpec {
    enum class Detector : std::uint8_t { utilization, concurrency };
    enum class ConcurrencyMode : std::uint8_t { requests, tokens, hybrid };
    enum class Fairness : std::uint8_t { globalStrict, roundRobin };
    enum class Order : std::uint8_t { fcfs, edf, sloDeadline };
    // Names of the router's metrics: the older (inference_extension_flow_control_*,
    // inference_pool_*), as up to 0.9; the newer alone (llm_d_epp_*), as from 0.11 on; or both, as
    // between them.
    enum class Names : std::uint8_t { both, inferenceExtension, llmDEpp };
    // Of the router of the day when release 0.N of llm-d-async came out, N as
    // Semantics::gatesOfRelease counts them.
    static Names namesBeside(std::int32_t release) {
        if (release < 10) return Names::inferenceExtension;
        return release == 10 ? Names::both : Names::llmDEpp;
    }

    Detector detector = Detector::utilization;
    double queueDepthThreshold = 5.0; // waiting requests of an endpoint that count as saturated
    double kvThreshold = 0.8;         // KV share of an endpoint that counts as saturated
    Duration staleAfter{std::chrono::milliseconds{200}}; // older metrics count as saturated
    ConcurrencyMode concurrencyMode = ConcurrencyMode::requests;
    double maxConcurrency = 100.0; // requests in flight an endpoint, of the concurrency detector
    double maxTokens = 1000000.0;  // tokens in flight an endpoint, of its token modes
    bool countsTokens() const {
        return detector == Detector::concurrency && concurrencyMode != ConcurrencyMode::requests;
    }

    double queueWeight = 2.0;
    double kvWeight = 2.0;
    double prefixWeight = 3.0;
    // What is known of prefix caches: what was sent where (approx-prefix-cache-producer, the
    // default there too), or what is in them at this instant (an ideal precise-prefix-cache one).
    enum class PrefixIndex : std::uint8_t { approximate, precise };
    PrefixIndex prefixIndex = PrefixIndex::approximate;
    double inFlightWeight = 0.0; // active-request-scorer: the router's own count, off by default
    std::int64_t inFlightIdleThreshold = 0; // up to so many requests an endpoint counts as idle
    double inFlightMaxBusyScore = 1.0;      // of an endpoint that is not, 0 .. 1
    Duration metricsRefresh{std::chrono::milliseconds{50}};

    bool flowControl = false;
    Fairness fairness = Fairness::globalStrict;
    Order order = Order::fcfs;
    double ceiling = 1.0;           // a band waits while saturation is at or above it
    std::map<int, double> ceilings; // by priority, instead of `ceiling`
    std::int64_t bandCapacityRequests = 5000;
    std::int64_t bandCapacityBytes = 1000000000;
    Duration queueTtl{std::chrono::seconds{60}};
    Duration retryAfter{-1}; // negative: no Retry-After on rejections

    // What the clients of a replica that dies see: the status of the proxy that the router is part
    // of (Envoy says 503, nginx 502), or, with no proxy between, a reset before or within the body.
    enum class Dying : std::uint8_t { badGateway, unavailable, gatewayTimeout, reset, resetInBody };
    Dying dying = Dying::unavailable;

    std::map<std::string, int> objectives; // priority of each x-gateway-inference-objective
    Duration exportInterval{std::chrono::seconds{5}};
    Names names = Names::llmDEpp;
    // llm-d-router sets its saturation gauge in the dispatch cycle of flow control, so that without
    // flow control there is no such series and a gate on it runs on its fallback for ever
    // (pkg/epp/flowcontrol/controller/internal/processor.go, August 2026). `withFlowControl` does
    // the same. `always` exports it in any case, so that gates can be studied on a pool that admits
    // everything; the linter then says what the real router would do.
    enum class SaturationGauge : std::uint8_t { always, withFlowControl };
    SaturationGauge saturationGauge = SaturationGauge::always;
    bool exportsSaturation() const {
        return flowControl || saturationGauge == SaturationGauge::always;
    }
    // The pool's own gauges under the names of before 0.11, and under those from 0.10 on.
    bool exportsPoolNames() const { return names != Names::llmDEpp; }
    bool exportsEppNames() const { return names != Names::inferenceExtension; }
    // Of the flow control metrics, in the order of `names`.
    std::vector<std::string> metricPrefixes() const {
        std::vector<std::string> prefixes;
        if (names != Names::llmDEpp) prefixes.emplace_back("inference_extension_flow_control_");
        if (names != Names::inferenceExtension) prefixes.emplace_back("llm_d_epp_flow_control_");
        return prefixes;
    }
};

} // namespace penstock::sim
