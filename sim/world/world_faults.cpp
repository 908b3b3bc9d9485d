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
    set(fault, endpoint, true);
    if (fault.kind == FaultKind::replicaKilled && fault.lasting == Duration{0}) {
        set(fault, endpoint, false); // a crash: it starts again at once
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
    set(fault, endpoint, false);
    for (const ActiveFault& a : active_) {
        if (a.fault.kind == fault.kind && (!ofReplica(fault) || a.endpoint == endpoint)) {
            set(a.fault, a.endpoint, true);
        }
    }
}

// What each fault does when it begins (`on`) and undoes when it ends, in one place.
void World::set(const Fault& fault, std::size_t endpoint, bool on) {
    if (ofReplica(fault) && endpoint == kNowhere) return;
    const auto gauges = [&](const auto& change) {
        for (const TargetId target : targetsOf(fault))
            change(target);
    };
    switch (fault.kind) {
    case FaultKind::replicaKilled:
        on ? router_->endpoint(endpoint).kill() : router_->endpoint(endpoint).restore();
        metrics_->setEndpointDown(replicaGauges_[endpoint]->target(), on);
        break;
    case FaultKind::replicaDrained:
        if (on) {
            router_->endpoint(endpoint).drain();
        } else {
            router_->endpoint(endpoint).restore();
            metrics_->setEndpointDown(replicaGauges_[endpoint]->target(), false);
        }
        break;
    case FaultKind::replicaSlow:
        router_->endpoint(endpoint).setSlowFactor(on ? fault.factor : 1.0);
        break;
    case FaultKind::replicaPartition:
        router_->endpoint(endpoint).setPartitioned(on);
        break;
    case FaultKind::routerErrors:
        if (on) {
            trouble_.errorStatus = fault.status;
            trouble_.errorRetryAfter = fault.retryAfter;
        }
        trouble_.errorProbability = on ? fault.probability : 0.0;
        router_->setTrouble(trouble_);
        break;
    case FaultKind::routerLatency:
        trouble_.latency = on ? fault.delay : 0s;
        router_->setTrouble(trouble_);
        break;
    case FaultKind::routerDown:
        trouble_.down = on;
        router_->setTrouble(trouble_);
        metrics_->setEndpointDown(routerGauges_->target(), on);
        break;
    case FaultKind::scrapeFailure:
        gauges([&](TargetId t) { metrics_->setScrapeFailure(t, on ? fault.probability : 0.0); });
        break;
    case FaultKind::metricsFrozen:
        gauges([&](TargetId t) { metrics_->setFrozen(t, on); });
        break;
    case FaultKind::metricsNaN:
        gauges([&](TargetId t) {
            metrics_->setGaugeFault(t, "", on ? GaugeFault::nan : GaugeFault::none);
        });
        break;
    case FaultKind::seriesMissing:
        gauges([&](TargetId t) {
            metrics_->setGaugeFault(t, "", on ? GaugeFault::missing : GaugeFault::none);
        });
        break;
    case FaultKind::clockSkew:
        metrics_->setClockSkew(on ? fault.delay : 0s);
        break;
    case FaultKind::prometheusDown:
        metrics_->setPrometheusDown(on);
        break;
    case FaultKind::queueDown:
        faultyBroker_->setDown(on);
        break;
    case FaultKind::queueSlow:
        faultyBroker_->setLatency(scenario_.broker.roundTrip + (on ? fault.delay : 0s));
        break;
    case FaultKind::queueRestartEmpty:
        if (on) broker_->restartEmpty();
        break;
    case FaultKind::engineCrash: // engineBack() restarts it
        if (on) crashEngine(fault.lasting);
        break;
    case FaultKind::engineDrain:
        if (on) drainEngine(fault.lasting);
        break;
    case FaultKind::autoscalerStuck:
        autoscaler_->setStuck(on);
        break;
    }
}

// A process that still drains can be killed too; it is back when both have said so.
void World::crashEngine(Duration downtime) {
    if (!engineUp_ && engine_->stopped()) return; // no process is there
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
