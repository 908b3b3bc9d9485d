// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replica, part 4: how time passes, one change of the batch after another. Included by replica.h,
// which declares it.
#include "sim/fleet/replica.h"

namespace penstock::sim {

// When an idle replica begins something if nothing else is asked.
template <class Store>
PENSTOCK_HD std::int64_t Replica<Store>::idleStart() const {
    std::int64_t start = inApi_.empty() ? kNeverNs : inApi_.top().key;
    if (waiting_ > 0) {
        const bool full = config_.mode != BatchMode::staticBatch || waiting_ >= slots();
        const std::int64_t ripe = full ? time_ : config_.batchRipeAt(oldestWaiting());
        if (ripe < start) start = ripe;
    }
    return start < time_ ? time_ : start;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::findNextEvent() {
    if (phase_ == Phase::idle) {
        nextEvent_ = idleStart();
        return;
    }
    if (phase_ == Phase::mixedStep) {
        nextEvent_ = stepEnd_;
        return;
    }
    std::int64_t next = runEnd_;
    if (cutFrom_ < next) {
        const std::int64_t cut = run_.boundaryAfter(cutFrom_);
        if (cut < next) next = cut;
    }
    // An arrival matters at the first boundary after it, unless it cannot get in anyway.
    std::int64_t tryFrom = retryFrom_;
    const bool arrivalsMatter =
        blocked_ == Blocked::no ||
        (blocked_ == Blocked::byRoom && config_.policy == SchedulingPolicy::priority);
    if (arrivalsMatter && config_.mode != BatchMode::staticBatch && !inApi_.empty() &&
        inApi_.top().key < tryFrom) {
        tryFrom = inApi_.top().key;
    }
    if (tryFrom < next) {
        const std::int64_t attempt = run_.boundaryAfter(tryFrom);
        if (attempt < next) next = attempt;
    }
    nextEvent_ = next;
}

// Takes the blocks that the first k steps of the run need.
template <class Store>
PENSTOCK_HD void Replica<Store>::settleBlocks(std::int64_t k) {
    if (k <= runSettled_) return;
    takeBlocks(growth_.needed(steps_, k, decoding_) -
               growth_.needed(steps_, runSettled_, decoding_));
    runSettled_ = k;
}

// Brings the aggregates to the end of the run's kth step, which is now.
template <class Store>
PENSTOCK_HD void Replica<Store>::endRun(std::int64_t k) {
    settleBlocks(k);
    time_ = run_.end(k);
    busyNs_ += time_ - run_.start;
    steps_ += k;
    contextSum_ += decoding_ * k;
    generatedTotal_ += decoding_ * k;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::startDecoding(std::int32_t slot, std::int32_t context) {
    Slot& s = slots_[slot];
    s.state = State::decode;
    s.finishStep = steps_ + s.output - s.produced;
    growth_.add(context, steps_);
    contextSum_ += context;
    ++decoding_;
    finishing_.push(places_, s.finishStep, s.admission, slot);
}

// Takes a sequence out of the aggregates of the decoding ones, but not out of the heap.
template <class Store>
PENSTOCK_HD void Replica<Store>::stopDecoding(std::int32_t slot) {
    const std::int64_t context = contextOf(slots_[slot]);
    growth_.remove(context, steps_);
    contextSum_ -= context;
    --decoding_;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::leaveRunning(std::int32_t slot, std::int64_t tokens,
                                              std::int64_t blocks) {
    releaseBlocks(slot, tokens, blocks);
    unlink(runningList_, slot);
    --running_;
    PENSTOCK_CHECK(running_ > 0 || used_ == 0);
    if (config_.mode == BatchMode::staticBatch) {
        const Slot& s = slots_[slot];
        heldFootprint_ -= growth_.blocksFor(static_cast<std::int64_t>(s.prompt) + s.output - 1);
    }
}

// The last token is out; `tokens` are in the KV cache. Members of a static batch stay.
template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::finish(std::int64_t t, std::int32_t slot, std::int64_t tokens,
                                        Sink& sink) {
    Slot& s = slots_[slot];
    s.produced = s.output;
    if (config_.mode == BatchMode::staticBatch && s.state != State::held) {
        s.state = State::held;
        s.computed = static_cast<std::int32_t>(tokens);
        s.blocks = static_cast<std::int32_t>(growth_.blocksFor(tokens));
        heldContext_ += tokens;
        return;
    }
    leaveRunning(slot, tokens, growth_.blocksFor(tokens));
    const std::uint64_t id = s.id;
    if (s.cancelled) {
        discard(s, steps_);
        dropSlot(slot);
        --cancelledRunning_;
        return;
    }
    dropSlot(slot);
    ++finishedTotal_;
    sink.finished(id, t);
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::releaseHeld(std::int64_t t, Sink& sink) {
    for (std::int32_t slot = runningList_.head; slot >= 0;) {
        const std::int32_t next = links_[slot].next;
        heldContext_ -= slots_[slot].computed;
        finish(t, slot, slots_[slot].computed, sink);
        slot = next;
    }
    batchLeft_ = 0;
}

// The prefill part of a mixed step is over.
template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::endPrefills(std::int64_t t, Sink& sink) {
    std::int32_t slot = firstPrefill_;
    firstPrefill_ = -1;
    while (slot >= 0) {
        Slot& s = slots_[slot];
        const std::int32_t next = links_[slot].next;
        s.computed += s.chunk;
        const std::int32_t target = targetOf(s);
        if (s.computed < target) {
            PENSTOCK_CHECK(next < 0); // it took all the step's tokens
            prefillContext_ += s.chunk;
            firstPrefill_ = slot;
            return;
        }
        prefillContext_ -= s.computed - s.chunk;
        const bool first = s.produced == 0;
        const bool report = first && !s.cancelled;
        const std::uint64_t id = s.id;
        ++s.produced;
        ++generatedTotal_;
        if (first) promptTotal_ += s.prompt;
        const bool last = s.produced == s.output;
        if (!last) startDecoding(slot, target);
        if (report) sink.firstToken(id, t);
        if (last) finish(t, slot, target, sink);
        slot = next;
    }
}

// Whatever it has had came to nothing.
template <class Store>
PENSTOCK_HD void Replica<Store>::discard(const Slot& s, std::int64_t steps) {
    const std::int64_t produced = producedOf(s, steps);
    discardedTotal_ += produced;
    if (produced > 0) discardedPrompts_ += s.prompt;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::removeCancelled() {
    for (std::int32_t slot = runningList_.head; cancelledRunning_ > 0 && slot >= 0;) {
        Slot& s = slots_[slot];
        const std::int32_t next = links_[slot].next;
        if (s.cancelled) {
            discard(s, steps_);
            std::int64_t tokens = s.computed;
            std::int64_t blocks = s.blocks;
            if (s.state == State::decode) {
                tokens = contextOf(s);
                blocks = growth_.blocksFor(tokens);
                finishing_.remove(places_, slot);
                stopDecoding(slot);
            } else if (s.state == State::held) {
                heldContext_ -= tokens;
            } else {
                prefillContext_ -= tokens;
                if (firstPrefill_ == slot) firstPrefill_ = next;
            }
            leaveRunning(slot, tokens, blocks);
            dropSlot(slot);
            --cancelledRunning_;
        }
        slot = next;
    }
}

// A step ended at t and the batch changes: who is done leaves, and the next step is decided.
template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::boundary(std::int64_t t, Sink& sink) {
    time_ = t;
    while (!finishing_.empty() && finishing_.top().key == steps_) {
        const std::int32_t slot = finishing_.pop(places_);
        const std::int64_t tokens = contextOf(slots_[slot]);
        stopDecoding(slot);
        finish(t, slot, tokens, sink);
    }
    endPrefills(t, sink);
    removeCancelled();
    if (running_ == 0) {
        phase_ = Phase::idle;
        blocked_ = Blocked::no;
        batchLeft_ = 0;
        return;
    }
    enterQueueBefore(t);
    schedule(t, nullptr, sink);
}

// One may get in at this boundary; if not, the batch has not changed and the run goes on.
template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::tryToAdmit(std::int64_t t, Sink& sink) {
    const std::int64_t k = run_.stepsOverAt(t);
    retryFrom_ = kNeverNs;
    enterQueueBefore(t);
    if (waiting_ == 0) return;
    // The coming step's decoders come first, whether or not others join them.
    settleBlocks(k + 1);
    const Fit fit = fitHead(config_.maxNumBatchedTokens - decoding_);
    blocked_ = fit.blocked;
    if (!fit.fits) {
        if (fit.mayFitLater) retryFrom_ = t;
        return;
    }
    endRun(k);
    schedule(t, &fit, sink);
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::startFromIdle(std::int64_t t, Sink& sink) {
    enterQueueBefore(t + 1);
    if (config_.mode == BatchMode::staticBatch) {
        const bool full = waiting_ >= slots();
        if (!full && config_.batchRipeAt(oldestWaiting()) > t) return;
        batchLeft_ = full ? slots() : static_cast<std::int32_t>(waiting_);
    }
    schedule(t, nullptr, sink);
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::advance(std::int64_t now, Sink& sink) {
    PENSTOCK_CHECK(!reporting_ && now >= time_);
    reporting_ = true;
    while (nextEvent_ <= now) {
        const std::int64_t t = nextEvent_;
        time_ = t;
        if (phase_ == Phase::idle) {
            startFromIdle(t, sink);
        } else if (phase_ == Phase::mixedStep) {
            busyNs_ += t - stepStart_;
            ++steps_;
            contextSum_ += decoding_;
            generatedTotal_ += decoding_;
            boundary(t, sink);
        } else if (t == runEnd_) {
            endRun(runSteps_);
            boundary(t, sink);
        } else if (cutFrom_ < t && t == run_.boundaryAfter(cutFrom_)) {
            endRun(run_.stepsOverAt(t));
            boundary(t, sink);
        } else {
            tryToAdmit(t, sink);
        }
        findNextEvent();
    }
    reporting_ = false;
}

template <class Store>
template <class Sink>
PENSTOCK_HD bool Replica<Store>::cancel(std::int64_t now, std::int32_t slot, std::uint64_t id,
                                        Sink& sink) {
    advance(now, sink);
    if (slot < 0 || slot >= slotsMade_) return false;
    if (phase_ == Phase::decodeRun) {
        // What met a boundary since the run began is waiting, though it was not looked at.
        enterQueueBefore(run_.end(run_.stepsOverAt(now)));
    }
    Slot& s = slots_[slot];
    if (s.state == State::unused || s.id != id || s.cancelled) return false;
    if (s.state == State::inApi) {
        inApi_.remove(places_, slot);
        dropSlot(slot);
    } else if (s.state == State::waiting) {
        const bool head = slot == waitingHead();
        discard(s, steps_); // it may have been preempted
        dequeue(slot);
        dropSlot(slot);
        // The next in line may need less room than the head did.
        if (head && blocked_ == Blocked::byRoom) {
            blocked_ = Blocked::no;
            if (now < retryFrom_) retryFrom_ = now;
        }
        if (waiting_ == 0) blocked_ = Blocked::no;
    } else {
        s.cancelled = true;
        ++cancelledRunning_;
        if (now < cutFrom_) cutFrom_ = now;
    }
    findNextEvent();
    return true;
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::setSlowFactor(std::int64_t now, double factor, Sink& sink) {
    PENSTOCK_CHECK(factor > 0.0);
    advance(now, sink);
    slow_ = factor;
    if (now < cutFrom_) cutFrom_ = now;
    findNextEvent();
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::kill(std::int64_t now, Sink& sink) {
    advance(now, sink);
    std::int64_t steps = steps_;
    if (phase_ == Phase::decodeRun) {
        const std::int64_t k = run_.stepsOverAt(now);
        steps += k;
        generatedTotal_ += decoding_ * k;
        enterQueueBefore(run_.end(k));
        busyNs_ += now - run_.start;
    } else if (phase_ == Phase::mixedStep) {
        busyNs_ += now - stepStart_;
    }
    // Everyone into one list and the replica to a fresh start, before anybody hears of it: a sink
    // may submit anew.
    List everyone = runningList_;
    runningList_ = List{};
    while (waiting_ > 0) {
        const std::int32_t slot = waitingHead();
        dequeue(slot);
        append(everyone, slot);
    }
    while (!inApi_.empty())
        append(everyone, inApi_.pop(places_));
    finishing_.clear();
    firstPrefill_ = -1;
    running_ = decoding_ = contextSum_ = prefillContext_ = heldContext_ = heldFootprint_ = 0;
    used_ = 0;
    cancelledRunning_ = batchLeft_ = 0;
    growth_ = BlockGrowth{};
    growth_.setBlockSize(config_.blockSize);
    if (config_.prefixCache) cache_.reset(config_.kvBlocks, config_.cacheUnitBlocks);
    phase_ = Phase::idle;
    blocked_ = Blocked::no;
    time_ = now;

    reporting_ = true;
    for (std::int32_t slot = everyone.head; slot >= 0;) {
        const std::int32_t next = links_[slot].next;
        const std::uint64_t id = slots_[slot].id;
        const bool report = !slots_[slot].cancelled;
        discard(slots_[slot], steps);
        dropSlot(slot);
        if (report) sink.lost(id, now);
        slot = next;
    }
    reporting_ = false;
    findNextEvent();
}

template <class Store>
PENSTOCK_HD Observation Replica<Store>::observe(std::int64_t t) const {
    Observation o;
    o.running = running_;
    o.waiting = waiting_;
    for (std::int32_t i = 0; i < inApi_.size(); ++i) {
        ++(inApi_.entry(i).key <= t ? o.waiting : o.inApi);
    }
    o.kvBlocksUsed = used_;
    o.contextTokens = contextSum_ + prefillContext_ + heldContext_;
    o.promptTokens = promptTotal_;
    o.generatedTokens = generatedTotal_;
    o.finished = finishedTotal_;
    o.preemptions = preemptions_;
    o.discardedTokens = discardedTotal_;
    o.discardedPromptTokens = discardedPrompts_;
    o.cacheQueryTokens = cacheQueries_;
    o.cacheHitTokens = cacheHits_;
    o.busyNs = busyNs_;
    if (phase_ == Phase::mixedStep) o.busyNs += t - stepStart_;
    if (phase_ == Phase::decodeRun) {
        std::int64_t k = run_.stepsOverAt(t);
        if (k >= runSteps_) k = runSteps_ - 1;
        o.kvBlocksUsed += growth_.needed(steps_, k + 1, decoding_) -
                          growth_.needed(steps_, runSettled_, decoding_);
        o.contextTokens += decoding_ * k;
        o.generatedTokens += decoding_ * k;
        o.busyNs += t - run_.start;
    }
    o.kvUsedFraction = static_cast<double>(o.kvBlocksUsed) / static_cast<double>(config_.kvBlocks);
    return o;
}

} // namespace penstock::sim
