// SPDX-License-Identifier: Apache-2.0
#pragma once

// The same model server as replica.h, but literally step by step, token by token, block by block,
// sequence by sequence, written as simply as possible: what Replica is proven equal to. It shares
// with Replica the law of a step's length (replica_types.h, decode_run.h) and nothing else; the
// contract of each call is the one in replica.h. Host only, slow.
#include "sim/fleet/reference_blocks.h"
#include "sim/fleet/replica_types.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace penstock::sim {

class ReferenceReplica {
  public:
    explicit ReferenceReplica(const ReplicaConfig& config)
        : config_(config), blocks_(config.kvBlocks, config.cacheUnitBlocks) {}

    Admission submit(std::int64_t now, const Sequence& sequence) {
        auto member = std::make_shared<Member>();
        member->sequence = sequence;
        if (sequence.promptTokens < 1) member->sequence.promptTokens = 1;
        if (sequence.outputTokens < 1) member->sequence.outputTokens = 1;
        const std::int64_t longest = member->longest();
        if (blocksFor(longest) > config_.kvBlocks) return Admission::tooLong;
        if (!config_.chunkedPrefill && longest > config_.maxNumBatchedTokens) {
            return Admission::tooLong;
        }
        auto unseated = static_cast<std::int64_t>(waiting_.size() + inApi_.size());
        const auto running = static_cast<std::int64_t>(running_.size());
        if (config_.mode == BatchMode::staticBatch) {
            if (running == 0) unseated -= slots();
        } else if (waiting_.empty()) {
            unseated -= slots() - running;
        }
        if (unseated >= config_.waitingCap) return Admission::waitingFull;
        member->arrival = arrivals_++;
        member->enteredAt = now + apiDelay(config_, member->arrival);
        inApi_.push_back(member);
        std::stable_sort(inApi_.begin(), inApi_.end(),
                         [](const auto& a, const auto& b) { return a->enteredAt < b->enteredAt; });
        return Admission::accepted;
    }

    template <class Sink>
    void advance(std::int64_t now, Sink& sink) {
        while (true) {
            if (stepping_) {
                if (stepEnd_ > now) break;
                endStep(sink);
            } else {
                const std::int64_t start = idleStart();
                if (start > now) break;
                startFromIdle(start, sink);
            }
        }
        time_ = std::max(time_, now);
    }

    template <class Sink>
    bool cancel(std::int64_t now, std::uint64_t id, Sink& sink) {
        advance(now, sink);
        for (auto* list : {&inApi_, &waiting_}) {
            const auto at = std::find_if(list->begin(), list->end(),
                                         [&](const auto& m) { return m->sequence.id == id; });
            if (at == list->end()) continue;
            discard(**at);
            list->erase(at);
            return true;
        }
        for (const auto& member : running_) {
            if (member->sequence.id != id || member->cancelled) continue;
            member->cancelled = true;
            return true;
        }
        return false;
    }

    template <class Sink>
    void setSlowFactor(std::int64_t now, double factor, Sink& sink) {
        advance(now, sink);
        slow_ = factor;
        lastBatch_.clear();
    }

    template <class Sink>
    void kill(std::int64_t now, Sink& sink) {
        advance(now, sink);
        if (stepping_) busyNs_ += now - stepStart_;
        std::vector<Shared> everyone = running_;
        everyone.insert(everyone.end(), waiting_.begin(), waiting_.end());
        everyone.insert(everyone.end(), inApi_.begin(), inApi_.end());
        running_.clear();
        waiting_.clear();
        inApi_.clear();
        blocks_ = ReferenceBlocks(config_.kvBlocks, config_.cacheUnitBlocks);
        stepping_ = false;
        batchLeft_ = 0;
        for (const auto& member : everyone) {
            discard(*member);
            if (!member->cancelled) sink.lost(member->sequence.id, now);
        }
    }

    // At the time of the last advance().
    Observation observe() const {
        Observation o = totals_;
        o.running = static_cast<std::int64_t>(running_.size());
        o.waiting = static_cast<std::int64_t>(waiting_.size());
        for (const auto& member : inApi_)
            ++(member->enteredAt <= time_ ? o.waiting : o.inApi);
        o.kvBlocksUsed = config_.kvBlocks - blocks_.free();
        o.kvUsedFraction =
            static_cast<double>(o.kvBlocksUsed) / static_cast<double>(config_.kvBlocks);
        for (const auto& member : running_)
            o.contextTokens += member->computed;
        o.busyNs = busyNs_ + (stepping_ ? time_ - stepStart_ : 0);
        return o;
    }

