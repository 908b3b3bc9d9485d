// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/pool_reader.h"

#include "sim/scenario/replica_reader.h"
#include "sim/scenario/router_reader.h"

#include <fmt/format.h>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

// What a replica costs in memory and time is small but not nothing: the largest pool that a run of
// minutes can still have.
constexpr std::int32_t kMostReplicas = 10'000;

void readAutoscaler(Reader& pool, AutoscalerSpec& s) {
    using Metric = AutoscalerSpec::Metric;
    pool.object("autoscaler", [&](Reader& r) {
        s.enabled = r.boolean("enabled", true);
        s.min = r.integer<std::int32_t>("min", {0, kMostReplicas}, s.min);
        s.max = r.integer<std::int32_t>("max", {1, kMostReplicas}, s.max);
        if (s.min > s.max) r.fail("min", fmt::format("min {} is above max {}", s.min, s.max));
        s.metric = r.choice<Metric>("metric",
                                    {{"saturation", Metric::saturation},
                                     {"running", Metric::running},
                                     {"waiting", Metric::waiting},
                                     {"kv_used", Metric::kvUsed}},
                                    s.metric);
        // target_saturation is the target of the metric saturation, spelt out.
        r.atMostOne({"target", "target_saturation"});
        const bool spelt = r.has("target_saturation");
        if (spelt && s.metric != Metric::saturation) {
            r.fail("target_saturation",
                   fmt::format("the metric is {}: write `target`", r.raw("metric")->text));
        }
        const bool usual = spelt || s.metric == Metric::saturation; // it has a usual target
        const double most = s.metric == Metric::kvUsed       ? 1.0
                            : s.metric == Metric::saturation ? 10.0
                                                             : 1e6;
        s.target =
            r.number(spelt ? "target_saturation" : "target", {.min = 0, .max = most, .above = true},
                     usual ? std::optional(s.target) : std::nullopt);
        r.known("target");
        r.known("target_saturation");
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
        std::int32_t replicas = 0;
        pool.list("replicas",
                  [&](Reader& r) {
                      ReplicaGroup group;
                      group.count = r.integer<std::int32_t>("count", {1, kMostReplicas}, 1);
                      group.startUp = r.duration("start_up", {}, 2min);
                      readReplica(r, *hardware, group, &scenario.remarks);
                      replicas += group.count;
                      if (replicas > kMostReplicas && replicas - group.count <= kMostReplicas) {
                          r.fail("count",
                                 fmt::format("with these there are {} replicas; at most {} can "
                                             "be simulated",
                                             replicas, kMostReplicas));
                      }
                      scenario.replicas.push_back(std::move(group));
                  },
                  {.min = 1, .max = 4096});
        readRouter(pool, scenario);
        readAutoscaler(pool, scenario.autoscaler);
    });
}

} // namespace penstock::sim
