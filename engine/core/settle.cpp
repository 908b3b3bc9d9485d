// SPDX-License-Identifier: Apache-2.0
// What becomes of a request once an answer is there, and every way in which it leaves the engine's
// hands. Reservations are given back before the request can be claimed again.
#include "engine/core/dispatcher_impl.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock {

void Dispatcher::Impl::responded(std::uint32_t attempt, const Response& response) {
    Scope scope(*this);
    Item& item = ledger_[attempt];
    PENSTOCK_CHECK(item.stage == Stage::inFlight);
    touch(poolOf(item));
    settle(item, response);
}

void Dispatcher::Impl::settle(Item& item, const Response& response) {
    Queue& queue = queueOf(item);
    Pool& pool = *pools_[queue.pool];
    const Time now = clockNow();
    const Duration latency = now - item.stageSince;
    const ServiceTiming& t = response.timing;
    LimiterShares& account = head(queue).account();
    account.at(LifeStage::routerQueue) += toSeconds(t.routerQueue);
    account.at(LifeStage::replicaQueue) += toSeconds(t.replicaQueue);
    account.at(LifeStage::prefill) += toSeconds(t.prefill);
    account.at(LifeStage::decode) += toSeconds(t.decode);
    const Duration known = t.routerQueue + t.replicaQueue + t.prefill + t.decode;
    if (latency > known) account.at(LifeStage::other) += toSeconds(latency - known);

    if (observer_ != nullptr) {
        Event event = about(EventKind::response, item.request);
        event.status = response.status;
        const bool read = semantics().dropReasonsRead;
        event.code = read ? static_cast<std::uint8_t>(response.dropped) : 0;
        event.detail = static_cast<std::uint8_t>(response.transport);
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
    case Fate::late:
        endLate(item, t);
        break;
    }
}

void Dispatcher::Impl::retryLater(Item& item, const Response& response) {
    const Time now = clockNow();
    const bool obeyed = semantics().retryAfterObeyed;
    if (obeyed && response.status == 429 && response.retryAfter > Duration{0} &&
        now + response.retryAfter >= clock().effective(item.request.deadline)) {
        end(item, {ResultCode::http, response.status, response.body, response.timing});
        return;
    }
    const double u = loop_.random(RandomStream::backoff, books_.backoffs++);
    const double v = response.retryAfter > Duration{0}
                         ? loop_.random(RandomStream::retryAfterJitter, books_.jitters++)
                         : 0.0;
    const Duration after = obeyed && response.status != 429 ? Duration{-1} : response.retryAfter;
    const RetryPlan plan = planRetry(settings_.backoff, clock(), item.request.retries,
                                     item.request.deadline, now, after, u, v);
    if (!plan.again) {
        endTooLate(item, response);
        return;
    }
    ++item.request.retries;
    if (observer_ != nullptr) {
        Event event = about(EventKind::retry, item.request);
        event.value = toSeconds(plan.backoff);
        event.status = response.status;
        observer_->observe(event);
    }
    head(queueOf(item)).account().at(LifeStage::retryBackoff) += toSeconds(plan.backoff);
    parkUntil(item, plan.due);
}

// No time is left for another attempt, or for this one.
void Dispatcher::Impl::endTooLate(Item& item, const Response& last) {
    switch (semantics().cutOff) {
    case Semantics::CutOff::inferenceError:
        end(item, {ResultCode::inferenceError, 0, "deadline exceeded", last.timing});
        return;
    case Semantics::CutOff::deadlineExceeded:
        endLate(item, last.timing);
        return;
    case Semantics::CutOff::retried:
        break;
    }
    if (last.status <= 0) return endLate(item, last.timing);
    char text[64];
    const auto written = fmt::format_to_n(text, sizeof text,
                                          "deadline exceeded; the last answer was {}", last.status);
    end(item, {ResultCode::deadlineExceeded,
               0,
               {text, std::min(written.size, sizeof text)},
               last.timing});
}

