// SPDX-License-Identifier: Apache-2.0
#include "sim/world/autoscaler.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::sim {

namespace {
constexpr double kTolerance = 0.1;
}

Autoscaler::Autoscaler(const AutoscalerSpec& spec, const ReplicaGroup& kind, Router& router,
                       Loop& loop, std::function<std::int64_t()> waiting,
                       std::function<void()> added)
    : spec_(spec), kind_(kind), router_(router), loop_(loop), waiting_(std::move(waiting)),
      added_(std::move(added)) {
    wishes_.push_back({loop_.now(), size()});
    loop_.arm(timer_, loop_.now() + spec_.period);
}

Autoscaler::~Autoscaler() {
    loop_.disarm(timer_);
}

std::int32_t Autoscaler::size() const {
    std::int32_t count = 0;
    for (std::size_t i = 0; i < router_.endpointCount(); ++i) {
        const Endpoint& endpoint = router_.endpoint(i);
        if (!endpoint.released() && !endpoint.draining()) ++count;
    }
    return count;
}

double Autoscaler::metric() {
    using Metric = AutoscalerSpec::Metric;
    if (spec_.metric == Metric::saturation) return router_.saturation();
    double sum = spec_.metric == Metric::waiting ? static_cast<double>(router_.queued()) : 0.0;
    for (std::size_t i = 0; i < router_.endpointCount(); ++i) {
        if (!router_.endpoint(i).ready()) continue;
        const EndpointMetrics m = router_.endpoint(i).readBy(loop_.now());
        sum += spec_.metric == Metric::running   ? m.running
               : spec_.metric == Metric::waiting ? m.waiting
                                                 : m.kvUsed;
    }
    return sum / std::max(1, router_.readyEndpoints());
}

bool Autoscaler::workThere() {
    const std::uint64_t before = std::exchange(submitted_, router_.totals().submitted);
    return submitted_ > before || router_.queued() > 0 || waiting_() > 0;
}

void Autoscaler::decide() {
    const Time now = loop_.now();
    loop_.arm(timer_, now + spec_.period);
    if (stuck_) return;
    const std::int32_t current = size();
    const double ratio = metric() / spec_.target;
    std::int32_t wanted = current;
    if (std::abs(ratio - 1.0) > kTolerance) {
        wanted = static_cast<std::int32_t>(std::ceil(router_.readyEndpoints() * ratio));
    }
    wanted = std::clamp(wanted, workThere() ? std::max(1, spec_.min) : spec_.min, spec_.max);
    wishes_.push_back({now, wanted});
    const Duration memory = std::max(spec_.upDelay, spec_.downDelay);
    while (wishes_.front().at + memory < now)
        wishes_.pop_front();

    std::int32_t lowest = wanted;  // of the last upDelay: growth must have been wished all along
    std::int32_t highest = wanted; // of the last downDelay: what it asked for stays
    for (const Wish& wish : wishes_) {
        if (wish.at + spec_.upDelay >= now) lowest = std::min(lowest, wish.replicas);
        if (wish.at + spec_.downDelay >= now) highest = std::max(highest, wish.replicas);
    }
    if (lowest > current) {
        grow(lowest - current);
    } else if (highest < current) {
        shrink(current - highest);
    }
}

// Every new replica is cold. One that still drains is not taken back: it has been told to end.
void Autoscaler::grow(std::int32_t by) {
    for (std::size_t i = 0; i < router_.endpointCount() && by > 0; ++i) {
        if (!router_.endpoint(i).released()) continue;
        router_.endpoint(i).start(spec_.coldStart);
        --by;
    }
    for (; by > 0; --by) {
        router_.addEndpoint(kind_.config, spec_.coldStart, spec_.coldStart);
        added_();
    }
}

void Autoscaler::shrink(std::int32_t by) {
    for (std::size_t i = router_.endpointCount(); i-- > 0 && by > 0;) {
        Endpoint& endpoint = router_.endpoint(i);
        if (!endpoint.ready() && !endpoint.starting()) continue;
        endpoint.drain();
        --by;
    }
}

} // namespace penstock::sim
