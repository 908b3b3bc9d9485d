// SPDX-License-Identifier: Apache-2.0
// Goal: the router's queues obey their law: bands strictly by priority, stopped by the first
// ceiling that the saturation has reached; fairness and order within a band; bounds in requests and
// bytes; a time limit. Method: the queues alone, without a router, in tables and against a plain
// model.
#include "sim/router/flow_control.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time at(std::int64_t seconds) {
    return Time{Duration{seconds * 1000000000}};
}

class Queues {
  public:
    explicit Queues(RouterSpec routerSpec) : spec(std::move(routerSpec)) {}

    bool offer(int priority, std::uint32_t fairness, FlowControl::Job job, Time arrived,
               Time deadline = kNever, std::int64_t bytes = 1) {
        return flow.offer(priority, fairness, {job, job, arrived, deadline, bytes});
    }
    std::optional<FlowControl::Job> take(double saturation = 0.0) {
        const auto item =
            flow.take(saturation, [this](const auto& i) { return !gone.contains(i.job); });
        return item ? std::optional(item->job) : std::nullopt;
    }
    std::vector<FlowControl::Job> takeAll(double saturation = 0.0) {
        std::vector<FlowControl::Job> out;
        while (const auto job = take(saturation))
            out.push_back(*job);
        return out;
    }

    RouterSpec spec;
    FlowControl flow{spec};
    std::set<FlowControl::Job> gone;
};

using Jobs = std::vector<FlowControl::Job>;

TEST(FlowControl, bandsGoByPriorityWhateverTheOrderOfArrival) {
    Queues q{{}};
    q.offer(-1, 0, 1, at(1));
    q.offer(0, 0, 2, at(2));
    q.offer(10, 0, 3, at(3));
    q.offer(-1, 0, 4, at(4));
    EXPECT_EQ(q.takeAll(), (Jobs{3, 2, 1, 4}));
    EXPECT_EQ(q.flow.size(), 0);
    EXPECT_EQ(q.flow.bytes(), 0);
}

// "Stop at the first band whose ceiling is at or below the saturation": nothing of the lower bands
// goes either, even if theirs would allow it.
TEST(FlowControl, theFirstCeilingReachedStopsEverything) {
    struct Case {
        const char* what;
        std::map<int, double> ceilings;
        double saturation;
        Jobs gone;
    };
    for (const Case& c : {
             Case{"below the default of 1", {}, 0.99, {1, 2}},
             Case{"at it", {}, 1.0, {}},
             Case{"beyond it", {}, 1.7, {}},
             Case{"a batch band that must leave headroom", {{-1, 0.7}}, 0.8, {1}},
             Case{"below both", {{-1, 0.7}}, 0.6, {1, 2}},
             Case{"the high band stops the low one", {{0, 0.5}, {-1, 1.0}}, 0.6, {}},
             Case{"a ceiling above 1 lets a band go on", {{0, 3.0}, {-1, 3.0}}, 2.0, {1, 2}},
         }) {
        RouterSpec spec;
        spec.ceilings = c.ceilings;
        Queues q{spec};
        q.offer(0, 0, 1, at(1));
        q.offer(-1, 0, 2, at(2));
        EXPECT_EQ(q.takeAll(c.saturation), c.gone) << c.what;
    }
}

TEST(FlowControl, anEmptyHighBandStillStopsTheLowOne) {
    RouterSpec spec;
    spec.ceilings = {{0, 0.5}};
    Queues q{spec};
    q.offer(0, 0, 1, at(1));
    q.offer(-1, 0, 2, at(1));
    EXPECT_EQ(q.take(0.1), 1U); // the band is empty now, but it is there
    EXPECT_EQ(q.take(0.6), std::nullopt);
    EXPECT_EQ(q.take(0.4), 2U);
}

TEST(FlowControl, orders) {
    struct Case {
        RouterSpec::Order order;
        Jobs out;
    };
    for (const Case& c :
         {Case{RouterSpec::Order::fcfs, {1, 2, 3}}, Case{RouterSpec::Order::edf, {2, 1, 3}},
          Case{RouterSpec::Order::sloDeadline, {2, 1, 3}}}) {
        RouterSpec spec;
        spec.order = c.order;
        Queues q{spec};
        q.offer(0, 0, 1, at(1), at(60));
        q.offer(0, 0, 2, at(2), at(30));
        q.offer(0, 0, 3, at(3), kNever); // without a deadline: last
        EXPECT_EQ(q.takeAll(), c.out) << static_cast<int>(c.order);
    }
}

