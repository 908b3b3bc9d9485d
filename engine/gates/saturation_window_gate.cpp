// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/saturation_window_gate.h"

#include "engine/gates/catalogue.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

// Until a sample has taught better, a quarter of the workers is taken to saturate the pool: the
// first burst is then small whatever the pool is.
constexpr double kCautiousShare = 0.25;

} // namespace

SaturationWindowGate::SaturationWindowGate(Steering settings, MetricSource& source,
                                           CachePolicy cache, WindowOwner owner)
    : WindowGate(owner), settings_(std::move(settings)),
      reading_(source, MetricQuery{.text = settings_.query}, cache, *this) {}

void SaturationWindowGate::sent(Time now, const Request&) {
    response_.sent(now);
}

void SaturationWindowGate::settled(Time now, const Request&, const AttemptOutcome& outcome) {
    const LoadSign sign = loadSignOf(outcome);
    if (sign == LoadSign::shed && now - outcome.latency >= refusal_) {
        refused_ = true;
        refusal_ = now;
        refusedAt_ = 0.5 * response_.flying();
    }
    response_.settled(now, sign == LoadSign::served ? outcome.latency : Duration{-1});
}

SaturationWindowGate::View SaturationWindowGate::look(Time now) {
    const Reading* latest = reading_.read(now);
    View view;
    view.available = latest != nullptr && latest->state == Reading::State::value &&
                     std::isfinite(latest->value) &&
                     now - latest->sampledAt <= settings_.staleAfter;
    const double initial =
        1.0 / std::max(1.0, kCautiousShare * static_cast<double>(std::max(1, capacity())));
    if (!view.available) {
        expected_ = settings_.fallback;
        age_ = Duration::zero();
        return view;
    }
    view.saturation = std::max(0.0, latest->value);
    view.sampledAt = latest->sampledAt;
    if (reading_.serial() != serialSeen_) {
        serialSeen_ = reading_.serial();
        view.fresh = view.sampledAt != sampleSeen_;
        sampleSeen_ = view.sampledAt;
        if (view.fresh) response_.learn(view.saturation, view.sampledAt);
        if (view.fresh && view.sampledAt > refusal_) refused_ = false;
    }
    view.perRequest =
        settings_.perRequest > 0.0 ? settings_.perRequest : response_.perRequest(initial);
    view.ownThen = response_.matureAt(view.sampledAt);
    const double sinceThen = static_cast<double>(response_.flying()) - view.ownThen;
    view.expected = std::max(0.0, view.saturation + view.perRequest * sinceThen);
    expected_ = view.expected;
    age_ = std::max(Duration::zero(), now - view.sampledAt);
    return view;
}

double SaturationWindowGate::limit(Time now) {
    view_ = look(now);
    double limit = 0.0;
    if (view_.available) {
        limit = steer(now, view_);
    } else if (settings_.fallback < settings_.target) {
        limit = capacity();
    }
    if (refused_) limit = std::min(limit, std::max(1.0, refusedAt_));
    return std::clamp(limit, 0.0, static_cast<double>(std::max(1, capacity())));
}

void SaturationWindowGate::explain(double limit, bool full) {
    reason_.available = view_.available;
    reason_.value = expected_;
    reason_.threshold = settings_.target;
    reason_.age = age_;
    reason_.source = reading_.text();
    if (!view_.available) {
        reason_.code = limit >= 1.0 ? ReasonCode::openByFallback : ReasonCode::closedByFallback;
    } else if (full) {
        reason_.code = limit >= 1.0 ? ReasonCode::atLimit : ReasonCode::closedByThreshold;
    } else {
        reason_.code = ReasonCode::open;
    }
}

void SaturationWindowGate::commonParameters(ParameterVisitor& visitor) {
    visitor.number(gateParameter(type(), "target"), settings_.target);
    visitor.number(gateParameter(type(), "fallback"), settings_.fallback);
    visitor.duration(gateParameter(type(), "stale_after"), settings_.staleAfter);
    visitor.number(gateParameter(type(), "per_request"), settings_.perRequest);
    visitor.duration(gateParameter(type(), "cache_ttl"), reading_.policy().ttl);
}

} // namespace penstock
