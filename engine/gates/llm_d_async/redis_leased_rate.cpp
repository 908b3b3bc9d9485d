// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/redis_leased_rate.h"

#include <algorithm>

namespace penstock {
namespace {

// Without a token to come, as long until the lease is looked at again.
constexpr Duration kLookAgain = std::chrono::seconds{1};

} // namespace

Reason RedisLeasedRateGate::reason(ReasonCode code) const {
    const bool known = code == ReasonCode::open || code == ReasonCode::quotaExhausted ||
                       code == ReasonCode::closedByThreshold;
    return {.code = code, .available = known, .source = settings_.controlKey};
}

Budget RedisLeasedRateGate::budget(Time now) {
    if (closedUntil_ != kNever && now >= closedUntil_) closedUntil_ = kNever;
    if (closedUntil_ != kNever) return {0.0, reason(code_)};
    return {1.0, reason(ReasonCode::open)};
}

Verdict RedisLeasedRateGate::apply(Time now, Request&, Reservations&) {
    Verdict verdict;
    if (!token_ && !asking_ && budget(now).share > 0.0) {
        asking_ = true;
        askedAt_ = now;
        inApply_ = true;
        store_.admitLeased({.controlKey = settings_.controlKey,
                            .stateKey = settings_.stateKey,
                            .poolId = settings_.poolId,
                            .burst = settings_.burst},
                           0, *this);
        inApply_ = false;
    }
    if (token_) {
        token_ = false;
        verdict.reason = reason(ReasonCode::open);
        return verdict;
    }
    verdict.action = asking_ ? Action::wait : Action::refuse;
    verdict.reason = reason(asking_ ? ReasonCode::pendingReading : code_);
    return verdict;
}

void RedisLeasedRateGate::storeReplied(std::uint64_t, const StoreReply& reply) {
    asking_ = false;
    switch (reply.state) {
    case StoreReply::State::granted:
        token_ = true;
        break;
    case StoreReply::State::denied: {
        const bool paused = reply.again <= Duration::zero();
        code_ = paused ? ReasonCode::closedByThreshold : ReasonCode::quotaExhausted;
        closedUntil_ = askedAt_ + (paused ? kLookAgain : std::min(kLookAgain, reply.again));
        break;
    }
    case StoreReply::State::nothing:
        code_ = ReasonCode::closedByFallback;
        closedUntil_ = askedAt_ + kLookAgain;
        break;
    default:
        code_ = ReasonCode::gateError;
        closedUntil_ = askedAt_ + kLookAgain;
    }
    if (!inApply_) changed();
}

} // namespace penstock
