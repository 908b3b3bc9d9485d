// SPDX-License-Identifier: Apache-2.0
#include "app/session/view/gate_words.h"

#include "engine/record/measures/gate_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace penstock::app {

namespace {

constexpr std::array<std::string_view, 6> kFreeShare{"prometheus-saturation",
                                                     "prometheus-budget",
                                                     "prometheus-query",
                                                     "endpoint-scrape",
                                                     "redis",
                                                     "perfect"};

// What deadline-floor says when it is the one that lets requests through.
constexpr std::string_view kFloorSource = "rate that the earliest deadline needs";

std::string number(double value) {
    if (!std::isfinite(value)) return "nothing";
    return std::abs(value) < 10.0 ? fmt::format("{:.2f}", value) : fmt::format("{:.4g}", value);
}

std::string requests(double count) {
    const auto whole = std::llround(count);
    return fmt::format("{} request{}", whole, whole == 1 ? "" : "s");
}

std::string remedyOf(const GateFacts& f, const GateRow& row) {
    switch (f.code) {
    case ReasonCode::closedByFallback:
        return "opens when its source answers, or with a fallback that opens it";
    case ReasonCode::openByFallback:
        return "closes on a reading when its source answers, or with a fallback that closes it";
    case ReasonCode::quotaExhausted:
        return fmt::format("lets a tenant through again when it holds fewer than {}",
                           requests(f.threshold));
    case ReasonCode::pendingReading:
        return "decides when its store answers";
    case ReasonCode::gateError:
        return "opens when its store answers again";
    case ReasonCode::droppedOverflow:
        return "lets overflow of an interactive tier through when the inner gate opens";
    case ReasonCode::atLimit:
        return row.threshold >= 1.0
                   ? fmt::format("opens when fewer than {} are in flight, or with a higher limit",
                                 requests(row.threshold))
                   : "opens when one of the requests in flight comes back";
    case ReasonCode::closedBySlowdown:
        return "opens when its own answers come at their normal pace again, or with a larger "
               "slowdown";
    case ReasonCode::open:
    case ReasonCode::closedByThreshold:
        break;
    }
    if (f.noRoom) {
        return fmt::format("its budget of {} is less than one request of a poll: opens with a "
                           "larger budget, or a larger batch",
                           number(f.budget));
    }
    if (std::isnan(row.threshold)) return {};
    if (f.closed) {
        return fmt::format("opens when the reading falls below {}, or with a threshold above {}",
                           number(row.threshold), number(row.read));
    }
    return fmt::format("closes when the reading reaches {}", number(row.threshold));
}

std::string fallbackOf(const GateFacts& f) {
    if (f.available) return {};
    switch (f.code) {
    case ReasonCode::openByFallback:
        return fmt::format("no reading: the fallback keeps it open, with budget {}",
                           number(f.budget));
    case ReasonCode::closedByFallback:
        return "no reading: the fallback keeps it closed";
    case ReasonCode::gateError:
        return "its store has failed";
    default:
        return "no reading yet";
    }
}

} // namespace

bool speaksOfFreeShare(std::string_view gateType) {
    return std::find(kFreeShare.begin(), kFreeShare.end(), gateType) != kFreeShare.end();
}

GateTerms GateTerms::of(std::string_view type, std::string_view terms) {
    return {speaksOfFreeShare(terms), type != terms};
}

bool GateTerms::complements(std::string_view source) const {
    if (!freeShare) return false;
    return !wrapped || (!source.empty() && source != kFloorSource);
}

std::string reasonWord(ReasonCode code) {
    switch (code) {
    case ReasonCode::open:
        return {};
    case ReasonCode::openByFallback:
        return {};
    case ReasonCode::closedByThreshold:
        return "gate_closed";
    case ReasonCode::closedByFallback:
        return "fallback_closed";
    case ReasonCode::atLimit:
        return "at_limit";
    case ReasonCode::closedBySlowdown:
        return "slowdown";
    case ReasonCode::quotaExhausted:
        return "quota_exhausted";
    case ReasonCode::droppedOverflow:
        return "dropped_overflow";
    case ReasonCode::pendingReading:
        return "pending_reading";
    case ReasonCode::gateError:
        return "gate_error";
    }
    return {};
}

std::string closedWord(std::uint8_t reason) {
    if (reason == kNoRoom) return "no_room";
    std::string word = reasonWord(static_cast<ReasonCode>(reason));
    return word.empty() ? "gate_closed" : word;
}

GateRow rowOf(const GateFacts& f) {
    const bool complement = GateTerms::of(f.type, f.terms).complements(f.source);
    // It reads nothing, or has not been asked yet.
    const bool silent = f.type == "constant" || f.source.empty();
    GateRow row;
    row.owner = f.owner;
    row.type = f.type;
    row.open = !f.closed;
    row.budget = f.budget;
    row.source = f.source;
    if (!silent) {
        if (f.available) {
            row.read = asLoad(complement, f.value);
            row.readAgeSeconds = toSeconds(f.age);
        }
        row.threshold = asLoad(complement, f.threshold);
        if (f.trueKnown) row.truth = asLoad(complement, f.truth);
    }
    row.fallback = fallbackOf(f);
    if (f.closed) {
        row.reason = closedWord(f.noRoom ? kNoRoom : static_cast<std::uint8_t>(f.code));
    }
    row.remedy = remedyOf(f, row);
    row.parameterPath = !f.available && !f.fallbackPath.empty() ? f.fallbackPath : f.firstPath;
    return row;
}

} // namespace penstock::app
