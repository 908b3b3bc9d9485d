// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/saturation_window_gate.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

// Until a sample has taught better, a quarter of the workers is taken to saturate the pool: the
// first burst is then small whatever the pool is.
constexpr double kCautiousShare = 0.25;

constexpr std::string_view kBrakeSource = "speed of our own answers";

} // namespace

SaturationWindowGate::SaturationWindowGate(Steering settings, MetricSource& source,
                                           CachePolicy cache, WindowOwner owner)
    : WindowGate(owner), settings_(std::move(settings)),
      reading_(source, MetricQuery{.text = settings_.query}, cache, *this),
      brake_(settings_.brake) {}

void SaturationWindowGate::onSent(Time now, const Request&) {
    response_.sent(now);
}

void SaturationWindowGate::onSettled(Time now, const Request&, const AttemptOutcome& outcome) {
    const LoadSign sign = loadSignOf(outcome);
    if (sign == LoadSign::shed && now - outcome.latency >= refusal_) {
        refused_ = true;
        refusal_ = now;
        refusedAt_ = 0.5 * response_.flying();
    }
    if (sign == LoadSign::served) {
        brake_.answered(now, outcome.latency, outcome.outputTokens, response_.flying());
    }
    response_.settled(now, sign == LoadSign::served ? outcome.latency : Duration{-1});
}

Time SaturationWindowGate::ownRecheckAt() const {
    return std::min(reading_.expiresAt(), brake_.recheckAt(limitAt_));
}

SaturationWindowGate::View SaturationWindowGate::look(Time now) {
    const Reading* latest = reading_.read(now);
    View view;
    view.available = latest != nullptr && latest->state == Reading::State::value &&
                     std::isfinite(latest->value) &&
                     now - latest->sampledAt <= settings_.staleAfter;
    const double initial = 1.0 / std::max(1.0, kCautiousShare * places());
    if (!view.available) {
        expected_ = settings_.fallback;
        age_ = Duration::zero();
        return view;
    }
    if (reading_.serial() != serialSeen_) {
        serialSeen_ = reading_.serial();
        if (latest->sampledAt != sampleSeen_) judge(now, *latest);
        sampleSeen_ = latest->sampledAt;
    }
    view.saturation = saturation_;
    view.sampledAt = sampledAt_;
    view.ownThen = ownThen_;
    view.perRequest =
        settings_.perRequest > 0.0 ? settings_.perRequest : response_.perRequest(initial);
    const double sinceThen = static_cast<double>(response_.flying()) - view.ownThen;
    view.expected = std::max(0.0, view.saturation + view.perRequest * sinceThen);
    expected_ = view.expected;
    age_ = std::max(Duration::zero(), now - view.sampledAt);
    return view;
}

// A new sample: does it tell of now?
void SaturationWindowGate::judge(Time now, const Reading& reading) {
    const double saturation = std::max(0.0, reading.value);
    if (reading.sampledAt > refusal_) refused_ = false;
    if (brake_.duringSlowSpell(reading.sampledAt)) {
        if (saturation < settings_.target) {
            brake_.release(now);
        } else if (sampledAt_ != Time{}) {
            return; // closed while the spell lasts, and history after it
        }
    }
    response_.learn(saturation, reading.sampledAt);
    saturation_ = saturation;
    sampledAt_ = reading.sampledAt;
    ownThen_ = response_.matureAt(sampledAt_);
}

double SaturationWindowGate::limit(Time now) {
    view_ = look(now);
    limitAt_ = now;
    braked_ = view_.available && brake_.slow();
    double limit = 0.0;
    if (view_.available) {
        limit = brake_.eased(now, braked_ ? 0.0 : steer(now, view_), response_.flying());
    } else if (settings_.fallback < settings_.target) {
        limit = capacity();
    }
    if (refused_) limit = std::min(limit, std::max(1.0, refusedAt_));
    return std::clamp(limit, 0.0, places());
}

Reason SaturationWindowGate::explain(double limit, bool full) const {
    Reason reason;
    reason.available = view_.available;
    reason.value = expected_;
    reason.threshold = settings_.target;
    reason.age = age_;
    reason.source = reading_.text();
    if (!view_.available) {
        reason.code = limit >= 1.0 ? ReasonCode::openByFallback : ReasonCode::closedByFallback;
    } else if (braked_) {
        reason.code = ReasonCode::closedBySlowdown;
        reason.source = kBrakeSource;
    } else if (full) {
        reason.code = limit >= 1.0 ? ReasonCode::atLimit : ReasonCode::closedByThreshold;
    } else {
        reason.code = ReasonCode::open;
    }
    return reason;
}

void SaturationWindowGate::commonParameters(const GateKnobs& show) {
    show("target", settings_.target);
    show("fallback", settings_.fallback);
    show("stale_after", settings_.staleAfter);
    show("per_request", settings_.perRequest);
    brake_.parameters(show);
    show("cache_ttl", reading_.policy().ttl);
}

} // namespace penstock
