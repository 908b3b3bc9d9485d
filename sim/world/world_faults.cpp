// SPDX-License-Identifier: Apache-2.0
// What each fault does to the world when it begins, and undoes when it ends.
#include "engine/types/check.h"
#include "sim/world/world.h"

#include <algorithm>

namespace penstock::sim {

using namespace std::chrono_literals;

// Metric faults name "router", "model-servers", one target or a replica's, or nothing for all.
std::vector<TargetId> World::targetsOf(const Fault& fault) const {
    std::vector<TargetId> targets;
    const bool all = fault.targetName.empty() && fault.target < 0;
    const bool servers = fault.targetName == "model-servers";
    if (all || fault.targetName == "router") targets.push_back(routerGauges_->target());
    for (std::size_t i = 0; i < replicaGauges_.size(); ++i) {
        const bool named = fault.targetName == podName(scenario_.poolName, i) ||
                           fault.target == static_cast<std::int32_t>(i);
        if (all || servers || named) targets.push_back(replicaGauges_[i]->target());
    }
    return targets;
}

bool World::ofReplica(const Fault& fault) {
    return fault.kind <= FaultKind::replicaPartition;
}

// Not yet added by the autoscaler, scaled away, or on its way there: a fault has nothing to hit.
bool World::present(std::size_t endpoint) const {
    if (endpoint >= router_->endpointCount()) return false;
    const Endpoint& replica = router_->endpoint(endpoint);
    const bool drainedByFault =
        std::any_of(active_.begin(), active_.end(), [endpoint](const ActiveFault& a) {
            return a.fault.kind == FaultKind::replicaDrained && a.endpoint == endpoint;
        });
    return drainedByFault || (!replica.released() && !replica.draining());
}

// The replica a fault names, or for faults that name none those that are there one after the other.
std::size_t World::endpointOf(std::size_t index, const Fault& fault) const {
    if (!ofReplica(fault)) return kNowhere;
    if (fault.target >= 0) {
        const auto named = static_cast<std::size_t>(fault.target);
        return present(named) ? named : kNowhere;
    }
    std::vector<std::size_t> there;
    for (std::size_t i = 0; i < router_->endpointCount(); ++i) {
        if (present(i)) there.push_back(i);
    }
    return there.empty() ? kNowhere : there[index % there.size()];
}

void World::tellFault(const Fault& fault, std::size_t endpoint, std::uint8_t code) {
    const double replica = endpoint == kNowhere ? -1.0 : static_cast<double>(endpoint);
    emit(EventKind::fault, code, static_cast<std::size_t>(fault.kind), replica);
}

void World::faultBegins(std::size_t index, const Fault& fault) {
    const std::size_t endpoint = endpointOf(index, fault);
    tellFault(fault, endpoint, 1);
    ++faultsBegun_;
    apply(fault, endpoint);
    if (fault.kind == FaultKind::replicaKilled && fault.lasting == Duration{0}) {
        undo(fault, endpoint); // a crash: it starts again at once
    } else {
        active_.push_back({index, fault, endpoint}); // without an end, until the run's
    }
}

// Faults may overlap: what one of them did is undone only as far as no other one asks for it.
void World::faultEnds(std::size_t index, const Fault& fault) {
    const auto ending = std::find_if(active_.begin(), active_.end(),
                                     [index](const ActiveFault& a) { return a.index == index; });
    PENSTOCK_CHECK(ending != active_.end());
    const std::size_t endpoint = ending->endpoint;
    tellFault(fault, endpoint, 0);
    active_.erase(ending);
    // A replica that one fault has killed and another has drained is back after both.
    const auto takesAway = [](const Fault& f) { return f.kind <= FaultKind::replicaDrained; };
    const bool stillGone =
        takesAway(fault) && std::any_of(active_.begin(), active_.end(), [&](const ActiveFault& a) {
            return takesAway(a.fault) && a.endpoint == endpoint;
        });
    if (stillGone) return;
    undo(fault, endpoint);
    for (const ActiveFault& a : active_) {
        if (a.fault.kind == fault.kind && (!ofReplica(fault) || a.endpoint == endpoint)) {
            apply(a.fault, a.endpoint);
        }
    }
}

void World::applyTo(Endpoint& replica, TargetId metrics, const Fault& fault) {
    switch (fault.kind) {
    case FaultKind::replicaKilled:
        replica.kill();
        metrics_->setEndpointDown(metrics, true);
        break;
    case FaultKind::replicaDrained:
        replica.drain();
        break;
    case FaultKind::replicaSlow:
        replica.setSlowFactor(fault.factor);
        break;
    case FaultKind::replicaPartition:
        replica.setPartitioned(true);
        break;
    default:
        PENSTOCK_CHECK(!"a fault of a replica");
    }
}

void World::undoOn(Endpoint& replica, TargetId metrics, const Fault& fault) {
    switch (fault.kind) {
    case FaultKind::replicaKilled:
    case FaultKind::replicaDrained:
        replica.restore();
        metrics_->setEndpointDown(metrics, false);
        break;
    case FaultKind::replicaSlow:
        replica.setSlowFactor(1.0);
        break;
    case FaultKind::replicaPartition:
        replica.setPartitioned(false);
        break;
    default:
        PENSTOCK_CHECK(!"a fault of a replica");
    }
}

void World::apply(const Fault& fault, std::size_t endpoint) {
    switch (fault.kind) {
    case FaultKind::replicaKilled:
    case FaultKind::replicaDrained:
    case FaultKind::replicaSlow:
    case FaultKind::replicaPartition:
        if (endpoint == kNowhere) break;
        applyTo(router_->endpoint(endpoint), replicaGauges_[endpoint]->target(), fault);
        break;
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
        for (TargetId t : targetsOf(fault))
            metrics_->setScrapeFailure(t, fault.probability);
        break;
    case FaultKind::metricsFrozen:
        for (TargetId t : targetsOf(fault))
            metrics_->setFrozen(t, true);
        break;
    case FaultKind::metricsNaN:
        for (TargetId t : targetsOf(fault))
            metrics_->setGaugeFault(t, "", GaugeFault::nan);
        break;
    case FaultKind::seriesMissing:
        for (TargetId t : targetsOf(fault))
            metrics_->setGaugeFault(t, "", GaugeFault::missing);
        break;
    case FaultKind::clockSkew:
        metrics_->setClockSkew(fault.delay);
        break;
    case FaultKind::prometheusDown:
        metrics_->setPrometheusDown(true);
        break;
    case FaultKind::queueDown:
        faultyBroker_->setDown(true);
        break;
    case FaultKind::queueSlow:
        faultyBroker_->setLatency(scenario_.broker.roundTrip + fault.delay);
        break;
    case FaultKind::queueRestartEmpty:
        broker_->restartEmpty();
        break;
    case FaultKind::engineCrash:
        crashEngine(fault.lasting);
        break;
    case FaultKind::engineDrain:
        drainEngine(fault.lasting);
        break;
    case FaultKind::autoscalerStuck:
        autoscaler_->setStuck(true);
        break;
    }
}

void World::undo(const Fault& fault, std::size_t endpoint) {
    switch (fault.kind) {
    case FaultKind::replicaKilled:
    case FaultKind::replicaDrained:
    case FaultKind::replicaSlow:
    case FaultKind::replicaPartition:
        if (endpoint == kNowhere) break;
        undoOn(router_->endpoint(endpoint), replicaGauges_[endpoint]->target(), fault);
        break;
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
        for (TargetId t : targetsOf(fault))
            metrics_->setScrapeFailure(t, 0.0);
        break;
    case FaultKind::metricsFrozen:
        for (TargetId t : targetsOf(fault))
            metrics_->setFrozen(t, false);
        break;
    case FaultKind::metricsNaN:
    case FaultKind::seriesMissing:
        for (TargetId t : targetsOf(fault))
            metrics_->setGaugeFault(t, "", GaugeFault::none);
        break;
    case FaultKind::clockSkew:
        metrics_->setClockSkew(0s);
        break;
    case FaultKind::prometheusDown:
        metrics_->setPrometheusDown(false);
        break;
    case FaultKind::queueDown:
        faultyBroker_->setDown(false);
        break;
    case FaultKind::queueSlow:
        faultyBroker_->setLatency(scenario_.broker.roundTrip);
        break;
    case FaultKind::queueRestartEmpty:
        break;
    case FaultKind::engineCrash:
    case FaultKind::engineDrain:
        break; // engineBack() restarts it
    case FaultKind::autoscalerStuck:
        autoscaler_->setStuck(false);
        break;
    }
}

// A process that still drains can be killed too; it is back when both have said so.
void World::crashEngine(Duration downtime) {
    if (!engineUp_ && engine_->stopped()) return; // nobody is there
    Time back = loop_.now() + downtime;
    if (engineTimer_.armed()) back = std::max(back, engineTimer_.due());
    engineUp_ = false;
    engine_->crash();
    faultyBroker_->killedOwner();
    loop_.arm(engineTimer_, back);
}

void World::drainEngine(Duration downtime) {
    if (!engineUp_) return;
    engineUp_ = false;
    engine_->stop(scenario_.engine.drainTimeout);
    loop_.arm(engineTimer_, loop_.now() + downtime);
}

void World::engineBack() {
    if (!engine_->stopped()) { // still draining: a new process takes over when it is done
        loop_.arm(engineTimer_, loop_.now() + 100ms);
        return;
    }
    startEngine();
}

void World::poisoned() {
    poisonCrash_->soon();
}

} // namespace penstock::sim
