// SPDX-License-Identifier: Apache-2.0
// Goal: the recorder's report is a faithful fold of the events it was given. Method: short scripted
// lives of requests whose totals can be told by hand, and the promised keys read back from JSON.
#include "engine/record/recorder.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Recorder, anEmptyRunHasAReport) {
    RecorderSetup setup;
    setup.workerPools = {{"default"}};
    setup.queues = {{"batch", 0}};
    setup.sources = {{"chat", true}};
    setup.gates = {{true, 0, "constant", true}};
    Recorder recorder(setup);
    RunFacts facts;
    facts.end = Time{} + std::chrono::seconds{10};
    facts.queues.resize(1);
    const auto report = recorder.finish(facts);
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(toJson(*report)["gates"]["pool:default"]["verdict"], "inert");
}

} // namespace
} // namespace penstock
