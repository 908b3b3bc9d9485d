// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs scenarios for tests: by name from scenarios/, or from text.
#include "sim/scenario/scenario_reader.h"
#include "sim/world/world.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace penstock::sim::test {

inline std::string shipped(const std::string& name) {
    return std::string(PENSTOCK_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

// Names of everything below scenarios/, with their folders: "gates/tide".
inline std::set<std::string> allShipped() {
    std::set<std::string> names;
    const std::filesystem::path folder = std::string(PENSTOCK_SOURCE_DIR) + "/scenarios";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".yaml") continue;
        std::filesystem::path name = std::filesystem::relative(entry.path(), folder);
        names.insert(name.replace_extension().string());
    }
    return names;
}

// Overrides with which it needs no file that may not be here.
inline std::vector<std::string> standIns(const std::string& name) {
    if (name != "azure-code") return {};
    return {"sources[code].arrivals={process: poisson, rate: 2.5}",
            "sources[code].prompt_tokens=2048", "sources[code].output_tokens=28"};
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
