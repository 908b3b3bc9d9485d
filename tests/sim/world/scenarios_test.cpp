// SPDX-License-Identifier: Apache-2.0
// Every shipped scenario shows what it is there to show, keeps every conservation law, and obeys
// Little's law: mean number in the queue's system = arrival rate x mean life.
#include "tests/sim/world/scenario_support.h"

#include <algorithm>
#include <filesystem>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

// The trace scenario runs only where its trace is.
const std::string kTrace =
    std::string(PENSTOCK_SOURCE_DIR) + "/../shared/data/traces/AzureLLMInferenceTrace_code.csv.gz";

std::vector<std::string> shippedNames() {
    std::vector<std::string> names;
    const std::filesystem::path folder = std::string(PENSTOCK_SOURCE_DIR) + "/scenarios";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml" && entry.path().stem() != "azure-code") {
            names.push_back(entry.path().stem());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

class ShippedScenario : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedScenario, meetsItsExpectationsAndTheLaws) {
    auto world = test::make(test::shipped(GetParam()), test::options());
    ASSERT_NE(world, nullptr);
    EXPECT_FALSE(world->scenario().lesson.empty());
    EXPECT_FALSE(world->scenario().expect.empty());
    const Report report = test::run(*world);
    for (const ExpectationResult& e : report.expectations) {
        EXPECT_TRUE(e.pass) << e.expr << " is " << e.value << " " << e.error;
    }
    for (const QueueReport& q : report.queues) {
        EXPECT_EQ(q.enqueued, q.ended + q.stillQueued + q.inFlight) << q.name;
        // The recorder samples L a thousand times; a lump that drains makes the sum coarse.
        const double tolerance = 0.03 * std::max(q.littleL, q.littleLambdaW) + 1.0;
        EXPECT_NEAR(q.littleL, q.littleLambdaW, tolerance) << q.name;
    }
}

INSTANTIATE_TEST_SUITE_P(All, ShippedScenario, ::testing::ValuesIn(shippedNames()),
                         [](const auto& test) {
                             std::string name = test.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST(AzureCode, hasTheArrivalsOfItsTrace) {
    if (!std::filesystem::exists(kTrace)) GTEST_SKIP() << kTrace << " is not here";
    auto world = test::make(test::shipped("azure-code"),
                            test::options({"sources[code].arrivals.file=" + kTrace}));
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world);
    ASSERT_EQ(report.sources.front().name, "code");
    EXPECT_EQ(report.sources.front().arrivals, 8819U);
}

// threshold 0.8, batch 10, poll 1 s: floor(10 x 0.8) = 8 a second at the most, and nothing at all
// once the reading is 0.7 or more.
TEST(FloorOfThePoll, neverMoreThanEightASecondAndShutFromPointSeven) {
    struct Watch final : RecordSink {
        std::int64_t second = -1;
        int sentThisSecond = 0;
        int most = 0;
        int sentWhileShut = 0;
        double reading = 0.0;
        bool known = false; // before the first scrape the fallback holds the gate wide open
        void event(const Event& e) override {
            if (e.kind == EventKind::gateRead) {
                reading = 1.0 - e.value;
                known = e.available;
            }
            if (e.kind != EventKind::claimed || !known) return;
            const std::int64_t now = e.at.time_since_epoch().count() / 1000000000;
            sentThisSecond = now == second ? sentThisSecond + 1 : 1;
            second = now;
            most = std::max(most, sentThisSecond);
            if (reading >= 0.7) ++sentWhileShut;
        }
        void ended(const End&) override {}
        void sample(Time, const penstock::Sample&) override {}
    } watch;
    auto world = test::make(test::shipped("floor-of-the-poll"), test::options());
    world->recorder().addSink(watch);
    test::run(*world);
    EXPECT_EQ(watch.most, 8);
    EXPECT_EQ(watch.sentWhileShut, 0);
}

} // namespace
} // namespace penstock::sim