  private:
    struct Member {
        Sequence sequence;
        std::uint64_t arrival = 0;
        std::int64_t enteredAt = 0;
        std::int64_t produced = 0;
        std::int64_t computed = 0; // tokens whose keys and values are in the cache
        std::int64_t inStep = 0;   // tokens of this one in the step in progress
        bool prefilling = false;
        bool held = false;
        bool cancelled = false;
        bool wasScheduled = false;
        int units = 0;
        std::vector<int> own; // blocks without those of its units

        std::int64_t target() const { return sequence.promptTokens + produced; }
        std::int64_t longest() const {
            return static_cast<std::int64_t>(sequence.promptTokens) + sequence.outputTokens - 1;
        }
    };
    using Shared = std::shared_ptr<Member>;

    std::int64_t blocksFor(std::int64_t tokens) const {
        return (tokens + config_.blockSize - 1) / config_.blockSize;
    }
    int unitTokens() const { return config_.cacheUnitBlocks * config_.blockSize; }
    std::uint64_t hashOf(const Member& m, int unit) const {
        return hashOfUnit(m.sequence.prefix, unit, unitTokens());
    }
    std::int64_t heldBlocks(const Member& m) const {
        return static_cast<std::int64_t>(m.own.size()) +
               static_cast<std::int64_t>(m.units) * config_.cacheUnitBlocks;
    }
    std::int64_t slots() const {
        if (config_.mode == BatchMode::single) return 1;
        if (config_.mode == BatchMode::continuous) return config_.maxNumSeqs;
        return std::min(config_.staticSize, config_.maxNumSeqs);
    }
    bool inBatches() const { return config_.mode == BatchMode::staticBatch; }

    bool tryAllocate(Member& m, std::int64_t tokens) {
        if (blocksFor(tokens) - heldBlocks(m) > blocks_.free()) return false;
        while (heldBlocks(m) < blocksFor(tokens))
            m.own.push_back(blocks_.take());
        return true;
    }

    void nameUnits(Member& m, std::int64_t tokens) {
        if (!config_.prefixCache) return;
        const std::int64_t known = hashUnits(m.sequence.prefix, unitTokens());
        while (m.units < known && (m.units + 1) * unitTokens() <= tokens) {
            const std::uint64_t hash = hashOf(m, m.units);
            const std::uint64_t parent = m.units > 0 ? hashOf(m, m.units - 1) : 0;
            if (blocks_.taken(hash) && !blocks_.contains(hash, parent)) return;
            if (blocks_.taken(hash)) {
                blocks_.acquire(hash);
                for (int i = 0; i < config_.cacheUnitBlocks; ++i) {
                    blocks_.giveBack(m.own.front());
                    m.own.erase(m.own.begin());
                }
            } else {
                blocks_.name(hash, parent, m.own);
            }
            ++m.units;
        }
    }

    void release(Member& m) {
        nameUnits(m, m.computed);
        for (; !m.own.empty(); m.own.pop_back())
            blocks_.giveBack(m.own.back());
        for (; m.units > 0; --m.units)
            blocks_.release(hashOf(m, m.units - 1));
    }

    bool before(const Shared& a, const Shared& b) const {
        if (a->sequence.priority != b->sequence.priority) {
            return a->sequence.priority < b->sequence.priority;
        }
        return a->arrival < b->arrival;
    }

    void enqueue(const Shared& m, bool atFront) {
        waiting_.insert(atFront ? waiting_.begin() : waiting_.end(), m);
        if (config_.policy == SchedulingPolicy::fcfs) return;
        std::sort(waiting_.begin(), waiting_.end(),
                  [&](const Shared& a, const Shared& b) { return before(a, b); });
    }

    void enterQueueBefore(std::int64_t t) {
        while (!inApi_.empty() && inApi_.front()->enteredAt < t) {
            enqueue(inApi_.front(), false);
            inApi_.erase(inApi_.begin());
        }
    }

    std::int64_t oldestWaiting() const {
        std::int64_t oldest = kNeverNs;
        for (const auto& m : waiting_)
            oldest = std::min(oldest, m->enteredAt);
        return oldest;
    }

