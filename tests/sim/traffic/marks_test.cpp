// SPDX-License-Identifier: Apache-2.0
// Jobs, sessions, deadlines, tenants, tiers, prefixes, cancellations: each mark appears with its
// promised share and ties together what belongs together. Method: fixed seeds, counts.
#include "support.h"

#include <algorithm>
#include <map>
#include <set>

namespace penstock::sim {
namespace {

using test::arrivals;

TEST(Jobs, ShareOneDeadlineAndComeAtOnceOrAtTheirRate) {
    TrafficSpec spec;
    spec.process = LumpProcess{{{0, 3}}, 0};
    spec.job = Job{ConstantLength{3000}, 0, CycleSeconds{{1800, 7200, 86400}}};
    spec.deadlineAfter = ConstantSeconds{1};
    std::map<std::uint32_t, std::set<std::int64_t>> deadlines;
    const auto all = arrivals(spec, 100'000);
    EXPECT_EQ(all.size(), 9000U);
    for (const Arrival& a : all) {
        EXPECT_EQ(a.offsetNs, 0);
        deadlines[a.job].insert(a.deadlineNs);
    }
    EXPECT_EQ(deadlines,
              (std::map<std::uint32_t, std::set<std::int64_t>>{
                  {1, {1'800'000'000'000}}, {2, {7'200'000'000'000}}, {3, {86'400'000'000'000}}}));

    spec.job->messagesPerSecond = 100;
    const auto paced = arrivals(spec, 100'000);
    EXPECT_EQ(paced.size(), 9000U);
    EXPECT_EQ(paced.back().offsetNs, 29'990'000'000);
    EXPECT_TRUE(std::is_sorted(paced.begin(), paced.end(), [](const Arrival& a, const Arrival& b) {
        return a.offsetNs < b.offsetNs;
    }));
}

TEST(Jobs, SizesFollowTheirLaw) {
    TrafficSpec spec;
    spec.process = PoissonProcess{1};
    spec.job = Job{UniformLength{1, 99}, 0, {}};
    std::map<std::uint32_t, int> sizes;
    for (const Arrival& a : arrivals(spec, 100'000))
        ++sizes[a.job];
    EXPECT_NEAR(100'000.0 / static_cast<double>(sizes.size()), 50, 3);
}

TEST(Sessions, TurnsCarryTheirHistory) {
    TrafficSpec spec;
    spec.process = PoissonProcess{2};
    spec.sessions = Sessions{ConstantLength{4}, ExponentialSeconds{30}, true, 0};
    spec.lengths = DrawnLengths{UniformLength{10, 50}, UniformLength{100, 200}, 0};
    spec.tenants = zipfTenants(3, 0);
    spec.stopSeconds = 2000;
    struct Seen {
        std::uint64_t context = 0;
        int turns = 0;
        std::uint16_t tenant = 0;
    };
    std::map<std::uint64_t, Seen> sessions;
    std::int64_t last = 0;
    for (const Arrival& a : arrivals(spec, 100'000)) {
        EXPECT_GE(a.offsetNs, last);
        last = a.offsetNs;
        ASSERT_NE(a.session, 0U);
        Seen& seen = sessions[a.session];
        if (seen.turns > 0) {
            EXPECT_EQ(a.tenant, seen.tenant);
        }
        EXPECT_GE(a.promptTokens, seen.context + 10);
        EXPECT_LE(a.promptTokens, seen.context + 50);
        seen = {std::uint64_t{a.promptTokens} + a.outputTokens, seen.turns + 1, a.tenant};
        EXPECT_LE(seen.turns, 4);
    }
    EXPECT_NEAR(static_cast<double>(sessions.size()), 4000, 300);
}

TEST(Sessions, AContextThatIsTooLongStartsAfresh) {
    TrafficSpec spec;
    spec.process = LumpProcess{{{0, 1}}, 0};
    spec.sessions = Sessions{ConstantLength{5}, ConstantSeconds{1}, true, 400};
    spec.lengths = DrawnLengths{ConstantLength{100}, ConstantLength{100}, 0};
    std::vector<std::uint32_t> prompts;
    std::set<std::uint64_t> ids;
    for (const Arrival& a : arrivals(spec, 10)) {
        prompts.push_back(a.promptTokens);
        ids.insert(a.session);
    }
    EXPECT_EQ(prompts, (std::vector<std::uint32_t>{100, 300, 100, 300, 100}));
    EXPECT_EQ(ids.size(), 3U);
}

TEST(Marks, SharesAreMet) {
    TrafficSpec spec;
    spec.process = PoissonProcess{100};
    spec.tenants = zipfTenants(3, 1);                    // 6:3:2 of 11
    spec.tiers = {{"realtime", 3, 7}, {"batch", 1, {}}}; // 7 where realtime
    spec.priorities = {{-1, 1}, {2, 1}};                 // else one of these
    spec.labels = {{{{"team", "a"}}, 1}, {{{"team", "b"}}, 9}};
    spec.cancellation = {0.2, ConstantSeconds{5}};
    spec.poisonProbability = 0.01;
    spec.malformedProbability = 0.02;
    spec.deadlineAfter = ChoiceSeconds{{10, 60}, {1, 3}};
    std::map<int, double> tenants, tiers, priorities, labels;
    double cancelled = 0, poison = 0, malformed = 0, soon = 0;
    const int n = 100'000;
    for (const Arrival& a : arrivals(spec, n)) {
        ++tenants[a.tenant];
        ++tiers[a.tier];
        ++labels[a.label];
        ++priorities[a.priority];
        if (a.tier == 0) {
            EXPECT_EQ(a.priority, 7);
        }
        if (a.cancelAfterNs != kNoTime) {
            EXPECT_EQ(a.cancelAfterNs, 5'000'000'000);
            ++cancelled;
        }
        poison += a.poison();
        malformed += a.malformed();
        soon += a.deadlineNs == a.offsetNs + 10'000'000'000;
    }
    EXPECT_NEAR(tenants[0] / n, 6.0 / 11, 0.006);
    EXPECT_NEAR(tenants[2] / n, 2.0 / 11, 0.006);
    EXPECT_NEAR(tiers[0] / n, 0.75, 0.006);
    EXPECT_NEAR(priorities[-1] / n, 0.125, 0.006);
    EXPECT_NEAR(labels[1] / n, 0.9, 0.006);
    EXPECT_NEAR(cancelled / n, 0.2, 0.006);
    EXPECT_NEAR(poison / n, 0.01, 0.002);
    EXPECT_NEAR(malformed / n, 0.02, 0.002);
    EXPECT_NEAR(soon / n, 0.25, 0.006);
}

TEST(Marks, NamesAreGiven) {
    TrafficSpec spec;
    spec.tenants = zipfTenants(2, 1);
    spec.tiers = {{"gold", 1, {}}};
    auto stream = makeStream(spec, 1, 0);
    ASSERT_TRUE(stream);
    EXPECT_EQ((*stream)->tenantNames(), (std::vector<std::string>{"tenant-1", "tenant-2"}));
    EXPECT_EQ((*stream)->tierNames(), (std::vector<std::string>{"gold"}));
    EXPECT_EQ((*stream)->describe()["process"], "poisson");
}

TEST(Marks, SharedPrefixesHaveOneLengthAGroup) {
    TrafficSpec spec;
    spec.lengths = DrawnLengths{ConstantLength{100}, ConstantLength{10}, 0};
    spec.prefix = SharedPrefix{4, 1, UniformLength{200, 900}, 0.5, true};
    std::map<std::uint32_t, std::set<std::uint32_t>> lengths;
    std::map<std::uint32_t, int> counts;
    for (const Arrival& a : arrivals(spec, 40'000)) {
        ++counts[a.prefixGroup];
        EXPECT_EQ(a.promptTokens, 100 + a.prefixTokens);
        if (a.prefixGroup != 0) lengths[a.prefixGroup].insert(a.prefixTokens);
    }
    EXPECT_NEAR(counts[0], 20'000, 500);
    EXPECT_NEAR(counts[1], 20'000 * 12.0 / 25, 500); // 1, 1/2, 1/3, 1/4
    EXPECT_EQ(lengths.size(), 4U);
    for (const auto& [group, values] : lengths)
        EXPECT_EQ(values.size(), 1U);

    spec.prefix->added = false;
    for (const Arrival& a : arrivals(spec, 100)) {
        EXPECT_EQ(a.promptTokens, 100U);
        EXPECT_LE(a.prefixTokens, 100U);
    }
}

} // namespace
} // namespace penstock::sim
