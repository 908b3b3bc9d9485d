// SPDX-License-Identifier: Apache-2.0
#pragma once

// "Why is it closed?" in words. A gate's Reason is numbers in its own terms; here they become a row
// that says what was read, how old it was, and what it would take to open.
//
// Frames speak of load: what a gate reads as a free share D is shown as 1 − D, its closing point
// likewise, so that everywhere up means busier and at or above the threshold means closed. Gates
// that count (windows, limits, quotas) are shown as they are.
#include "app/session/view/rows.h"
#include "engine/types/verdict.h"

#include <string>
#include <string_view>

namespace penstock::app {

// True for a gate_type whose Reason speaks of a free share.
bool speaksOfFreeShare(std::string_view gateType);

// A gate's number as frames have it. `wrapped`: it is an inner gate's, by its source; one that
// counts has none.
struct GateTerms {
    bool freeShare = false, wrapped = false;
    static GateTerms of(std::string_view type, std::string_view terms);
    bool complements(std::string_view source) const;
};
constexpr double asLoad(bool complement, double value) {
    return complement ? 1.0 - value : value;
}

struct GateFacts {
    std::string owner, type, terms, source;
    ReasonCode code = ReasonCode::open;
    bool available = true;
    double value = 0, threshold = 0, budget = 1; // as in the gate's Reason
    Duration age{0};
    bool trueKnown = false;
    double truth = 0;    // in the same terms
    bool closed = false; // as GateTrack counts it: budget 0, or no room for one request
    bool noRoom = false; // closed although the budget is above 0
    std::int64_t inFlight = 0;
    std::string firstPath, fallbackPath;
};

GateRow rowOf(const GateFacts& facts);

// "gate_closed", "quota_exhausted"…: the short word that tables filter by; empty for open.
std::string reasonWord(ReasonCode code);
// Why a gate is closed; never empty. `reason` is a ReasonCode or kNoRoom, as the recorder tells it.
std::string closedWord(std::uint8_t reason);

} // namespace penstock::app
