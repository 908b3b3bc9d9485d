// SPDX-License-Identifier: Apache-2.0
// Goal: equal runs have equal fingerprints and different ones do not. Method: change one field at a
// time, swap two events, drop one; and look for collisions among many nearly equal streams.
#include "engine/record/measures/fingerprint.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

namespace penstock {
namespace {

Event sample() {
    Event e;
    e.at = Time{Duration{1'000'000'007}};
    e.request = 42;
    e.value = 0.5;
    e.threshold = 0.8;
    e.budget = 0.3;
    e.age = Duration{77};
    e.kind = EventKind::sent;
    e.code = 1;
    e.detail = 2;
    e.queue = 3;
    e.pool = 4;
    e.attempt = 5;
    e.status = 200;
    return e;
}

std::uint64_t of(const std::vector<Event>& events) {
    Fingerprint f;
    for (const Event& e : events)
        f.add(e);
    return f.value();
}

TEST(Fingerprint, everyFieldMatters) {
    const std::vector<std::function<void(Event&)>> changes = {
        [](Event& e) { e.at += Duration{1}; },
        [](Event& e) { ++e.request; },
        [](Event& e) { e.value += 1e-12; },
        [](Event& e) { e.threshold = -e.threshold; },
        [](Event& e) { e.budget = 0; },
        [](Event& e) { e.age += Duration{1}; },
        [](Event& e) { e.kind = EventKind::claimed; },
        [](Event& e) { ++e.code; },
        [](Event& e) { ++e.detail; },
        [](Event& e) { ++e.subject; },
        [](Event& e) { e.available = false; },
        [](Event& e) { ++e.queue; },
        [](Event& e) { ++e.pool; },
        [](Event& e) { ++e.attempt; },
        [](Event& e) { e.status = -1; },
        [](Event& e) { std::swap(e.value, e.threshold); },
        [](Event& e) { std::swap(e.queue, e.pool); },
    };
    std::set<std::uint64_t> seen{of({sample()})};
    for (const auto& change : changes) {
        Event e = sample();
        change(e);
        EXPECT_TRUE(seen.insert(of({e})).second);
    }
}

TEST(Fingerprint, orderAndCountMatter) {
    Event a = sample();
    Event b = sample();
    b.request = 43;
    EXPECT_NE(of({a, b}), of({b, a}));
    EXPECT_NE(of({a}), of({a, a}));
    EXPECT_NE(of({}), of({Event{}}));
    EXPECT_EQ(of({a, b}), of({a, b}));
}

TEST(Fingerprint, nearlyEqualStreamsDoNotCollide) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        Event e = sample();
        e.request = i;
        seen.insert(of({e}));
    }
    EXPECT_EQ(seen.size(), 100'000u);
}

TEST(Fingerprint, isPrintedAsSixteenHexDigits) {
    Fingerprint f;
    EXPECT_EQ(f.text().size(), 16u);
    EXPECT_EQ(f.text().find_first_not_of("0123456789abcdef"), std::string::npos);
}

} // namespace
} // namespace penstock