    std::int64_t idleStart() const {
        std::int64_t start = inApi_.empty() ? kNeverNs : inApi_.front()->enteredAt;
        if (!waiting_.empty()) {
            const bool full = !inBatches() || static_cast<std::int64_t>(waiting_.size()) >= slots();
            start = std::min(start, full ? lastEnd_ : config_.batchRipeAt(oldestWaiting()));
        }
        return std::max(start, lastEnd_);
    }

    template <class Sink>
    void startFromIdle(std::int64_t t, Sink& sink) {
        enterQueueBefore(t + 1);
        lastEnd_ = t;
        const auto waiting = static_cast<std::int64_t>(waiting_.size());
        if (inBatches()) {
            if (waiting < slots() && config_.batchRipeAt(oldestWaiting()) > t) return;
            batchLeft_ = std::min(slots(), waiting);
        }
        schedule(t, sink);
    }

    template <class Sink>
    void preempt(std::int64_t t, const Shared& m, Sink& sink) {
        release(*m);
        m->computed = 0;
        m->inStep = 0;
        running_.erase(std::find(running_.begin(), running_.end(), m));
        enqueue(m, true);
        ++totals_.preemptions;
        sink.preempted(m->sequence.id, t);
    }

    Shared victim() const {
        if (config_.policy == SchedulingPolicy::fcfs) return running_.back();
        return *std::max_element(running_.begin(), running_.end(),
                                 [&](const Shared& a, const Shared& b) { return before(a, b); });
    }

    bool isRunning(const Shared& m) const {
        return std::find(running_.begin(), running_.end(), m) != running_.end();
    }

    template <class Sink>
    void schedule(std::int64_t t, Sink& sink) {
        std::int64_t budget = config_.maxNumBatchedTokens;
        bool preempted = false;
        for (const auto& m : running_)
            m->inStep = 0;
        const std::vector<Shared> runningBefore = running_;
        for (const auto& m : runningBefore) {
            if (m->held || !isRunning(m)) continue;
            const std::int64_t tokens = std::min(m->target() - m->computed, budget);
            while (isRunning(m) && !tryAllocate(*m, m->computed + tokens)) {
                const Shared loser = victim();
                budget += loser->inStep;
                preempt(t, loser, sink);
                preempted = true;
            }
            if (!isRunning(m)) continue;
            if (m->prefilling) nameUnits(*m, m->computed + tokens);
            m->inStep = tokens;
            budget -= tokens;
        }
        while (!preempted && !waiting_.empty() && admitHead(t, budget, sink)) {}

        BatchShape shape;
        std::vector<Shared> batch;
        for (const auto& m : running_) {
            if (m->inStep == 0) continue;
            batch.push_back(m);
            if (m->prefilling) {
                shape.prefillTokens += m->inStep;
                shape.prefillContext += m->computed;
                shape.attentionWork += m->inStep * (2 * m->computed + m->inStep);
                ++shape.prefillSequences;
            } else {
                shape.context += m->computed + 1;
                ++shape.decodes;
            }
        }
        if (shape.prefillSequences == 0) batchLeft_ = 0;
        stepping_ = !batch.empty();
        if (!stepping_) {
            releaseHeld(t, sink);
            return;
        }
        stepStart_ = t;
        if (shape.prefillSequences > 0) {
            lastBatch_.clear();
            stepEnd_ = t + mixedStepNs(config_, shape, changes_++, slow_);
            return;
        }
        if (batch == lastBatch_ && shape.context <= line_.contextMax) {
            ++runStep_;
        } else {
            line_ = decodeLine(config_.cost, shape.decodes, shape.context);
            run_ = decodeRun(config_, line_, t, shape.decodes, shape.context, changes_++, slow_);
            runStep_ = 1;
            lastBatch_ = batch;
        }
        stepEnd_ = run_.end(runStep_);
    }

