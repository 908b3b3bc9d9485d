// SPDX-License-Identifier: Apache-2.0
// What becomes of a request once an answer is there, and every way in which it leaves the engine's
// hands. Reservations are given back before the request can be claimed again.
#include "engine/core/dispatcher_impl.h"

namespace penstock {

namespace {
LifeStage spentIn(Stage stage) {
    switch (stage) {
    case Stage::asking:
    case Stage::parked:
    case Stage::waiting:
        return LifeStage::gate;
    default:
        return LifeStage::workerSlot;
    }
}
} // namespace

void Dispatcher::Impl::moveTo(Item& item, Stage stage) {
    const Time now = clockNow();
    if (item.stage != Stage::inFlight && now > item.stageSince) {
        queueOf(item).head.account().at(spentIn(item.stage)) += toSeconds(now - item.stageSince);
    }
    item.stage = stage;
    item.stageSince = now;
}

void Dispatcher::Impl::settle(Item& item, const Response& response) {
    Queue& queue = queueOf(item);
    Pool& pool = *pools_[queue.pool];
    const Time now = clockNow();
    const Duration latency = now - item.stageSince;
    const ServiceTiming& t = response.timing;
    LimiterShares& account = queue.head.account();
    account.at(LifeStage::routerQueue) += toSeconds(t.routerQueue);
    account.at(LifeStage::replicaQueue) += toSeconds(t.replicaQueue);
    account.at(LifeStage::prefill) += toSeconds(t.prefill);
    account.at(LifeStage::decode) += toSeconds(t.decode);
    const Duration known = t.routerQueue + t.replicaQueue + t.prefill + t.decode;
    if (latency > known) account.at(LifeStage::other) += toSeconds(latency - known);

    if (observer_ != nullptr) {
        Event event = about(EventKind::response, item);
        event.status = response.status;
        event.code = static_cast<std::uint8_t>(response.dropped);
        event.aux = static_cast<std::uint8_t>(response.transport);
        event.value = toSeconds(latency);
        observer_->observe(event);
    }
    if (queue.gate != nullptr || pool.gate != nullptr) {
        const AttemptOutcome outcome{latency, response.status, response.transport, response.dropped,
                                     t.outputTokens};
        if (queue.gate != nullptr) queue.gate->settled(now, item.request, outcome);
        if (pool.gate != nullptr) pool.gate->settled(now, item.request, outcome);
    }
    switch (classify(response, semantics())) {
    case Fate::result:
        end(item, {ResultCode::http, response.status, response.body, t});
        break;
    case Fate::retry:
        retryLater(item, response);
        break;
    case Fate::failed:
        end(item, {ResultCode::inferenceError, 0, name(response.transport), t});
        break;
    }
}

void Dispatcher::Impl::retryLater(Item& item, const Response& response) {
    const Time now = clockNow();
    const double u = loop_.random(RandomStream::backoff, backoffs_++);
    const double v = response.retryAfter > Duration{0}
                         ? loop_.random(RandomStream::retryAfterJitter, jitters_++)
                         : 0.0;
    const RetryPlan plan = planRetry(settings.backoff, clock(), item.request.retries,
                                     item.request.deadline, now, response.retryAfter, u, v);
    if (!plan.again) {
        if (response.status > 0) {
            end(item, {ResultCode::http, response.status, response.body, response.timing});
        } else {
            end(item, {ResultCode::deadlineExceeded, 0, "deadline exceeded", response.timing});
        }
        return;
    }
    ++item.request.retries;
    if (observer_ != nullptr) {
        Event event = about(EventKind::retry, item);
        event.value = toSeconds(plan.backoff);
        event.status = response.status;
        observer_->observe(event);
    }
    queueOf(item).head.account().at(LifeStage::retryBackoff) += toSeconds(plan.backoff);
    parkUntil(item, plan.due);
}

void Dispatcher::Impl::drop(Item& item, const Verdict& verdict) {
    if (verdict.dropStatus > 0) {
        end(item, {ResultCode::http, verdict.dropStatus, verdict.dropBody, {}});
    } else {
        end(item, {ResultCode::gateDropped, 0, "Pool gating dropped request", {}});
    }
}

// ---- the ways out. The item is in no list by now.

// Gives back everything it holds but the claim itself.
void Dispatcher::Impl::leave(Item& item) {
    Queue& queue = queueOf(item);
    Pool& pool = *pools_[queue.pool];
    loop_.disarm(item);
    item.poolHeld.releaseAll();
    item.queueHeld.releaseAll();
    freeSlot(pool, item);
    if (item.stage == Stage::inFlight) {
        --pool.inFlight;
        --queue.inFlight;
    } else {
        --queue.atHand;
    }
    moveTo(item, Stage::free);
}

void Dispatcher::Impl::end(Item& item, const ResultMessage& result) {
    Queue& queue = queueOf(item);
    if (queue.port->claimState(item.request) == ClaimState::held && observer_ != nullptr) {
        Event event = about(EventKind::finished, item);
        event.code = static_cast<std::uint8_t>(result.code);
        event.status = result.status;
        observer_->observe(event);
        observer_->ended(item.request, result.timing);
    }
    leave(item);
    queue.port->finish(item.request, result);
    slab_.give(item);
}

void Dispatcher::Impl::parkUntil(Item& item, Time due) {
    Queue& queue = queueOf(item);
    leave(item);
    queue.port->park(item.request, due);
    slab_.give(item);
}

void Dispatcher::Impl::handBack(Item& item) {
    Queue& queue = queueOf(item);
    leave(item);
    queue.port->giveBack(item.request);
    slab_.give(item);
}

} // namespace penstock