// A loud tenant with a hundred requests before a quiet one's three: global-strict serves in order
// of arrival, round-robin serves the quiet one at every other turn.
TEST(FlowControl, fairness) {
    for (const bool roundRobin : {false, true}) {
        RouterSpec spec;
        if (roundRobin) spec.fairness = RouterSpec::Fairness::roundRobin;
        Queues q{spec};
        for (FlowControl::Job job = 0; job < 100; ++job)
            q.offer(0, 7, job, at(1));
        for (FlowControl::Job job = 100; job < 103; ++job)
            q.offer(0, 8, job, at(2));
        const Jobs out = q.takeAll();
        const auto last = std::find(out.begin(), out.end(), 102U) - out.begin();
        EXPECT_EQ(last, roundRobin ? 5 : 102);
    }
}

TEST(FlowControl, boundsEachBandInRequestsAndBytes) {
    RouterSpec spec;
    spec.bandCapacityRequests = 3;
    spec.bandCapacityBytes = 100;
    Queues q{spec};
    EXPECT_TRUE(q.offer(0, 0, 1, at(1), kNever, 60));
    EXPECT_FALSE(q.offer(0, 0, 2, at(1), kNever, 41)) << "41 + 60 bytes are more than 100";
    EXPECT_TRUE(q.offer(0, 0, 2, at(1), kNever, 40));
    EXPECT_TRUE(q.offer(0, 0, 3, at(1), kNever, 0));
    EXPECT_FALSE(q.offer(0, 0, 4, at(1), kNever, 0)) << "the fourth of three";
    EXPECT_TRUE(q.offer(-1, 0, 5, at(1), kNever, 100)) << "another band has its own bounds";
    q.gone.insert(1);
    q.flow.removed(0, 60);
    EXPECT_TRUE(q.offer(0, 0, 6, at(1), kNever, 60)) << "who left has made room";
}

TEST(FlowControl, sweepsWhatHasWaitedTooLong) {
    RouterSpec spec;
    spec.queueTtl = 60s;
    Queues q{spec};
    q.offer(0, 0, 1, at(0));
    q.offer(0, 0, 2, at(10));
    q.offer(-1, 0, 3, at(0));
    q.offer(0, 0, 4, at(0));
    q.gone.insert(4);
    q.flow.removed(0, 1);
    Jobs expired;
    const auto sweep = [&](Time now) {
        q.flow.sweep(
            now, [&](const auto& i) { return !q.gone.contains(i.job); },
            [&](const auto& i) {
                expired.push_back(i.job);
                q.gone.insert(i.job);
            });
    };
    sweep(at(59));
    EXPECT_EQ(expired, Jobs{});
    sweep(at(60));
    EXPECT_EQ(expired, (Jobs{1, 3}))
        << "each band, in order of priority; the aborted one is nobody's";
    EXPECT_EQ(q.takeAll(), Jobs{2});
}

// Against a model that keeps a plain list: whatever is offered, taken, removed and swept, the same
// items come out in the same order, and the counts agree.
RC_GTEST_PROP(FlowControl, equalsAPlainList, ()) {
    struct Model {
        FlowControl::Job job;
        int priority;
        std::int64_t arrived;
        std::int64_t deadline;
    };
    RouterSpec spec;
    spec.order = *rc::gen::element(RouterSpec::Order::fcfs, RouterSpec::Order::edf);
    spec.bandCapacityRequests = 5;
    Queues q{spec};
    std::vector<Model> list;
    std::int64_t now = 0;
    FlowControl::Job next = 0;
    const auto better = [&](const Model& a, const Model& b) {
        if (a.priority != b.priority) return a.priority > b.priority;
        const auto key = [&](const Model& m) {
            return spec.order == RouterSpec::Order::fcfs ? m.arrived : m.deadline;
        };
        return key(a) != key(b) ? key(a) < key(b) : a.job < b.job;
    };
    const int steps = *rc::gen::inRange(1, 120);
    for (int i = 0; i < steps; ++i) {
        now += *rc::gen::inRange(0, 5);
        const int what = *rc::gen::inRange(0, 10);
        if (what < 6) {
            const int priority = *rc::gen::inRange(-1, 2);
            const std::int64_t deadline = now + *rc::gen::inRange(1, 100);
            const auto inBand = std::count_if(
                list.begin(), list.end(), [&](const Model& m) { return m.priority == priority; });
            const bool taken = q.offer(priority, 0, next, at(now), at(deadline));
            RC_ASSERT(taken == (inBand < spec.bandCapacityRequests));
            if (taken) list.push_back({next, priority, now, deadline});
            ++next;
        } else if (what < 9) {
            const auto best = std::min_element(list.begin(), list.end(), better);
            const auto job = q.take();
            RC_ASSERT(job.has_value() == (best != list.end()));
            if (!job) continue;
            RC_ASSERT(*job == best->job);
            list.erase(best);
        } else if (!list.empty()) {
            const auto which = *rc::gen::inRange<std::size_t>(0, list.size());
            q.gone.insert(list[which].job);
            q.flow.removed(list[which].priority, 1);
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(which));
        }
        RC_ASSERT(q.flow.size() == static_cast<std::int64_t>(list.size()));
    }
}

} // namespace
} // namespace penstock::sim
