// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/tier_priority_admission.h"

namespace penstock {
namespace {

constexpr int kTooManyRequests = 429;
constexpr std::string_view kTooManyRequestsBody = R"({"error": "Too Many Requests", "code": 429})";

std::string_view tierOf(const Request& request, std::string_view label) {
    if (request.envelope == nullptr) return {};
    const std::string* tier = findLabel(request.envelope->labels, label);
    return tier == nullptr ? std::string_view{} : std::string_view{*tier};
}

} // namespace

bool TierPriorityAdmissionGate::saturated(const Verdict& inner) const {
    return inner.action == Action::refuse || (inner.action == Action::wait && settings_.heedsWait);
}

Verdict TierPriorityAdmissionGate::apply(Time now, Request& request, Reservations& reservations) {
    Verdict verdict = inner_->apply(now, request, reservations);
    if (verdict.action == Action::proceed || undecided(verdict)) return verdict;
    if (!saturated(verdict)) {
        if (settings_.heedsWait) return verdict;
        verdict.action = Action::proceed;
        return verdict;
    }
    if (request.classification == Classification::reserved) {
        verdict.action = Action::wait;
    } else if (request.classification == Classification::overflow &&
               tierOf(request, settings_.tierLabel) == "interactive") {
        verdict.action = Action::drop;
        verdict.reason.code = ReasonCode::droppedOverflow;
        verdict.dropStatus = kTooManyRequests;
        verdict.dropBody = kTooManyRequestsBody;
    } else {
        verdict.action = Action::refuse;
    }
    return verdict;
}

} // namespace penstock
