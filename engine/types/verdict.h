// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a gate says of a request, and why. The Reason is the whole answer to "why is it closed?":
// what was read, how old that was, what it was compared with, and whether it was a reading at all.
#include "engine/types/time.h"

#include <cstdint>
#include <string_view>

namespace penstock {

enum class Action : std::uint8_t {
    proceed, // "continue" in the documents
    refuse,  // not now: back to the queue
    wait,    // not now: keep it at hand and ask again
    drop,    // never: the sender gets a terminal result
};

enum class ReasonCode : std::uint8_t {
    open,
    closedByThreshold, // the reading is on the wrong side of the threshold
    closedByFallback,  // no reading, and the fallback closes
    openByFallback,    // no reading, and the fallback opens
    atLimit,           // a concurrency limit or window is full
    quotaExhausted,    // a tenant's quota is used up
    droppedOverflow,   // the tier does not wait when the pool is saturated
    pendingReading,    // an answer from outside is on its way; the gate will say when
    gateError,         // the gate's own store failed
    closedBySlowdown,  // our own answers come slower than normal
};

struct Reason {
    ReasonCode code = ReasonCode::open;
    bool available = true;   // false: `value` is a fallback, not a reading
    double value = 0.0;      // what was read, in the gate's own terms
    double threshold = 0.0;  // what it was compared with, in the same terms
    Duration age{0};         // of the reading, from its sample's timestamp to now
    std::string_view source; // the query or key; storage lives as long as the gate
};

struct Verdict {
    Action action = Action::proceed;
    Reason reason;
    int dropStatus = 0; // HTTP status of the result of a drop; 0: a GATE_DROPPED result
    std::string_view dropBody;
    // Of `wait`: the gate has not answered yet (its store is slow, or it holds its callers until a
    // place is free). Who asks stands in it, first come first served; no wrapper turns it into
    // another verdict.
    bool inside = false;
};

std::string_view name(Action action);
std::string_view name(ReasonCode code);

} // namespace penstock
