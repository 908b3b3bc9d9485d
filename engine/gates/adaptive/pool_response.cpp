// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/pool_response.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock {

PoolResponse::PoolResponse() : history_(kHistory) {}

// A first-order lag, in backward Euler form: unconditionally stable, and no exponential.
double PoolResponse::lagged(const State& state, Duration elapsed) const {
    const double seconds = std::max(0.0, toSeconds(elapsed));
    const double lag = lagSeconds_.value();
    if (lag <= 0.0) return state.flying;
    return state.mature +
           (static_cast<double>(state.flying) - state.mature) * seconds / (lag + seconds);
}

void PoolResponse::move(Time now, std::int32_t by) {
    const State before{lagged(state_, now - stateAt_), state_.flying};
    stateAt_ = now;
    state_.flying += by;
    PENSTOCK_CHECK(state_.flying >= 0);
    state_.mature = lagSeconds_.value() > 0.0 ? before.mature : state_.flying;
    const bool sameGrain = moments_ > 0 && now - history_[(moments_ - 1) % kHistory].at < kGrain;
    if (!sameGrain) history_[moments_++ % kHistory] = {now, before, before};
    history_[(moments_ - 1) % kHistory].after = state_;
}

void PoolResponse::sent(Time now) {
    move(now, 1);
}

void PoolResponse::settled(Time now, Duration latency) {
    constexpr double kHalf = 0.5;
    if (latency >= Duration::zero()) lagSeconds_.add(kHalf * toSeconds(latency));
    move(now, -1);
}

double PoolResponse::matureAt(Time at) const {
    const std::size_t kept = std::min(moments_, kHistory);
    // Binary search for the last moment before `at`, in a ring whose oldest is `first`.
    const std::size_t first = moments_ - kept;
    std::size_t low = 0;
    std::size_t high = kept;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (history_[(first + middle) % kHistory].at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) { // before the history: nothing of ours had been sent, or it is forgotten
        return moments_ > kHistory ? history_[first % kHistory].before.mature : 0.0;
    }
    const Moment& moment = history_[(first + low - 1) % kHistory];
    const Duration since = at - moment.at;
    return since < kGrain ? moment.before.mature : lagged(moment.after, since);
}

const PoolResponse::Sample& PoolResponse::sample(std::size_t ago) const {
    return samples_[(sampled_ - 1 - ago) % kSamples];
}

void PoolResponse::learn(double saturation, Time sampledAt) {
    samples_[sampled_++ % kSamples] = {sampledAt, saturation, matureAt(sampledAt)};
    std::array<double, kSamples> bounds;
    std::size_t count = 0;
    for (std::size_t ago = 0; ago < std::min(sampled_, kSamples); ++ago) {
        const Sample& s = sample(ago);
        if (s.own >= kLeastOwn) bounds[count++] = std::max(0.0, s.saturation) / s.own;
    }
    if (count == 0) return;
    const auto nth = static_cast<std::ptrdiff_t>(kQuantile * static_cast<double>(count));
    std::nth_element(bounds.begin(), bounds.begin() + nth,
                     bounds.begin() + static_cast<std::ptrdiff_t>(count));
    learned_ = bounds[static_cast<std::size_t>(nth)];
}

double PoolResponse::surge(double perRequest, Duration window) const {
    if (sampled_ == 0) return 0.0;
    const auto others = [perRequest](const Sample& s) {
        return std::max(0.0, s.saturation - perRequest * s.own);
    };
    const Sample& last = sample(0);
    double highest = others(last);
    for (std::size_t ago = 1; ago < std::min(sampled_, kSamples); ++ago) {
        if (sample(ago).at < last.at - window) break;
        highest = std::max(highest, others(sample(ago)));
    }
    return highest - others(last);
}

} // namespace penstock
