// SPDX-License-Identifier: Apache-2.0
// What each fault does to the world when it begins, and undoes when it ends.
#include "engine/types/check.h"
#include "sim/world/world.h"

#include <algorithm>

namespace penstock::sim {

using namespace std::chrono_literals;

// Metric faults name "router", "model-servers", one target, or nothing for all.
std::vector<TargetId> World::targetsOf(const Fault& fault) const {
    std::vector<TargetId> targets;
    const bool servers = fault.targetName == "model-servers";
    if (fault.targetName.empty() || fault.targetName == "router") {
        targets.push_back(routerGauges_->target());
    }
    for (std::size_t i = 0; i < replicaGauges_.size(); ++i) {
        const bool named = fault.targetName == podName(scenario_.poolName, i) ||
                           fault.target == static_cast<std::int32_t>(i);
        if (fault.targetName.empty() || servers || named) {
            targets.push_back(replicaGauges_[i]->target());
        }
    }
    return targets;
}

// The replica a fault names, or for faults that name none one after the other.
std::size_t World::endpointOf(std::size_t index, const Fault& fault) const {
    const std::size_t count = router_->endpointCount();
    return (fault.target >= 0 ? static_cast<std::size_t>(fault.target) : index) % count;
}

void World::faultBegins(std::size_t index, const Fault& fault) {
    emit(EventKind::fault, 1, static_cast<std::uint8_t>(fault.kind));
    ++faultsBegun_;
    const std::size_t endpoint = endpointOf(index, fault);
    apply(fault, endpoint);
    if (fault.kind == FaultKind::replicaKilled && fault.lasting == Duration{0}) {
        undo(fault, endpoint); // a crash: it starts again at once
    } else {
        active_.push_back({index, fault, endpoint}); // without an end, until the run's
    }
}

// Faults may overlap: what one of them did is undone only as far as no other one asks for it.
void World::faultEnds(std::size_t index, const Fault& fault) {
    emit(EventKind::fault, 0, static_cast<std::uint8_t>(fault.kind));
    const auto ending = std::find_if(active_.begin(), active_.end(),
                                     [index](const ActiveFault& a) { return a.index == index; });
    PENSTOCK_CHECK(ending != active_.end());
    const std::size_t endpoint = ending->endpoint;
    active_.erase(ending);
    const bool ofEndpoint = fault.kind <= FaultKind::replicaPartition;
    const auto again = [&](const ActiveFault& a) {
        return a.fault.kind == fault.kind && (!ofEndpoint || a.endpoint == endpoint);
    };
    const bool stillGone = fault.kind <= FaultKind::replicaDrained &&
                           std::any_of(active_.begin(), active_.end(), again);
    if (stillGone) return;
    undo(fault, endpoint);
    for (const ActiveFault& a : active_) {
        if (again(a)) apply(a.fault, a.endpoint);
    }
}

void World::apply(const Fault& fault, std::size_t endpoint) {
    Endpoint& replica = router_->endpoint(endpoint);
    switch (fault.kind) {
    case FaultKind::replicaKilled:
        replica.kill();
        metrics_->setEndpointDown(replicaGauges_[endpoint]->target(), true);
        break;
    case FaultKind::replicaDrained: replica.drain(); break;
    case FaultKind::replicaSlow: replica.setSlowFactor(fault.factor); break;
    case FaultKind::replicaPartition: replica.setPartitioned(true); break;
    case FaultKind::routerErrors:
        trouble_.errorStatus = fault.status;
        trouble_.errorProbability = fault.probability;
        trouble_.errorRetryAfter = fault.retryAfter;
        router_->setTrouble(trouble_);
        break;
    case FaultKind::routerLatency:
        trouble_.latency = fault.delay;
        router_->setTrouble(trouble_);
        break;
    case FaultKind::routerDown:
        trouble_.down = true;
        router_->setTrouble(trouble_);
        metrics_->setEndpointDown(routerGauges_->target(), true);
        break;
    case FaultKind::scrapeFailure:
        for (TargetId t : targetsOf(fault)) metrics_->setScrapeFailure(t, fault.probability);
        break;
    case FaultKind::metricsFrozen:
        for (TargetId t : targetsOf(fault)) metrics_->setFrozen(t, true);
        break;
    case FaultKind::metricsNaN:
        for (TargetId t : targetsOf(fault)) metrics_->setGaugeFault(t, "", GaugeFault::nan);
        break;
    case FaultKind::seriesMissing:
        for (TargetId t : targetsOf(fault)) metrics_->setGaugeFault(t, "", GaugeFault::missing);
        break;
    case FaultKind::clockSkew: metrics_->setClockSkew(fault.delay); break;
    case FaultKind::prometheusDown: metrics_->setPrometheusDown(true); break;
    case FaultKind::queueDown: broker_->setDown(true); break;
    case FaultKind::queueSlow:
        broker_->setLatency(scenario_.broker.roundTrip + fault.delay);
        break;
    case FaultKind::queueRestartEmpty: broker_->restartEmpty(); break;
    case FaultKind::engineCrash: crashEngine(fault.lasting); break;
    case FaultKind::engineDrain: drainEngine(fault.lasting); break;
    case FaultKind::autoscalerStuck:
        if (autoscaler_ != nullptr) autoscaler_->setStuck(true);
        break;
    }
}

void World::undo(const Fault& fault, std::size_t endpoint) {
    Endpoint& replica = router_->endpoint(endpoint);
    switch (fault.kind) {
    case FaultKind::replicaKilled:
        replica.restore();
        metrics_->setEndpointDown(replicaGauges_[endpoint]->target(), false);
        break;
    case FaultKind::replicaDrained: replica.restore(); break;
    case FaultKind::replicaSlow: replica.setSlowFactor(1.0); break;
    case FaultKind::replicaPartition: replica.setPartitioned(false); break;
    case FaultKind::routerErrors:
        trouble_.errorProbability = 0.0;
        router_->setTrouble(trouble_);
        break;
    case FaultKind::routerLatency:
        trouble_.latency = 0s;
        router_->setTrouble(trouble_);
        break;
    case FaultKind::routerDown:
        trouble_.down = false;
        router_->setTrouble(trouble_);
        metrics_->setEndpointDown(routerGauges_->target(), false);
        break;
    case FaultKind::scrapeFailure:
        for (TargetId t : targetsOf(fault)) metrics_->setScrapeFailure(t, 0.0);
        break;
    case FaultKind::metricsFrozen:
        for (TargetId t : targetsOf(fault)) metrics_->setFrozen(t, false);
        break;
    case FaultKind::metricsNaN:
    case FaultKind::seriesMissing:
        for (TargetId t : targetsOf(fault)) metrics_->setGaugeFault(t, "", GaugeFault::none);
        break;
    case FaultKind::clockSkew: metrics_->setClockSkew(0s); break;
    case FaultKind::prometheusDown: metrics_->setPrometheusDown(false); break;
    case FaultKind::queueDown: broker_->setDown(false); break;
    case FaultKind::queueSlow: broker_->setLatency(scenario_.broker.roundTrip); break;
    case FaultKind::queueRestartEmpty: break;
    case FaultKind::engineCrash:
    case FaultKind::engineDrain: break; // engineBack() restarts it
    case FaultKind::autoscalerStuck:
        if (autoscaler_ != nullptr) autoscaler_->setStuck(false);
        break;
    }
}

void World::crashEngine(Duration downtime) {
    if (!engineUp_) return;
    engineUp_ = false;
    emit(EventKind::engine, 1, 0);
    dispatcher_->crash();
    broker_->killedOwner();
    loop_.arm(engineTimer_, loop_.now() + downtime);
}

void World::drainEngine(Duration downtime) {
    if (!engineUp_) return;
    engineUp_ = false;
    emit(EventKind::engine, 2, 0);
    dispatcher_->stop(scenario_.engine.drainTimeout);
    loop_.arm(engineTimer_, loop_.now() + downtime);
}

void World::engineBack() {
    if (!dispatcher_->stopped()) { // still draining: a new process takes over when it is done
        loop_.arm(engineTimer_, loop_.now() + 100ms);
        return;
    }
    startEngine();
}

void World::poisoned() { poisonCrash_->soon(); }

} // namespace penstock::sim
