// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs scenarios for tests: by name from scenarios/, or from text.
#include "sim/world/scenario_reader.h"
#include "sim/world/world.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::sim::test {

inline std::string shipped(const std::string& name) {
    return std::string(PENSTOCK_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

inline ScenarioOptions options(std::vector<std::string> overrides = {}) {
    ScenarioOptions o;
    o.overrides = std::move(overrides);
    o.resources = std::string(PENSTOCK_SOURCE_DIR) + "/resources";
    return o;
}

// A world ready to run; the test fails if it cannot be made.
inline std::unique_ptr<World> make(const std::string& path, const ScenarioOptions& o,
                                   const WorldOptions& w = {}) {
    auto scenario = readScenario(path, o);
    EXPECT_TRUE(scenario.has_value()) << (scenario ? "" : scenario.error().text());
    if (!scenario) return nullptr;
    auto world = World::make(std::move(*scenario), w);
    EXPECT_TRUE(world.has_value()) << (world ? "" : world.error().text());
    return world ? std::move(*world) : nullptr;
}

inline std::unique_ptr<World> makeText(const std::string& text,
                                       std::vector<std::string> overrides = {},
                                       const WorldOptions& w = {}) {
    auto scenario = parseScenario(text, "test.yaml", options(std::move(overrides)));
    EXPECT_TRUE(scenario.has_value()) << (scenario ? "" : scenario.error().text());
    if (!scenario) return nullptr;
    auto world = World::make(std::move(*scenario), w);
    EXPECT_TRUE(world.has_value()) << (world ? "" : world.error().text());
    return world ? std::move(*world) : nullptr;
}

inline Report run(World& world) {
    world.runUntil(world.end());
    EXPECT_TRUE(world.status().has_value());
    auto report = world.report(1.0);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().text());
    return report ? *report : Report{};
}

} // namespace penstock::sim::test
