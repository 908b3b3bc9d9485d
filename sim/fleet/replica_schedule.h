// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replica, part 3: what the next step computes. Included by replica.h, which declares it.
#include "sim/fleet/replica.h"

namespace penstock::sim {

template <class Store>
PENSTOCK_HD std::int32_t Replica<Store>::slots() const {
    if (config_.mode == BatchMode::single) return 1;
    if (config_.mode == BatchMode::continuous) return config_.maxNumSeqs;
    return config_.staticSize < config_.maxNumSeqs ? config_.staticSize : config_.maxNumSeqs;
}

// Would the queue's head get in now, with so many step tokens left? The queue is not empty.
template <class Store>
PENSTOCK_HD typename Replica<Store>::Fit Replica<Store>::fitHead(std::int64_t budget) const {
    const bool inBatches = config_.mode == BatchMode::staticBatch;
    Fit fit;
    fit.blocked = Blocked::bySeat;
    if (running_ >= slots() || (inBatches && batchLeft_ == 0)) return fit;
    fit.blocked = Blocked::byRoom;
    if (budget <= 0) return fit;

    const std::int32_t slot = waitingHead();
    const Slot& s = slots_[slot];
    const std::int64_t target = targetOf(s);
    if (config_.prefixCache) fit.cached = cachedUnits(rest_[slot].prefix, target);
    const std::int64_t cached = static_cast<std::int64_t>(fit.cached.units) * unitTokens_;
    const std::int64_t left = target - cached;
    if (!config_.chunkedPrefill && left > budget) return fit;
    fit.chunk = static_cast<std::int32_t>(left < budget ? left : budget);
    const std::int64_t had = static_cast<std::int64_t>(fit.cached.units) * config_.cacheUnitBlocks;
    fit.newBlocks = growth_.blocksFor(cached + fit.chunk) - had;
    if (inBatches) {
        const std::int64_t whole =
            growth_.blocksFor(static_cast<std::int64_t>(s.prompt) + s.output - 1);
        if (heldFootprint_ + whole > config_.kvBlocks) return fit;
    } else {
        const std::int64_t wanted =
            config_.reserveFullPrompt ? growth_.blocksFor(target) - had : fit.newBlocks;
        const std::int64_t woken =
            static_cast<std::int64_t>(fit.cached.resting) * config_.cacheUnitBlocks;
        if (wanted + woken > freeBlocks()) {
            // While decoders grow, free blocks only become fewer. Yet if they evict cached units
            // that this prompt would have woken, its first chunk begins earlier and may need less.
            fit.mayFitLater = fit.cached.resting > 0 && config_.chunkedPrefill &&
                              !config_.reserveFullPrompt && target > budget;
            return fit;
        }
    }
    fit.fits = true;
    fit.blocked = Blocked::no;
    return fit;
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::admit(std::int64_t t, std::int32_t slot, const Fit& fit,
                                       Sink& sink) {
    dequeue(slot);
    append(runningList_, slot);
    ++running_;
    if (firstPrefill_ < 0) firstPrefill_ = slot;
    Slot& s = slots_[slot];
    s.state = State::prefill;
    s.admission = admissions_++;
    s.computed = fit.cached.units * unitTokens_;
    s.chunk = fit.chunk;
    s.blocks = static_cast<std::int32_t>(growth_.blocksFor(s.computed + s.chunk));
    prefillContext_ += s.computed;
    if (config_.mode == BatchMode::staticBatch) {
        --batchLeft_;
        heldFootprint_ += growth_.blocksFor(static_cast<std::int64_t>(s.prompt) + s.output - 1);
    }
    if (config_.prefixCache) {
        // Cached units first, so that taking new blocks cannot evict them.
        const auto acquired = cache_.acquire(fit.cached);
        rest_[slot].units = fit.cached.units;
        rest_[slot].lastPiece = acquired.last;
        used_ += acquired.woken;
        cacheQueries_ += targetOf(s);
        cacheHits_ += s.computed;
    }
    takeBlocks(fit.newBlocks);
    if (config_.prefixCache) nameUnits(slot, s.computed + s.chunk);
    if (s.wasScheduled) return;
    s.wasScheduled = true;
    sink.scheduled(s.id, t, s.computed);
}

// Who gives way. Some sequence is running.
template <class Store>
PENSTOCK_HD std::int32_t Replica<Store>::victim() const {
    if (config_.policy == SchedulingPolicy::fcfs) return runningList_.tail;
    std::int32_t worst = runningList_.head;
    for (std::int32_t slot = worst; slot >= 0; slot = links_[slot].next) {
        const Slot& s = slots_[slot];
        const Slot& w = slots_[worst];
        if (s.priority > w.priority || (s.priority == w.priority && s.arrival > w.arrival)) {
            worst = slot;
        }
    }
    return worst;
}

template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::preempt(std::int64_t t, std::int32_t slot, Sink& sink) {
    Slot& s = slots_[slot];
    std::int64_t tokens = s.computed;
    std::int64_t blocks = s.blocks;
    if (s.state == State::decode) {
        const bool hasNext = decodersHaveNext_ || rest_[slot].tookBlockIn == steps_;
        tokens = contextOf(s);
        blocks = growth_.blocksFor(tokens + (hasNext ? 1 : 0));
        s.produced = static_cast<std::int32_t>(s.output - (s.finishStep - steps_));
        finishing_.remove(places_, slot);
        stopDecoding(slot);
    } else {
        prefillContext_ -= s.computed;
        if (firstPrefill_ == slot) firstPrefill_ = links_[slot].next;
    }
    leaveRunning(slot, tokens, blocks);
    s.computed = 0;
    enqueue(slot, true);
    ++preemptions_;
    sink.preempted(s.id, t);
}

// A step for which the free blocks do not suffice: hands them out in order of the running list,
// taking some back from victims. True: one was preempted (one always is).
template <class Store>
template <class Sink>
PENSTOCK_HD bool Replica<Store>::giveDecodersBlocks(std::int64_t t, Sink& sink) {
    for (std::int32_t slot = runningList_.head; slot >= 0;) {
        if (slots_[slot].state != State::decode) break;
        if ((contextOf(slots_[slot]) & growth_.mask) != 0) {
            slot = links_[slot].next;
            continue;
        }
        bool gaveWay = false;
        std::int32_t next = links_[slot].next;
        while (freeBlocks() == 0 && !gaveWay) {
            const std::int32_t loser = victim();
            gaveWay = loser == slot;
            if (gaveWay) next = links_[slot].next;
            preempt(t, loser, sink);
        }
        if (!gaveWay) {
            takeBlocks(1);
            rest_[slot].tookBlockIn = steps_;
            next = links_[slot].next;
        }
        slot = next;
    }
    return true;
}

// The prompt that the last step left unfinished, at the tail of the list, goes on. True: one
// was preempted.
template <class Store>
template <class Sink>
PENSTOCK_HD bool Replica<Store>::continuePrefill(std::int64_t t, Sink& sink) {
    const std::int32_t slot = firstPrefill_;
    PENSTOCK_CHECK(slot == runningList_.tail);
    const std::int64_t budget = config_.maxNumBatchedTokens - decoding_;
    const std::int64_t left = targetOf(slots_[slot]) - slots_[slot].computed;
    const std::int64_t chunk = left < budget ? left : budget;
    const std::int64_t blocks = growth_.blocksFor(slots_[slot].computed + chunk);
    bool preempted = false;
    while (blocks - slots_[slot].blocks > freeBlocks()) {
        const std::int32_t loser = victim();
        preempt(t, loser, sink);
        preempted = true;
        if (loser == slot) return true;
    }
    takeBlocks(blocks - slots_[slot].blocks);
    slots_[slot].blocks = static_cast<std::int32_t>(blocks);
    slots_[slot].chunk = static_cast<std::int32_t>(chunk);
    if (config_.prefixCache) nameUnits(slot, slots_[slot].computed + chunk);
    return preempted;
}

// Decides the step that begins at t, or finds that there is none. `headFits`: what fitHead() said
// just now, if the decoders have their blocks for this step already; else null.
template <class Store>
template <class Sink>
PENSTOCK_HD void Replica<Store>::schedule(std::int64_t t, const Fit* headFits, Sink& sink) {
    bool preempted = false;
    decodersHaveNext_ = headFits != nullptr;
    if (decoding_ > 0 && headFits == nullptr) {
        const std::int64_t needed = growth_.neededByNext(steps_);
        if (needed <= freeBlocks()) {
            takeBlocks(needed);
        } else {
            preempted = giveDecodersBlocks(t, sink);
        }
    }
    decodersHaveNext_ = true;
    std::int64_t budget = config_.maxNumBatchedTokens - decoding_;
    if (firstPrefill_ >= 0) {
        preempted = continuePrefill(t, sink) || preempted;
        budget = config_.maxNumBatchedTokens - decoding_;
        if (firstPrefill_ >= 0) budget -= slots_[firstPrefill_].chunk;
    }
    blocked_ = Blocked::no;
    bool retry = preempted;
    while (!preempted && waiting_ > 0) {
        const Fit fit = headFits != nullptr ? *headFits : fitHead(budget);
        headFits = nullptr;
        blocked_ = fit.blocked;
        retry = fit.mayFitLater;
        if (!fit.fits) break;
        budget -= fit.chunk;
        admit(t, waitingHead(), fit, sink);
    }
    PENSTOCK_CHECK(running_ <= config_.maxNumSeqs);
    if (firstPrefill_ < 0) batchLeft_ = 0; // a static batch is complete once it only decodes
    if (firstPrefill_ >= 0) {
        startMixedStep(t);
    } else if (decoding_ > 0) {
        startRun(t, retry);
    } else {
        // Only a static batch can have nothing left to compute while it has members.
        PENSTOCK_CHECK(running_ == 0 || config_.mode == BatchMode::staticBatch);
        releaseHeld(t, sink);
        phase_ = Phase::idle;
    }
}

template <class Store>
PENSTOCK_HD void Replica<Store>::startMixedStep(std::int64_t t) {
    BatchShape shape;
    shape.decodes = decoding_;
    shape.context = contextSum_ + decoding_;
    for (std::int32_t slot = firstPrefill_; slot >= 0; slot = links_[slot].next) {
        const std::int64_t q = slots_[slot].chunk, c = slots_[slot].computed;
        shape.prefillTokens += q;
        shape.prefillContext += c;
        shape.attentionWork += q * (2 * c + q);
        ++shape.prefillSequences;
    }
    phase_ = Phase::mixedStep;
    stepStart_ = t;
    stepEnd_ = t + mixedStepNs(config_, shape, changes_++, slow_);
}

template <class Store>
PENSTOCK_HD void Replica<Store>::startRun(std::int64_t t, bool retry) {
    const std::int64_t context = contextSum_ + decoding_;
    const DecodeLine line = decodeLine(config_.cost, decoding_, context);
    run_ = decodeRun(config_, line, t, decoding_, context, changes_++, slow_);
    std::int64_t limit = finishing_.top().key - steps_;
    if (line.contextMax < INT64_MAX) {
        const std::int64_t sameLine = (line.contextMax - context) / decoding_ + 1;
        if (sameLine < limit) limit = sameLine;
    }
    // The first step's blocks are taken already.
    runSettled_ = 1;
    runSteps_ =
        growth_.stepsThatFit(steps_, freeBlocks() + growth_.neededByNext(steps_), limit, decoding_);
    PENSTOCK_CHECK(runSteps_ >= 1);
    runEnd_ = run_.end(runSteps_);
    retryFrom_ = retry ? t : kNeverNs;
    cutFrom_ = kNeverNs;
    phase_ = Phase::decodeRun;
}

} // namespace penstock::sim
