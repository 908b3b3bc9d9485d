// SPDX-License-Identifier: Apache-2.0
// Which charts a run has, in the order in which a person asks: what did users feel, what did the
// gate do and why, what came of the queued work, what did the GPUs do.
#include "engine/record/report/html_chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock::html {

namespace {
ChartSpec gateChart(const ChartData::Gate& gate, std::size_t index) {
    ChartSpec spec;
    spec.id = fmt::format("gate-{}", index);
    spec.title = fmt::format("Gate {} ({})", gate.owner, gate.type);
    spec.note = "Shaded: closed. The strip below is the budget the gate gave.";
    // What happens around the threshold is the story; a queue's far peaks would flatten it.
    float threshold = 0;
    for (float v : gate.threshold.max) {
        if (std::isfinite(v)) threshold = std::max(threshold, v);
    }
    spec.cap = 3.0 * threshold;
    spec.height = 150;
    spec.lines = {{.curve = &gate.trueLoad, .label = "true load", .color = 0},
                  {.curve = &gate.reading,
                   .label = "what the gate read",
                   .color = 1,
                   .step = true,
                   .band = false},
                  {.curve = &gate.threshold,
                   .label = "threshold",
                   .color = 3,
                   .dashed = true,
                   .step = true,
                   .band = false}};
    spec.closed = &gate.closed;
    spec.budget = &gate.budget;
    return spec;
}
} // namespace

std::vector<ChartSpec> chartSpecs(const ChartData& data) {
    std::vector<ChartSpec> out;
    ChartSpec ttft{.id = "ttft", .title = "Interactive time to first token"};
    ttft.unit = Unit::seconds;
    ttft.mayBeLog = true;
    ttft.lines = {{.curve = &data.ttftP50, .label = "p50", .color = 0, .band = false},
                  {.curve = &data.ttftP95, .label = "p95", .color = 1, .band = false},
                  {.curve = &data.ttftP99, .label = "p99", .color = 3, .band = false}};
    out.push_back(std::move(ttft));

    for (std::size_t i = 0; i < data.gates.size(); ++i) {
        out.push_back(gateChart(data.gates[i], i));
    }

    ChartSpec depth{.id = "depth", .title = "Queue depth"};
    for (std::size_t i = 0; i < data.queueDepth.size() && i < 5; ++i) {
        const Curve& curve = data.queueDepth[i];
        depth.lines.push_back({.curve = &curve,
                               .label = curve.name,
                               .color = static_cast<int>(i),
                               .area = data.queueDepth.size() == 1});
    }
    depth.lines.push_back({.curve = &data.brokerBacklog,
                           .label = "still with the broker",
                           .color = 5,
                           .dashed = true,
                           .band = false});
    if (data.queueDepth.size() > 5) {
        depth.note = fmt::format("The first five of {} queues.", data.queueDepth.size());
    }
    out.push_back(std::move(depth));

    for (std::size_t i = 0; i < data.workers.size(); ++i) {
        const auto& pool = data.workers[i];
        ChartSpec spec{.id = fmt::format("workers-{}", i),
                       .title =
                           data.workers.size() == 1
                               ? "In flight and worker limit"
                               : fmt::format("In flight and worker limit, pool {}", pool.name)};
        spec.height = 104;
        spec.lines = {{.curve = &pool.busy, .label = "in flight", .color = 0},
                      {.curve = &pool.limit,
                       .label = "worker limit",
                       .color = 3,
                       .dashed = true,
                       .step = true,
                       .band = false}};
        out.push_back(std::move(spec));
    }

    ChartSpec outcomes{.id = "outcomes", .title = "Outcomes of queued work, per second"};
    outcomes.unit = Unit::perSecond;
    outcomes.lines = {{.curve = &data.ok, .label = "ok", .color = 2, .band = false},
                      {.curve = &data.retry, .label = "retry", .color = 1, .band = false},
                      {.curve = &data.shed, .label = "shed", .color = 3, .band = false},
                      {.curve = &data.late, .label = "late", .color = 4, .band = false},
                      {.curve = &data.failed, .label = "failed", .color = 5, .band = false}};
    out.push_back(std::move(outcomes));

    ChartSpec gpu{.id = "gpu", .title = "Model servers: GPU busy, KV cache, saturation"};
    gpu.unit = Unit::share;
    gpu.cap = 2.0;
    gpu.lines = {{.curve = &data.saturation, .label = "saturation", .color = 4, .band = false},
                 {.curve = &data.kv, .label = "KV cache", .color = 2, .band = false},
                 {.curve = &data.busy, .label = "GPU busy", .color = 0, .band = false}};
    out.push_back(std::move(gpu));

    ChartSpec batch{.id = "batch", .title = "Model servers: running and waiting requests"};
    batch.height = 104;
    batch.lines = {{.curve = &data.running, .label = "running", .color = 0},
                   {.curve = &data.waiting, .label = "waiting", .color = 1}};
    out.push_back(std::move(batch));

    if (data.heat.rows > 0) {
        ChartSpec heat{.id = "heat", .title = "How busy each replica was"};
        heat.height = std::min(220.0, std::max(28.0, 16.0 * data.heat.rows));
        heat.heat = &data.heat;
        out.push_back(std::move(heat));
    }
    return out;
}

} // namespace penstock::html
