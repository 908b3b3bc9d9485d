// SPDX-License-Identifier: Apache-2.0
// The names of enumerations as they appear on the wire, in reports and in tables.
#include "engine/types/check.h"
#include "engine/types/event.h"
#include "engine/types/result.h"
#include "engine/types/verdict.h"

namespace penstock {

namespace {
template <std::size_t N, class Enum>
std::string_view at(const std::string_view (&names)[N], Enum value) {
    const auto index = static_cast<std::size_t>(value);
    PENSTOCK_CHECK(index < N);
    return names[index];
}
} // namespace

std::string_view name(Action action) {
    static constexpr std::string_view kNames[] = {"continue", "refuse", "wait", "drop"};
    return at(kNames, action);
}

std::string_view name(ReasonCode code) {
    static constexpr std::string_view kNames[] = {
        "open",       "closed-by-threshold", "closed-by-fallback", "open-by-fallback",
        "at-limit",   "quota-exhausted",     "dropped-overflow",   "pending-reading",
        "gate-error", "closed-by-slowdown"};
    return at(kNames, code);
}

std::string_view name(ResultCode code) {
    static constexpr std::string_view kNames[] = {"",
                                                  "DEADLINE_EXCEEDED",
                                                  "CANCELLED",
                                                  "GATE_DROPPED",
                                                  "GATE_ERROR",
                                                  "INFERENCE_ERROR",
                                                  "INVALID_REQUEST",
                                                  "PAYLOAD_UNAVAILABLE",
                                                  "DELIVERY_ATTEMPTS_EXCEEDED"};
    return at(kNames, code);
}

std::string_view name(DroppedReason reason) {
    static constexpr std::string_view kNames[] = {"",
                                                  "rejected-saturated",
                                                  "rejected-ttl-expired",
                                                  "rejected-no-endpoints",
                                                  "rejected-context-cancelled",
                                                  "rejected-shutting-down",
                                                  "evicted",
                                                  "other"};
    return at(kNames, reason);
}

std::string_view name(TransportError error) {
    static constexpr std::string_view kNames[] = {"",        "refused", "reset",
                                                  "timeout", "aborted", "cut"};
    return at(kNames, error);
}

std::string_view name(EventKind kind) {
    static constexpr std::string_view kNames[] = {
        "enqueued",    "claimed",     "expired",    "gate-read", "gate-closed", "refused",
        "waiting",     "sent",        "response",   "retry",     "finished",    "gave-back",
        "redelivered", "dead-letter", "unparsable", "lost",      "parameter",   "fault",
        "arrived",     "completed",   "engine",     "lease-lost"};
    return at(kNames, kind);
}

} // namespace penstock
