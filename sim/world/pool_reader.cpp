// SPDX-License-Identifier: Apache-2.0
#include "sim/world/pool_reader.h"

#include "sim/world/replica_reader.h"
#include "sim/world/router_reader.h"

#include <fmt/format.h>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

void readAutoscaler(Reader& pool, AutoscalerSpec& s) {
    pool.object("autoscaler", [&](Reader& r) {
        s.enabled = r.boolean("enabled", true);
        s.min = r.integer<std::int32_t>("min", {0, 100000}, s.min);
        s.max = r.integer<std::int32_t>("max", {1, 100000}, s.max);
        if (s.min > s.max) r.fail("min", fmt::format("min {} is above max {}", s.min, s.max));
        s.targetSaturation =
            r.number("target_saturation", {.min = 0, .max = 10, .above = true}, s.targetSaturation);
        s.period = r.duration("period", {.min = 1ms}, s.period);
        s.upDelay = r.duration("up_delay", {}, s.upDelay);
        s.downDelay = r.duration("down_delay", {}, s.downDelay);
        s.coldStart = r.duration("cold_start", {}, s.coldStart);
    });
}

} // namespace

void readPool(Reader& top, Scenario& scenario, const std::string& resources) {
    top.requireObject("pool", [&](Reader& pool) {
        scenario.poolName = pool.text("name", "pool");
        scenario.costPerGpuHour =
            pool.number("cost_per_gpu_hour", {.min = 0, .max = 1e6}, scenario.costPerGpuHour);
        const auto hardware = Hardware::load(resources);
        if (!hardware) {
            pool.failHere(hardware.error().text());
            return;
        }
        pool.list(
            "replicas",
            [&](Reader& r) {
                ReplicaGroup group;
                group.count = r.integer<std::int32_t>("count", {1, 100000}, 1);
                group.startUp = r.duration("start_up", {}, 2min);
                readReplica(r, *hardware, group);
                scenario.replicas.push_back(std::move(group));
            },
            {.min = 1, .max = 4096});
        readRouter(pool, scenario);
        readAutoscaler(pool, scenario.autoscaler);
    });
}

} // namespace penstock::sim
