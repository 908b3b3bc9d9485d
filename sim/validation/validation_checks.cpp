// SPDX-License-Identifier: Apache-2.0
// What needs no data: physics, overload, queueing theory.
#include "sim/calibration/fit_report.h"
#include "sim/calibration/workers.h"
#include "sim/fleet/memory.h"
#include "sim/validation/theory.h"
#include "sim/validation/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace penstock::sim {
namespace {

ReplicaConfig replicaOf(const Hardware& hardware, const Profile& profile, const char* model,
                        int tp) {
    const GpuSpec gpu = hardware.gpus.find("H100").value();
    const ModelSpec spec = hardware.models.find(model).value();
    ReplicaConfig config;
    config.cost = deriveStepCost(gpu, spec, tp, profile.constants);
    config.kvBlocks = kvBlocksFor(gpu, spec, tp, config.maxNumBatchedTokens);
    config.apiDelayNs = profile.a0.count();
    return config;
}

// Seconds of the server for one request of 204 tokens in, 62 out, when 128 run at a time.
double secondsPerRequest(ReplicaConfig config, bool cached) {
    config.maxNumSeqs = 128;
    config.prefixCache = cached;
    LoadStage rush;
    rush.perSecond = 1e5; // all at once
    rush.seconds = 0.04;
    rush.promptTokens = 204;
    rush.outputTokens = 62;
    rush.distinctPrompts = cached ? 1 : 0;
    return 1.0 / runLoadStage(config, rush).completedPerSecond;
}

} // namespace

ValidationSection physicsSection(const Hardware& hardware, const ValidationOptions& options) {
    ValidationSection out;
    out.title = "Physics";
    out.about =
        "An 8B on one H100: the time to stream its weights once and the price of a prompt "
        "token, figures read off the measured load stages, to which the constants were fitted. "
        "KV blocks of a 70B on four H100s: what vLLM counted at start, as inference-sim's test "
        "data gives it; nothing was fitted to them.";
    const ReplicaConfig config = replicaOf(hardware, options.profile, "Llama-3.1-8B", 1);
    LoadStage idle;
    idle.seconds = 60.0;
    idle.promptTokens = 204.0;
    idle.outputTokens = 62.0;
    const Seen alone = runLoadStage(config, idle);
    out.checks.push_back(checkError("decode of one sequence, each token", "7.1 ms",
                                    fmt::format("{:.2f} ms", alone.tpotMs),
                                    alone.tpotMs / 7.1 - 1.0, 0.05));
    out.checks.push_back(checkError("idle TTFT, 204 tokens in", "30 ms",
                                    fmt::format("{:.1f} ms", alone.ttftMs),
                                    alone.ttftMs / 30.0 - 1.0, 0.10));
    // 192 of the 204 tokens are whole blocks that a cache can hold.
    const double perToken =
        (secondsPerRequest(config, false) - secondsPerRequest(config, true)) / 192.0 * 1e6;
    out.checks.push_back(checkError("uncached prompt token, server saturated", "20.6 us",
                                    fmt::format("{:.1f} us", perToken), perToken / 20.6 - 1.0,
                                    0.20));
    struct Memory {
        std::int64_t stepTokens;
        double blocks; // that the real server had
    };
    const GpuSpec gpu = hardware.gpus.find("H100").value();
    const ModelSpec big = hardware.models.find("Llama-3.1-70B").value();
    for (const Memory& m : {Memory{8192, 30251}, Memory{2048, 30425}}) {
        const auto blocks = static_cast<double>(kvBlocksFor(gpu, big, 4, m.stepTokens));
        out.checks.push_back(checkError(fmt::format("KV blocks, {} tokens a step", m.stepTokens),
                                        fmt::format("{:.0f}", m.blocks),
                                        fmt::format("{:.0f}", blocks), blocks / m.blocks - 1.0,
                                        0.02));
    }
    return out;
}