void Dispatcher::Impl::drop(Item& item, const Verdict& verdict, GateSide side) {
    item.ending.side = side;
    if (verdict.dropStatus > 0) {
        end(item, {ResultCode::http, verdict.dropStatus, verdict.dropBody, {}});
    } else {
        end(item, {ResultCode::gateDropped, 0, "Pool gating dropped request", {}});
    }
}

// ---- the ways out. The item is in no list by now.

// Gives back everything it holds but the claim itself.
void Dispatcher::Impl::leave(Item& item, Stage next) {
    loop_.disarm(item);
    item.poolHeld.releaseAll();
    item.queueHeld.releaseAll();
    ledger_.freeSlot(item);
    moveTo(item, next);
}

void Dispatcher::Impl::end(Item& item, const ResultMessage& result) {
    leave(item);
    item.ending = {Ending::Kind::finish, result.code, result.status, result.timing,
                   item.ending.side};
    queueOf(item).port->finish(item.request, result, item.index);
}

void Dispatcher::Impl::parkUntil(Item& item, Time due) {
    Queue& queue = queueOf(item);
    if (due - clockNow() > queue.traits.longestPark) {
        leave(item, Stage::backingOff);
        loop_.arm(item, due);
        return;
    }
    leave(item);
    item.ending = {Ending::Kind::park};
    queue.port->park(item.request, due, item.index);
}

// The broker could not park it: it waited at hand, and is looked at as if just claimed.
void Dispatcher::Impl::backedOff(Item& item) {
    item.waitReported = false;
    moveTo(item, Stage::inbox);
    queueOf(item).inbox.pushBack(ledger_.slab(), item);
    touch(poolOf(item));
}

void Dispatcher::Impl::handBack(Item& item) {
    Queue& queue = queueOf(item);
    if (queue.traits.giveBackIsDelivery) return parkUntil(item, clockNow() + pollInterval());
    leave(item);
    item.ending = {Ending::Kind::giveBack};
    queue.port->giveBack(item.request, item.index);
}

void Dispatcher::Impl::forget(Item& item) {
    leave(item);
    item.ending = {Ending::Kind::forget};
    queueOf(item).port->forget(item.request, item.index);
}

// Another owner has it: there is nothing to tell the broker.
void Dispatcher::Impl::abandon(Item& item) {
    leave(item);
    ledger_.give(item, clockNow());
}

// ---- what the broker says

void Dispatcher::Impl::settled(std::uint32_t claim, Settlement settlement) {
    Item& item = ledger_[claim];
    PENSTOCK_CHECK(item.stage == Stage::settling);
    const Ending& ending = item.ending;
    switch (settlement) {
    case Settlement::deferred:
        return;
    case Settlement::done:
        if (ending.kind == Ending::Kind::finish) {
            tellEnd(item.request, EventKind::finished, static_cast<std::uint8_t>(ending.code),
                    ending.status, ending.timing, ending.side);
        } else if (ending.kind == Ending::Kind::forget) {
            tellEnd(item.request, EventKind::lost, 0, 0, {});
        }
        break;
    case Settlement::refused:
        tellLeaseLost(item);
        break;
    case Settlement::lost:
        tellEnd(item.request, EventKind::lost, 0, 0, ending.timing);
        break;
    }
    ledger_.give(item, clockNow());
}

// What flies is cut off: its answer would be for nothing. What is at hand goes no further than to
// its send, or to an end that the broker refuses.
void Dispatcher::Impl::leaseLost(std::uint16_t queue, const Request& request) {
    Scope scope(*this);
    for (std::uint32_t i = 0; i < ledger_.capacity(); ++i) {
        Item& item = ledger_[i];
        const bool same = item.stage != Stage::free && item.request.queue == queue &&
                          item.request.handle == request.handle &&
                          item.request.claimEpoch == request.claimEpoch;
        if (!same) continue;
        tellLeaseLost(item);
        if (item.stage != Stage::inFlight) return;
        client_.abort(i);
        touch(poolOf(item));
        return abandon(item);
    }
}

} // namespace penstock
