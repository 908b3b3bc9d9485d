// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a deployed version really does is what its operator must tune, warts included. Every
// difference between versions is one named field here, and a preset sets them all; nothing in the
// engine asks which preset is in force.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct Semantics {
    std::string name;

    // Dequeue.
    enum class Claiming : std::uint8_t { destructivePop, fencedLease };
    Claiming claiming = Claiming::fencedLease;
    Duration lease{std::chrono::seconds{30}};
    Duration reclaimScan{std::chrono::seconds{5}};
    bool suspectLane =
        true; // after a second crash one at a time, so that poison harms itself alone

    // What a queue gate's budget means: floor(batch x budget) pops per poll, or the share of the
    // pool's workers that may be in flight.
    enum class BudgetMeans : std::uint8_t { ratePerPoll, concurrency };
    BudgetMeans budgetMeans = BudgetMeans::concurrency;
    bool poolBudgetShared = true; // several queues on one pool share its budget

    // Poll. The transport document's poll_interval_ms and batch_size override these defaults.
    Duration pollInterval{std::chrono::milliseconds{50}};
    std::int32_t batchSize = 64;
    bool pollOnFreedSlot = true;
    // After the poll of a tick the mover takes up to a batch of due retries, of all queues
    // together, back to pending; else each returns when it is due.
    bool moverMovesBatch = false;
    // Equal deadlines (of whole seconds) go by the bytes of the message: fresh before retried, then
    // by id, played as the order of arrival; else in the order of arrival alone.
    bool tiesByMember = false;
    bool retriesInRequestQueue = false; // a retry goes back at once, scored by its due time

    // Expired at dequeue.
    bool expiredGetsResult = true;
    bool expiredUsesSlot = false;

    // A queue gate's verdict "wait" lets the message through (only a pool gate can park a worker).
    bool queueWaitProceeds = false;

    // A request refused for its tenant's sake is claimable again after this, so that it does not
    // hide those behind it (doubled, up to a minute, while whole batches are refused); 0: at once.
    Duration refusedDelay{std::chrono::seconds{1}};

    // A gate whose own store fails: the message at a pool gate ends with GATE_ERROR, the one at a
    // queue gate stands there for so long and goes back; 0: it is refused like any.
    Duration gateErrorStands{0};

    // What a pool gate refuses goes through the retry set with no backoff instead of straight back.
    bool poolRefusalParks = false;

    // Attempts.
    bool retryTransportErrors = true;
    // An attempt cut off by its deadline or the request timeout.
    enum class CutOff : std::uint8_t { inferenceError, deadlineExceeded, retried };
    CutOff cutOff = CutOff::retried; // while time is left
    // Retry-After lengthens a backoff, or it is obeyed on 429 alone, to the end: beyond the
    // deadline the 429 is the result.
    bool retryAfterObeyed = false;
    bool dropReasonsRead = true;
    bool cancelsInFlight = false; // looked up once a second
    bool sendTimeoutHeader = true;
    bool deadlineWholeSeconds = false; // the deadline is compared in whole Unix seconds

    // Verdict wait at a pool gate.
    enum class Parked : std::uint8_t { fixedPoll, jitteredPoll, wokenOnChange };
    Parked parked = Parked::wokenOnChange;
    bool parkedHoldsWorker = false;
    Duration parkedPollMin{0};
    Duration parkedPollMax{0};
    Duration parkedTimeout{0}; // 0: until the deadline

    // Metric errors: cached for the TTL like a value, or retried after errorRetry.
    bool cacheMetricErrors = false;
    Duration metricErrorRetry{std::chrono::seconds{1}};

    // Results and messages that cannot be read.
    bool resultsDurable = true;
    enum class Unparsable : std::uint8_t { dropped, removed, deadLetter };
    Unparsable unparsable = Unparsable::deadLetter;
    bool unknownGateOpens = false;

    // Gates. The release 0.N of llm-d-async whose gates and gate parameters are known: a later gate
    // is an unknown one, which is open there, and a later parameter is ignored.
    std::int32_t gatesOfRelease = 11;
    // The series that prometheus-saturation reads, and whether prometheus-budget asks for those of
    // llm_d_epp_*, the only ones that llm-d-router exports from 0.11 on. A router may export the
    // saturation once for every stage: where the query is ours, it takes the effective one.
    std::string saturationMetric = "llm_d_epp_flow_control_pool_saturation";
    bool budgetReadsEpp = true;
    bool pinsStage = true;
    // A failing store of a pool's gate ends the message with GATE_ERROR.
    bool storeErrorFinalAtPool = false;
    // Whether tier-priority-admission takes a `wait` of its inner gate for saturation or lets it
    // through.
    bool tierPriorityHeedsWait = true;

    // Tier-priority stamps the objective of a lane, beside the queue's. Where it does not,
    // lane_objectives and objective_header are keys like any that nothing reads.
    bool stampLaneObjective = true;
    std::string priorityHeaderDefault =
        "x-gateway-priority";        // without priority_header; empty: none
    bool fairnessHeaderKnown = true; // fairness_header and fairness_attribute mean something

    bool headerNamesChecked = true; // an illegal one is refused at the start

    // Documents and flags. As Go reads: keys in any case, the last of two equal ones, unknown ones
    // ignored, a byte-order mark refused. Then the keys and flags that a version knows.
    bool readsAsGo = false;
    bool zeroBatchIsDefault = true;     // a batch_size of 0 counts as absent; else nothing is taken
    bool negativeCountsRefused = true;  // below 0 in batch_size, poll_interval_ms, claim_*
    bool gateWaitTimeoutKnown = true;   // --gate-wait-timeout
    bool claimKeysKnown = true;         // claim_lease_ttl_seconds, claim_reclaim_interval_ms
    bool resultTtlKnown = true;         // result_ttl_seconds of a queue
    bool connectionModesKnown = true;   // mode, addrs, master_name
    bool gatewayFromEnvironment = true; // IGW_BASE_URL fills an empty igw_base_url

    static Semantics llmDAsync090(); // the release
    static Semantics llmDAsync09();  // a main of August 2026, on the way to 0.9.1
    static Semantics llmDAsync091();
    static Semantics llmDAsync010();
    static Semantics llmDAsync011();
    static Semantics penstock();
    static Result<Semantics> byName(std::string_view name);
    static const std::vector<std::string>& names();
};

} // namespace penstock