    template <class Sink>
    bool admitHead(std::int64_t t, std::int64_t& budget, Sink& sink) {
        const Shared m = waiting_.front();
        if (static_cast<std::int64_t>(running_.size()) >= slots() || budget <= 0) return false;
        int units = 0, resting = 0;
        if (config_.prefixCache) {
            const std::int64_t known = hashUnits(m->sequence.prefix, unitTokens());
            while (units < known && (units + 1) * unitTokens() <= m->target() - 1 &&
                   blocks_.contains(hashOf(*m, units), units > 0 ? hashOf(*m, units - 1) : 0)) {
                if (blocks_.resting(hashOf(*m, units))) ++resting;
                ++units;
            }
        }
        const std::int64_t cached = static_cast<std::int64_t>(units) * unitTokens();
        if (!config_.chunkedPrefill && m->target() - cached > budget) return false;
        const std::int64_t chunk = std::min(m->target() - cached, budget);
        if (inBatches()) {
            std::int64_t promised = blocksFor(m->longest());
            for (const auto& r : running_)
                promised += blocksFor(r->longest());
            if (batchLeft_ == 0 || promised > config_.kvBlocks) return false;
        } else {
            const std::int64_t tokens = config_.reserveFullPrompt ? m->target() : cached + chunk;
            const std::int64_t wanted = blocksFor(tokens) - units * config_.cacheUnitBlocks;
            if (wanted + resting * config_.cacheUnitBlocks > blocks_.free()) return false;
        }
        if (inBatches()) --batchLeft_;
        waiting_.erase(waiting_.begin());
        running_.push_back(m);
        m->prefilling = true;
        m->computed = cached;
        m->inStep = chunk;
        budget -= chunk;
        for (int unit = 0; unit < units; ++unit)
            blocks_.acquire(hashOf(*m, unit));
        m->units = units;
        PENSTOCK_CHECK(tryAllocate(*m, cached + chunk));
        nameUnits(*m, cached + chunk);
        if (config_.prefixCache) {
            totals_.cacheQueryTokens += m->target();
            totals_.cacheHitTokens += cached;
        }
        if (!m->wasScheduled) {
            m->wasScheduled = true;
            sink.scheduled(m->sequence.id, t, static_cast<std::int32_t>(cached));
        }
        return true;
    }

    template <class Sink>
    void finish(std::int64_t t, const Shared& m, Sink& sink) {
        release(*m);
        running_.erase(std::find(running_.begin(), running_.end(), m));
        if (m->cancelled) {
            discard(*m);
            return;
        }
        ++totals_.finished;
        sink.finished(m->sequence.id, t);
    }

    void discard(const Member& m) {
        totals_.discardedTokens += m.produced;
        if (m.produced > 0) totals_.discardedPromptTokens += m.sequence.promptTokens;
    }

    template <class Sink>
    void releaseHeld(std::int64_t t, Sink& sink) {
        const std::vector<Shared> members = running_;
        for (const auto& m : members)
            finish(t, m, sink);
        batchLeft_ = 0;
    }

    template <class Sink>
    void endStep(Sink& sink) {
        const std::int64_t t = stepEnd_;
        stepping_ = false;
        busyNs_ += t - stepStart_;
        time_ = lastEnd_ = t;
        const std::vector<Shared> members = running_;
        for (const auto& m : members) {
            if (m->held) continue;
            m->computed += m->inStep;
            if (m->computed < m->target()) continue;
            m->prefilling = false;
            ++totals_.generatedTokens;
            if (++m->produced == 1) {
                totals_.promptTokens += m->sequence.promptTokens;
                if (!m->cancelled) sink.firstToken(m->sequence.id, t);
            }
            if (m->produced < m->sequence.outputTokens) continue;
            if (inBatches()) {
                m->held = true;
            } else {
                finish(t, m, sink);
            }
        }
        const std::vector<Shared> left = running_;
        for (const auto& m : left) {
            if (!m->cancelled) continue;
            discard(*m);
            release(*m);
            running_.erase(std::find(running_.begin(), running_.end(), m));
            lastBatch_.clear(); // a change, even if this member had nothing left to compute
        }
        if (running_.empty()) {
            batchLeft_ = 0;
            lastBatch_.clear();
            return;
        }
        enterQueueBefore(t);
        schedule(t, sink);
    }

    ReplicaConfig config_;
    ReferenceBlocks blocks_;
    std::vector<Shared> inApi_;   // by time of entry
    std::vector<Shared> waiting_; // in the order they will be taken
    std::vector<Shared> running_; // in order of admission
    std::uint64_t arrivals_ = 0;
    std::uint64_t changes_ = 0;
    std::int64_t batchLeft_ = 0;
    double slow_ = 1.0;
    bool stepping_ = false;
    std::int64_t stepStart_ = 0, stepEnd_ = 0;
    std::int64_t lastEnd_ = INT64_MIN / 2; // of the last thing that happened
    std::int64_t time_ = INT64_MIN / 2;
    std::vector<Shared> lastBatch_; // of pure decode; empty when the next step is a change
    DecodeLine line_;
    DecodeRun run_;
    std::int64_t runStep_ = 0;
    Observation totals_;
    std::int64_t busyNs_ = 0;
};

} // namespace penstock::sim
