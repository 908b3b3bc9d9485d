// SPDX-License-Identifier: Apache-2.0
// A closed loop never has more in flight than users, thinks between answers, and asks the same
// things whatever the order of the answers. Method: a toy server that answers after given times.
#include "support.h"

#include <algorithm>
#include <map>
#include <vector>

namespace penstock::sim {
namespace {

struct Answer {
    std::int64_t ns;
    std::uint32_t user;
};

// Runs the loop for `requests` requests, each answered after serviceNs(arrival).
template <class Service>
std::vector<Arrival> runLoop(const TrafficSpec& spec, std::size_t requests, Service serviceNs,
                             std::size_t* mostInFlight = nullptr) {
    auto stream = makeStream(spec, 1, 0);
    if (!stream) {
        ADD_FAILURE() << stream.error().text();
        return {};
    }
    std::vector<Arrival> out;
    std::vector<Answer> open;
    while (out.size() < requests) {
        const auto first = std::min_element(
            open.begin(), open.end(), [](const Answer& a, const Answer& b) { return a.ns < b.ns; });
        if (first != open.end() && first->ns <= (*stream)->peekNs()) {
            const Answer answer = *first;
            open.erase(first);
            (*stream)->completed(answer.user, answer.ns);
            continue;
        }
        Arrival a;
        if (!(*stream)->next(a)) break;
        out.push_back(a);
        open.push_back({a.offsetNs + serviceNs(a), a.user});
        if (mostInFlight != nullptr) *mostInFlight = std::max(*mostInFlight, open.size());
    }
    return out;
}

TEST(ClosedLoop, KeepsEveryUserBusyAndNoMore) {
    TrafficSpec spec;
    spec.process = ClosedLoopProcess{4, ConstantSeconds{1}, 2};
    std::size_t inFlight = 0;
    const auto all = runLoop(
        spec, 400, [](const Arrival&) { return 3'000'000'000; }, &inFlight);
    EXPECT_EQ(all.size(), 400U);
    EXPECT_EQ(inFlight, 4U);
    EXPECT_EQ(all[1].offsetNs, 500'000'000); // starts are spread over two seconds
    // One request every 4 s a user.
    EXPECT_NEAR(static_cast<double>(all.back().offsetNs) * 1e-9, 99 * 4.0 + 1.5, 1e-6);
}

TEST(ClosedLoop, WaitsForAnswers) {
    TrafficSpec spec;
    spec.process = ClosedLoopProcess{2, ConstantSeconds{0}, 0};
    auto stream = makeStream(spec, 1, 0);
    ASSERT_TRUE(stream);
    Arrival a;
    EXPECT_TRUE((*stream)->next(a));
    EXPECT_TRUE((*stream)->next(a));
    EXPECT_FALSE((*stream)->next(a));
    EXPECT_EQ((*stream)->peekNs(), kNoTime);
    (*stream)->completed(1, 77);
    EXPECT_EQ((*stream)->peekNs(), 77);
    EXPECT_TRUE((*stream)->next(a));
    EXPECT_EQ(a.user, 1U);
    EXPECT_TRUE((*stream)->status().has_value());
}

// Users who do not think, refused at the instant they ask, pause all the same: for as long as the
// answer says, or for the loop's own time.
TEST(ClosedLoop, ARefusedUserPauses) {
    struct Case {
        double think;
        double pause;
        std::int64_t retryAfterNs;
        std::int64_t backNs;
    };
    for (const Case& c : {Case{0, 1, -1, 1'000'000'000}, Case{0, 0.25, -1, 250'000'000},
                          Case{0, 1, 7'000'000'000, 7'000'000'000}, Case{0, 1, 0, 1'000'000'000},
                          Case{3, 1, -1, 3'000'000'000}}) {
        TrafficSpec spec;
        spec.process = ClosedLoopProcess{1, ConstantSeconds{c.think}, 0, c.pause};
        auto stream = makeStream(spec, 1, 0);
        ASSERT_TRUE(stream);
        Arrival a;
        ASSERT_TRUE((*stream)->next(a));
        (*stream)->refused(0, 0, c.retryAfterNs);
        EXPECT_EQ((*stream)->peekNs(), c.backNs);
    }
    TrafficSpec spec;
    spec.process = ClosedLoopProcess{1, ConstantSeconds{0}, 0, 0};
    const Status valid = validate(spec);
    ASSERT_FALSE(valid.has_value());
    EXPECT_NE(valid.error().message.find("retry_pause"), std::string::npos);
}

TEST(ClosedLoop, AUsersQuestionsDoNotDependOnTheOrderOfAnswers) {
    TrafficSpec spec;
    spec.process = ClosedLoopProcess{5, ExponentialSeconds{1}, 0};
    spec.lengths = DrawnLengths{logNormalLength(300, 1), logNormalLength(100, 1), 0};
    const auto asked = [&](const std::vector<Arrival>& all) {
        std::map<std::uint32_t, std::vector<std::uint32_t>> out;
        for (const Arrival& a : all)
            out[a.user].push_back(a.promptTokens);
        for (auto& [user, prompts] : out)
            prompts.resize(20);
        return out;
    };
    const auto fast = asked(runLoop(spec, 1000, [](const Arrival&) { return 1'000'000; }));
    const auto slow = asked(runLoop(
        spec, 1000, [](const Arrival& a) { return std::int64_t{a.promptTokens} * 10'000'000; }));
    EXPECT_EQ(fast, slow);
}

TEST(ClosedLoop, SessionsAndStop) {
    TrafficSpec spec;
    spec.process = ClosedLoopProcess{1, ConstantSeconds{1}, 0};
    spec.sessions = Sessions{ConstantLength{3}, ConstantSeconds{0}, true, 0};
    spec.lengths = DrawnLengths{ConstantLength{10}, ConstantLength{5}, 0};
    spec.stopSeconds = 5.5;
    const auto all = runLoop(spec, 100, [](const Arrival&) { return 0; });
    std::vector<std::uint32_t> prompts;
    for (const Arrival& a : all)
        prompts.push_back(a.promptTokens);
    EXPECT_EQ(prompts, (std::vector<std::uint32_t>{10, 25, 40, 10, 25, 40}));
    EXPECT_EQ(all[0].session, all[2].session);
    EXPECT_NE(all[2].session, all[3].session);
}

} // namespace
} // namespace penstock::sim
