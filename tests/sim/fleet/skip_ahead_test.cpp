// SPDX-License-Identifier: Apache-2.0
// Goal: skipping steps changes nothing. Method: thousands of random replicas live through random
// arrivals, cancellations, slowdowns and deaths, once as Replica (woken at its own events or at
// random instants) and once as ReferenceReplica, step by step; every event and every observation
// must be the same, to the nanosecond.
#include "sim/fleet/reference_replica.h"
#include "sim/fleet/replica.h"
#include "tests/sim/fleet/workload.h"

#include <gtest/gtest.h>

#include <map>

namespace penstock::sim::testing {
namespace {

enum class Feature { plain, prefixCache, priority, batches, table, everything };

// Grids small enough that a run crosses many of their lines.
struct SmallTable {
    std::vector<double> tokens{1, 4, 16, 64}, dense{900, 1300, 3111, 9000};
    std::vector<double> sequences{1, 8, 32}, perSequence{50, 120, 333};
    std::vector<double> chunk{0, 16, 128}, chunkContext{0, 64, 512};
    std::vector<double> decodes{0, 1, 4, 16}, decodeContext{0, 8, 20, 50, 100};
    std::vector<double> attention;

    SmallTable() {
        for (const double c : chunk)
            for (const double k : chunkContext)
                for (const double n : decodes)
                    for (const double d : decodeContext)
                        attention.push_back(11 + 3.7 * c + 0.01 * c * k + 1.3 * n +
                                            0.37 * n * d / (1 + d / 300));
    }
    OperatorTable view() const {
        const auto axis = [](const std::vector<double>& v) {
            return GridAxis{v.data(), static_cast<std::int32_t>(v.size())};
        };
        OperatorTable t;
        t.tokens = axis(tokens);
        t.denseNs = dense.data();
        t.sequences = axis(sequences);
        t.sequenceNs = perSequence.data();
        t.chunk = axis(chunk);
        t.chunkContext = axis(chunkContext);
        t.decodes = axis(decodes);
        t.decodeContext = axis(decodeContext);
        t.attentionNs = attention.data();
        t.fixedNs = 17.25;
        return t;
    }
};
const SmallTable kSmallTable;

StepCost randomCost(Dice& dice, Feature feature) {
    const bool table =
        feature == Feature::table || (feature == Feature::everything && dice.chance(0.3));
    if (table) {
        StepCost cost;
        cost.backEnd = StepBackEnd::table;
        cost.table = kSmallTable.view();
        return cost;
    }
    if (dice.chance(0.3)) {
        // Coarse, so that many things happen at the same instant.
        if (dice.chance(0.5)) return constantStepCost(static_cast<double>(dice.between(1, 5)));
        return coefficientStepCost(1000 * dice.share(), 100 * dice.share(), 10 * dice.share(),
                                   dice.share());
    }
    GpuSpec gpu{989e12, 3.35e12, 80e9, 450e9};
    ModelSpec model{static_cast<int>(dice.between(1, 40)), 4096, 32, 8, 128, 14336, 128256};
    if (dice.chance(0.3)) {
        model.experts = 8;
        model.expertsPerToken = 2;
    }
    return deriveStepCost(gpu, model, static_cast<int>(dice.between(1, 2)), StepConstants{});
}

ReplicaConfig randomConfig(Dice& dice, Feature feature) {
    const bool all = feature == Feature::everything;
    ReplicaConfig c;
    c.cost = randomCost(dice, feature);
    c.maxNumSeqs = static_cast<std::int32_t>(dice.between(1, 12));
    c.maxNumBatchedTokens = static_cast<std::int32_t>(
        std::max<std::int64_t>(c.maxNumSeqs, dice.between(1, dice.chance(0.5) ? 40 : 400)));
    c.chunkedPrefill = dice.chance(0.8);
    c.reserveFullPrompt = dice.chance(0.3);
    c.blockSize = 1 << dice.between(0, 5);
    c.kvBlocks = dice.between(4, dice.chance(0.5) ? 30 : 400);
    if (dice.chance(0.2)) c.waitingCap = dice.between(0, 6);
    if (dice.chance(0.5)) c.apiDelayNs = dice.between(0, dice.chance(0.5) ? 10 : 20'000'000);
    if (dice.chance(0.3)) c.apiJitter = 0.5 * dice.share();
    if (dice.chance(0.3)) c.stepJitter = 0.3 * dice.share();
    c.jitterSeed = dice.bits();
    if (feature == Feature::priority || (all && dice.chance(0.4))) {
        c.policy = SchedulingPolicy::priority;
    }
    if (feature == Feature::prefixCache || (all && dice.chance(0.5))) {
        c.prefixCache = true;
        c.cacheUnitBlocks = static_cast<std::int32_t>(dice.between(1, 3));
    }
    if (feature == Feature::batches || (all && dice.chance(0.2))) {
        c.mode = dice.chance(0.7) ? BatchMode::staticBatch : BatchMode::single;
        c.staticSize = static_cast<std::int32_t>(dice.between(1, 6));
        c.staticMaxWaitNs = dice.chance(0.3) ? 0 : dice.between(0, 30'000'000);
    }
    return c;
}

Sequence randomSequence(Dice& dice, std::uint64_t id, const std::vector<std::uint64_t>& hashes) {
    Sequence s;
    s.id = id;
    s.promptTokens = static_cast<std::int32_t>(dice.between(1, dice.chance(0.7) ? 60 : 600));
    s.outputTokens = static_cast<std::int32_t>(dice.between(1, dice.chance(0.7) ? 40 : 500));
    s.priority = static_cast<std::int32_t>(dice.between(-1, 2));
    if (dice.chance(0.4)) {
        // Now and then from somewhere in the middle: the same hashes after another beginning, which
        // is not a chain and must not be taken for one.
        s.prefix.hashes =
            hashes.data() + (dice.chance(0.2) ? dice.between(0, 64) : 64 * dice.between(0, 1));
        s.prefix.hashCount = static_cast<std::int32_t>(dice.between(0, 64));
    } else if (dice.chance(0.7)) {
        for (auto& group : s.prefix.groups) {
            group.id = static_cast<std::uint64_t>(dice.between(1, 4));
            group.tokens = static_cast<std::int32_t>(dice.between(0, 200));
        }
    }
    return s;
}

Workload randomWorkload(std::uint64_t seed, Feature feature,
                        const std::vector<std::uint64_t>& hashes) {
    Dice dice(seed);
    Workload w;
    w.config = randomConfig(dice, feature);
    const std::int64_t gap = dice.chance(0.3) ? 20 : dice.chance(0.5) ? 2'000 : 40'000'000;
    const std::int64_t count = dice.between(5, 60);
    std::int64_t t = dice.between(0, 1000);
    std::uint64_t id = 1;
    for (std::int64_t i = 0; i < count; ++i) {
        if (!dice.chance(0.2)) t += dice.between(0, gap);
        Command c{Command::Kind::observe, t, {}, 1.0};
        const double kind = dice.share();
        if (kind < 0.65) {
            const std::int64_t lump = dice.chance(0.1) ? dice.between(2, 10) : 1;
            c.kind = Command::Kind::submit;
            for (std::int64_t j = 0; j < lump; ++j) {
                c.sequence = randomSequence(dice, id++, hashes);
                w.commands.push_back(c);
            }
            continue;
        }
        if (kind < 0.78) {
            c.kind = Command::Kind::cancel;
            c.sequence.id = static_cast<std::uint64_t>(dice.between(1, static_cast<int>(id)));
        } else if (kind < 0.83) {
            c.kind = Command::Kind::slow;
            c.factor = 0.5 + 2.0 * dice.share();
        } else if (kind < 0.84) {
            c.kind = Command::Kind::kill;
        }
        w.commands.push_back(c);
    }
    w.closedLoop = dice.chance(0.3) ? 10 : 0;
    w.end = t + 3600'000'000'000;
    return w;
}

struct Outcome {
    std::vector<Event> events;
    std::vector<Observation> observations;
    std::vector<int> answers; // of submit and cancel
};

// The sequence that answers the end of sequence `id`; the same on both replicas.
Sequence followUp(std::uint64_t id) {
    Sequence s;
    s.id = id + 1'000'000;
    s.promptTokens = static_cast<std::int32_t>(1 + id % 37);
    s.outputTokens = static_cast<std::int32_t>(1 + id % 23);
    return s;
}

Outcome playReference(const Workload& w) {
    Outcome out;
    ReferenceReplica replica(w.config);
    int left = w.closedLoop;
    Recorder sink{out.events, [&](std::uint64_t id, std::int64_t t) {
                      if (left > 0) --left, replica.submit(t, followUp(id));
                  }};
    for (const Command& c : w.commands) {
        using Kind = Command::Kind;
        if (c.kind == Kind::submit) {
            // Replica::submit() does not advance, so neither may this before it answers: the
            // driver advances both.
            replica.advance(c.at, sink);
            out.answers.push_back(static_cast<int>(replica.submit(c.at, c.sequence)));
        } else if (c.kind == Kind::cancel) {
            out.answers.push_back(replica.cancel(c.at, c.sequence.id, sink));
        } else if (c.kind == Kind::slow) {
            replica.setSlowFactor(c.at, c.factor, sink);
        } else if (c.kind == Kind::kill) {
            replica.kill(c.at, sink);
        } else {
            replica.advance(c.at, sink);
            out.observations.push_back(replica.observe());
        }
    }
    replica.advance(w.end, sink);
    out.observations.push_back(replica.observe());
    return out;
}

// What came out whole.
struct Finished {
    std::int64_t prompt = 0;
    std::int64_t output = 0;
    void add(const Sequence& s) {
        prompt += std::max(1, s.promptTokens);
        output += std::max(1, s.outputTokens);
    }
};

// The laws of conservation, sequence by sequence.
template <class AnyReplica>
void expectConserved(const AnyReplica& replica, std::int64_t at, const Finished& finished) {
    const Observation o = replica.observe(at);
    const Holdings h = replica.holdings(at);
    EXPECT_EQ(o.kvBlocksUsed, h.kvBlocks);
    EXPECT_EQ(o.contextTokens, h.contextTokens);
    EXPECT_EQ(o.generatedTokens, finished.output + o.discardedTokens + h.generatedTokens);
    EXPECT_EQ(o.promptTokens, finished.prompt + o.discardedPromptTokens + h.promptTokens);
}

// `wakes` decides whether time passes from event to event, as a world's loop does, or in jumps.
template <class AnyReplica>
Outcome playSkipping(const Workload& w, std::uint64_t seed) {
    Dice wakes(seed ^ 0x77);
    Outcome out;
    auto replica = std::make_unique<AnyReplica>(w.config);
    int left = w.closedLoop;
    std::map<std::uint64_t, std::int32_t> slots;
    std::map<std::uint64_t, Sequence> lengths;
    const auto submit = [&](std::int64_t t, const Sequence& s) {
        const Submitted answer = replica->submit(t, s);
        if (answer.verdict == Admission::accepted) slots[s.id] = answer.slot;
        lengths[s.id] = s;
        return answer.verdict;
    };
    Finished finished;
    Recorder sink{out.events, [&](std::uint64_t id, std::int64_t t) {
                      finished.add(lengths.at(id));
                      if (left > 0) --left, submit(t, followUp(id));
                  }};
    const auto advance = [&](std::int64_t t) {
        if (wakes.chance(0.5)) {
            while (replica->nextEvent() <= t)
                replica->advance(replica->nextEvent(), sink);
        }
        replica->advance(t, sink);
    };
    for (const Command& c : w.commands) {
        using Kind = Command::Kind;
        if (c.kind == Kind::submit) {
            advance(c.at);
            out.answers.push_back(static_cast<int>(submit(c.at, c.sequence)));
        } else if (c.kind == Kind::cancel) {
            const auto slot = slots.find(c.sequence.id);
            out.answers.push_back(replica->cancel(c.at, slot == slots.end() ? -1 : slot->second,
                                                  c.sequence.id, sink));
        } else if (c.kind == Kind::slow) {
            replica->setSlowFactor(c.at, c.factor, sink);
        } else if (c.kind == Kind::kill) {
            replica->kill(c.at, sink);
        } else {
            if (wakes.chance(0.7)) advance(c.at);
            if (replica->nextEvent() <= c.at) advance(c.at);
            out.observations.push_back(replica->observe(c.at));
            expectConserved(*replica, c.at, finished);
        }
    }
    advance(w.end);
    out.observations.push_back(replica->observe(w.end));
    expectConserved(*replica, w.end, finished);
    EXPECT_EQ(replica->nextEvent(), kNeverNs);
    EXPECT_EQ(replica->inside(), 0);
    EXPECT_EQ(out.observations.back().kvBlocksUsed, 0);
    return out;
}

struct Tally {
    std::int64_t finished = 0, preempted = 0, hits = 0, lost = 0, refused = 0;
};

void expectEqual(const Outcome& skipped, const Outcome& stepped, std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::size_t common = std::min(skipped.events.size(), stepped.events.size());
    for (std::size_t i = 0; i < common; ++i) {
        ASSERT_EQ(show(skipped.events[i]), show(stepped.events[i])) << "event " << i;
    }
    ASSERT_EQ(skipped.events.size(), stepped.events.size());
    ASSERT_EQ(skipped.answers, stepped.answers);
    ASSERT_EQ(skipped.observations.size(), stepped.observations.size());
    for (std::size_t i = 0; i < stepped.observations.size(); ++i) {
        const Observation &a = skipped.observations[i], &b = stepped.observations[i];
        ASSERT_EQ(a, b) << "observation " << i << ": running " << a.running << "/" << b.running
                        << " waiting " << a.waiting << "/" << b.waiting << " api " << a.inApi << "/"
                        << b.inApi << " blocks " << a.kvBlocksUsed << "/" << b.kvBlocksUsed
                        << " context " << a.contextTokens << "/" << b.contextTokens << " prompt "
                        << a.promptTokens << "/" << b.promptTokens << " generated "
                        << a.generatedTokens << "/" << b.generatedTokens << " busy " << a.busyNs
                        << "/" << b.busyNs << " hits " << a.cacheHitTokens << "/"
                        << b.cacheHitTokens;
    }
}

Tally compareMany(Feature feature, std::uint64_t first, std::uint64_t count) {
    std::vector<std::uint64_t> hashes;
    Dice dice(99);
    for (int i = 0; i < 128; ++i)
        hashes.push_back(dice.bits());
    for (int i = 0; i < 20; ++i)
        hashes[static_cast<std::size_t>(64 + i)] = hashes[static_cast<std::size_t>(i)];
    Tally tally;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const Workload w = randomWorkload(seed, feature, hashes);
        const Outcome stepped = playReference(w);
        expectEqual(playSkipping<Replica<>>(w, seed), stepped, seed);
        if (::testing::Test::HasFailure()) return tally;
        for (const Event& e : stepped.events) {
            tally.finished += e.kind == 'e';
            tally.preempted += e.kind == 'p';
            tally.lost += e.kind == 'l';
        }
        tally.hits += stepped.observations.back().cacheHitTokens > 0;
    }
    return tally;
}

constexpr std::uint64_t kWorkloads = 500; // of each feature

TEST(SkipAhead, EqualsTheStepByStepReference) {
    const Tally t = compareMany(Feature::plain, 0, 2 * kWorkloads);
    EXPECT_GT(t.finished, 10'000);
    EXPECT_GT(t.preempted, 1'000);
    EXPECT_GT(t.lost, 100);
}
TEST(SkipAhead, HoldsWithAPrefixCache) {
    const Tally t = compareMany(Feature::prefixCache, 10'000, kWorkloads);
    EXPECT_GT(t.preempted, 500);
    EXPECT_GT(t.hits, static_cast<std::int64_t>(kWorkloads) / 2);
}
TEST(SkipAhead, HoldsWithPriorities) {
    EXPECT_GT(compareMany(Feature::priority, 20'000, kWorkloads).preempted, 500);
}
TEST(SkipAhead, HoldsInSingleAndStaticBatches) {
    EXPECT_GT(compareMany(Feature::batches, 30'000, kWorkloads).finished, 1'000);
}
TEST(SkipAhead, HoldsWithAMeasuredTable) {
    EXPECT_GT(compareMany(Feature::table, 40'000, kWorkloads).preempted, 500);
}
TEST(SkipAhead, HoldsWithAllOfItAtOnce) {
    EXPECT_GT(compareMany(Feature::everything, 50'000, kWorkloads).preempted, 500);
}

// A replica in fixed memory, as device worlds hold it, is the same replica.
TEST(SkipAhead, HoldsInFixedMemory) {
    std::vector<std::uint64_t> hashes(128, 7);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const Workload w = randomWorkload(seed, Feature::plain, hashes);
        expectEqual(playSkipping<Replica<FixedStore<1024>>>(w, seed), playReference(w), seed);
        if (HasFailure()) return;
    }
}

} // namespace
} // namespace penstock::sim::testing