ValidationSection overloadSection(const Hardware& hardware, const ValidationOptions& options) {
    ValidationSection out;
    out.title = "Overload";
    out.about =
        "A 34B on two H100s under 4 requests a second of 1,082 tokens in and 1,448 out, more "
        "than it can do: it must saturate, with queues of minutes. What a real one would "
        "complete was not measured here: 3.2 a second is an expectation, and the bounds are "
        "wide, so this is a check of behaviour. 256 sequences outgrow the KV memory that is left "
        "beside the weights, and what is preempted is computed again; 200 fit, and so do 256 "
        "with memory for all.";
    const ReplicaConfig config = replicaOf(hardware, options.profile, "CodeLlama-34B", 2);
    LoadStage stage;
    stage.perSecond = 4.0;
    stage.seconds = 1800.0;
    stage.promptTokens = 1082;
    stage.outputTokens = 1448;
    ReplicaConfig fewer = config;
    fewer.maxNumSeqs = 200;
    ReplicaConfig roomy = config;
    roomy.kvBlocks = 256 * ((1082 + 1448) / config.blockSize + 1);
    struct Case {
        const char* name;
        const ReplicaConfig* config;
        double within; // of what is expected
    };
    const Case cases[] = {{"256 slots", &config, 0.25},
                          {"200 slots", &fewer, 0.15},
                          {"256 slots, KV memory for all", &roomy, 0.10}};
    constexpr std::size_t kCases = std::size(cases);
    Seen seen[kCases];
    forEachOnThreads(kCases, options.threads,
                     [&](std::size_t i) { seen[i] = runLoadStage(*cases[i].config, stage); });
    constexpr double kNear = 3.2; // requests a second
    for (std::size_t i = 0; i < kCases; ++i) {
        const double rate = seen[i].completedPerSecond;
        ValidationCheck check =
            checkError(fmt::format("{}: completed", cases[i].name), "near 3.2 rps",
                       fmt::format("{:.2f} rps", rate), rate / kNear - 1.0, cases[i].within);
        check.note =
            fmt::format("{} preemptions of {} requests", seen[i].preemptions, seen[i].requests);
        out.checks.push_back(std::move(check));
        out.checks.push_back(checkHolds(
            fmt::format("{}: mean TTFT over half an hour", cases[i].name), "above a minute",
            fmt::format("{:.0f} s", seen[i].ttftMs * 1e-3), seen[i].ttftMs > 60e3));
    }
    XyChart chart;
    chart.title = "Completed requests of a 34B";
    chart.note = "2 x H100, 1,082 in, 1,448 out, ten minutes each";
    chart.xLabel = "offered requests per second";
    chart.yLabel = "per second";
    constexpr std::size_t kPoints = 13;
    double rates[kCases][kPoints];
    const auto offered = [](std::size_t i) { return 0.5 + 0.375 * static_cast<double>(i); };
    forEachOnThreads(kCases * kPoints, options.threads, [&](std::size_t i) {
        LoadStage s = stage;
        s.seconds = 600.0;
        s.perSecond = offered(i % kPoints);
        rates[i / kPoints][i % kPoints] =
            runLoadStage(*cases[i / kPoints].config, s).completedPerSecond;
    });
    for (std::size_t c = 0; c < kCases; ++c) {
        XyChart::Series line{cases[c].name, static_cast<int>(c), false, {}};
        for (std::size_t i = 0; i < kPoints; ++i)
            line.points.emplace_back(offered(i), rates[c][i]);
        chart.series.push_back(std::move(line));
    }
    out.charts.push_back(std::move(chart));
    return out;
}

ValidationSection theorySection(const ValidationOptions& options) {
    ValidationSection out;
    out.title = "Queueing theory";
    out.about =
        "With steps of constant length a replica is a queue that theory has solved: mean waits "
        "in units of the mean service time.";
    const QueueingCase cases[] = {
        {1, true, 0.3, 400'000},   {1, true, 0.6, 400'000},    {1, true, 0.8, 1'000'000},
        {1, true, 0.9, 3'000'000}, {1, false, 0.3, 200'000},   {1, false, 0.6, 200'000},
        {1, false, 0.8, 400'000},  {1, false, 0.9, 1'000'000}, {4, true, 0.5, 1'500'000},
        {4, true, 0.7, 1'000'000}, {4, true, 0.9, 3'000'000},  {16, true, 0.9, 3'000'000},
    };
    constexpr std::uint64_t kSeed = 7;
    std::vector<double> waits(std::size(cases));
    forEachOnThreads(waits.size(), options.threads, [&](std::size_t i) {
        QueueingCase c = cases[i];
        c.requests = std::max<std::uint64_t>(
            20'000, static_cast<std::uint64_t>(static_cast<double>(c.requests) * options.effort));
        waits[i] = simulatedWait(c, kSeed);
    });
    XyChart chart;
    chart.title = "Mean wait, one server";
    chart.note = "lines theory, dots simulated";
    chart.xLabel = "load";
    chart.yLabel = "service times";
    XyChart::Series lines[2] = {{"M/M/1", 0, false, {}}, {"M/D/1", 1, false, {}}};
    XyChart::Series dots[2] = {{"", 0, true, {}}, {"", 1, true, {}}};
    for (int k = 5; k <= 92; ++k) {
        const double load = 0.01 * k;
        lines[0].points.emplace_back(load, theoreticalWait({1, true, load}));
        lines[1].points.emplace_back(load, theoreticalWait({1, false, load}));
    }
    for (std::size_t i = 0; i < waits.size(); ++i) {
        const QueueingCase& c = cases[i];
        const double expected = theoreticalWait(c);
        // The noise of a mean grows with the root of what was left out.
        const double limit = 0.02 / std::sqrt(std::min(1.0, options.effort));
        out.checks.push_back(checkError(
            fmt::format("M/{}/{}, load {:.1f}", c.exponential ? "M" : "D", c.servers, c.load),
            fmt::format("{:.4f}", expected), fmt::format("{:.4f}", waits[i]),
            waits[i] / expected - 1.0, limit));
        if (c.servers == 1) dots[c.exponential ? 0 : 1].points.emplace_back(c.load, waits[i]);
    }
    chart.series = {lines[0], lines[1], dots[0], dots[1]};
    out.charts.push_back(std::move(chart));
    return out;
}

} // namespace penstock::sim
