// SPDX-License-Identifier: Apache-2.0
#pragma once

// One decision, with its reason, as a flat value. The stream of Events is what a run *is*: its
// fingerprint is a hash over it, its report and tables are folds over it.
#include "engine/types/result.h"
#include "engine/types/time.h"
#include "engine/types/verdict.h"

#include <cstdint>

namespace penstock {

enum class EventKind : std::uint8_t {
    // A request and its queue. `request`, `queue` and `pool` are set.
    enqueued,    // became claimable for the first time
    claimed,     // taken from pending by this engine
    expired,     // found past its deadline
    gateRead,    // a gate evaluated: value, threshold, budget, age (no request); only on change
    gateClosed,  // a poll whose budget left no room while work waited (no request)
    refused,     // a gate sent it back
    waiting,     // a gate keeps it at hand (told once for each claim)
    sent,        // an attempt left for the router: code = lane, age = since it was enqueued
    response,    // an attempt came back: status, value = seconds, code = DroppedReason,
                 // detail = TransportError
    retry,       // parked: value = seconds of backoff, status of the attempt that failed
    finished,    // its terminal result: code = ResultCode, status, detail = GateSide that ended it
    gaveBack,    // returned to pending unchanged
    redelivered, // claimed by a dead owner, claimable again: code = owners that died with it
    deadLetter,  // given up as poison
    unparsable,  // could not be read; code = 1 when an id could be told
    lost,        // gone without a result: what the llm-d-async presets do in some cases
    // Not of one request: `subject` says of what.
    parameter, // a knob was moved: value = new value, subject = index in the registry; with code 1
               // a
               // queue was paused (value 1) or taken up again (0), subject = its index
    fault,     // the world's fault timeline: subject = kind of fault, code = 1 begin, 0 end,
               // value = the replica that it hits, -1 where it is not of one
    // Traffic that never meets the engine (interactive), told by the world. queue = source index.
    arrived,
    completed, // status, value = TTFT in seconds, threshold = E2E in seconds
    engine,    // code: 0 started, 1 crashed, 2 draining, 3 stopped
    leaseLost, // of one request: another owner has taken it over; what this engine still does with
               // it is refused. Not an end: the other one's is
};

inline constexpr std::uint16_t kNoIndex = 0xffff;

// Whose gate an event is about, in `detail` of gate events and of what a gate ended.
enum class GateSide : std::uint8_t { none, queueGate, poolGate };

struct Event {
    Time at{};
    std::uint64_t request = 0;
    double value = 0.0;
    double threshold = 0.0;
    double budget = 0.0;
    Duration age{0}; // gate events: of the reading; sent: since the request was enqueued
    EventKind kind = EventKind::enqueued;
    std::uint8_t code = 0;   // ReasonCode for gate events; else as the kind says
    std::uint8_t detail = 0; // GateSide or TransportError, as the kind says
    bool available = true;
    std::uint16_t queue = kNoIndex;
    std::uint16_t pool = kNoIndex;
    std::uint32_t attempt = 0; // retries so far
    std::int32_t status = 0;
    std::uint32_t subject = 0; // of an event that is not of one request: an index, as the kind says
};

std::string_view name(EventKind kind);

} // namespace penstock
