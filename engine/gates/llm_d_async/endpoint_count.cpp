// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/endpoint_count.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

// NaN where there is no reading.
double valueOf(CachedReading& reading, Time now, std::optional<double> absent) {
    const Reading* latest = reading.read(now);
    if (latest == nullptr || latest->state == Reading::State::error) return std::nan("");
    if (latest->state == Reading::State::value) return latest->value;
    return absent.value_or(std::nan(""));
}

} // namespace

EndpointCountGate::EndpointCountGate(Settings settings, MetricSource& source, CachePolicy cache)
    : maxCountPerPod_(settings.maxCountPerPod), absentValue_(settings.absentValue),
      value_(source, std::move(settings.value), cache, *this) {
    if (!settings.pods.url.empty() && !settings.pods.text.empty()) {
        pods_ = std::make_unique<CachedReading>(source, std::move(settings.pods), cache, *this);
    }
}

EndpointCountGate::Places EndpointCountGate::places(Time now) {
    const double value = valueOf(value_, now, absentValue_);
    double most = maxCountPerPod_;
    if (pods_ != nullptr) {
        pods_->policy().ttl = value_.policy().ttl;
        most *= valueOf(*pods_, now, std::nullopt);
    }
    if (countedFor_ != value_.serial()) {
        countedFor_ = value_.serial();
        admitted_ = 0;
    }
    Places out;
    out.reason = {.code = ReasonCode::closedByFallback,
                  .available = std::isfinite(value) && value >= 0.0 && std::isfinite(most),
                  .threshold = static_cast<double>(admitted_),
                  .source = value_.text()};
    if (!out.reason.available) return out;
    const double free = std::clamp(std::floor(most - value), 0.0, 1e9);
    out.left = std::max(0, static_cast<std::int32_t>(free) - admitted_);
    out.reason.value = free;
    out.reason.age = std::max(Duration::zero(), now - value_.latest()->sampledAt);
    out.reason.code = out.left > 0 ? ReasonCode::open : ReasonCode::closedByThreshold;
    return out;
}

Budget EndpointCountGate::budget(Time now) {
    const Places there = places(now);
    return {there.left > 0 ? 1.0 : 0.0, there.reason};
}

Verdict EndpointCountGate::apply(Time now, Request&, Reservations&) {
    const Places there = places(now);
    Verdict verdict;
    verdict.reason = there.reason;
    if (there.left > 0) {
        ++admitted_;
    } else {
        verdict.action = Action::refuse;
    }
    return verdict;
}

Room EndpointCountGate::room(Time now, std::int32_t capacity, std::int32_t inFlight) {
    const Places there = places(now);
    return {std::clamp(capacity - inFlight, 0, there.left), there.reason};
}

Time EndpointCountGate::ownRecheckAt() const {
    return pods_ == nullptr ? value_.expiresAt() : std::min(value_.expiresAt(), pods_->expiresAt());
}

void EndpointCountGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("max_count_per_pod", maxCountPerPod_);
    show("cache_ttl", value_.policy().ttl);
}

} // namespace penstock
