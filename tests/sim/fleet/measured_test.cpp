// SPDX-License-Identifier: Apache-2.0
// Goal: the load model stands where real servers were measured. Method: the experiments that made
// the published figures are repeated on one Replica, with the constants of step_time.h as they are,
// and compared row by row. Skipped where the measurements are absent.
#include "sim/fleet/memory.h"
#include "sim/fleet/replica.h"
#include "sim/fleet/tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace penstock::sim::testing {
namespace {

const std::string kData = PENSTOCK_SOURCE_DIR "/../shared/data/calibration/";
const std::string kResources = PENSTOCK_SOURCE_DIR "/resources/";
constexpr double kMs = 1e-6; // milliseconds in a nanosecond

GpuSpec gpu(const char* name) {
    return readGpuTable(kResources + "gpus.yaml")->find(name).value();
}
ModelSpec model(const char* name) {
    return readModelTable(kResources + "models.yaml")->find(name).value();
}

using CsvRow = std::map<std::string, std::string>;
std::vector<CsvRow> readRows(const std::string& path) {
    std::ifstream in(path);
    std::string line, cell;
    std::vector<std::string> names;
    std::vector<CsvRow> rows;
    while (std::getline(in, line)) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        std::istringstream cells(line);
        if (names.empty()) {
            while (std::getline(cells, cell, ','))
                names.push_back(cell);
            continue;
        }
        CsvRow row;
        for (const auto& name : names) {
            std::getline(cells, cell, ',');
            row[name] = cell;
        }
        rows.push_back(row);
    }
    return rows;
}

// What the client of an experiment saw.
struct Seen {
    double ttftMs = 0.0, tpotMs = 0.0, e2eMs = 0.0, completedPerSecond = 0.0;
};

// Collects client-side times; a finished request makes room for the next.
struct Client {
    struct Request {
        std::int64_t sent = 0, first = 0, end = 0;
        std::int32_t output = 0;
    };
    std::vector<Request> requests;
    std::int64_t inFlight = 0, lastEnd = 0;
    std::vector<std::int64_t> ends; // since the caller last looked

    void scheduled(std::uint64_t, std::int64_t, std::int32_t) {}
    void firstToken(std::uint64_t id, std::int64_t t) { requests[id].first = t; }
    void finished(std::uint64_t id, std::int64_t t) {
        requests[id].end = lastEnd = t;
        --inFlight;
        ends.push_back(t);
    }
    void preempted(std::uint64_t, std::int64_t) {}
    void lost(std::uint64_t, std::int64_t) {}

    void send(Replica<>& replica, std::int64_t t, Sequence s) {
        s.id = requests.size();
        requests.push_back({t, 0, 0, s.outputTokens});
        ++inFlight;
        ASSERT_EQ(replica.submit(t, s).verdict, Admission::accepted);
    }
    Seen seen(std::int64_t skip = 0) const {
        Seen out;
        double count = 0.0;
        for (const Request& r : requests) {
            if (r.end == 0 || r.sent < skip) continue;
            out.ttftMs += static_cast<double>(r.first - r.sent) * kMs;
            out.e2eMs += static_cast<double>(r.end - r.sent) * kMs;
            out.tpotMs += static_cast<double>(r.end - r.first) * kMs / std::max(1, r.output - 1);
            count += 1.0;
        }
        out.ttftMs /= count;
        out.e2eMs /= count;
        out.tpotMs /= count;
        out.completedPerSecond = count / (static_cast<double>(lastEnd) * 1e-9);
        return out;
    }
};

// Requests at constant intervals for 60 s, of which at most 440 are in flight at the client.
Seen loadStage(const ReplicaConfig& config, double perSecond, double prompt, double output,
               int distinctPrompts) {
    Replica<> replica(config);
    Client client;
    const auto count = static_cast<std::int64_t>(std::llround(60.0 * perSecond));
    std::int64_t t = 0;
    double promptDue = 0.0, outputDue = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto due = static_cast<std::int64_t>(1e9 * static_cast<double>(i) / perSecond);
        t = std::max(t, due);
        replica.advance(t, client);
        while (client.inFlight >= 440) {
            t = replica.nextEvent();
            replica.advance(t, client);
        }
        // Lengths whose running mean is the measured one.
        promptDue += prompt;
        outputDue += output;
        Sequence s;
        s.promptTokens = static_cast<std::int32_t>(promptDue);
        s.outputTokens = static_cast<std::int32_t>(outputDue);
        promptDue -= s.promptTokens;
        outputDue -= s.outputTokens;
        s.prefix.groups[0] = {static_cast<std::uint64_t>(1 + i % distinctPrompts), s.promptTokens};
        client.send(replica, t, s);
    }
    replica.advance(kNeverNs - 1, client);
    return client.seen();
}

class LoadStages : public ::testing::TestWithParam<const char*> {};

TEST_P(LoadStages, Llama8bOnH100) {
    const std::string path = kData + "h100_llama-3.1-8b_vllm_load_stages.csv";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no measurements at " << path;
    const std::string variant = GetParam();
    ReplicaConfig config;
    config.cost = deriveStepCost(gpu("H100"), model("Llama-3.1-8B"), 1, StepConstants{});
    config.maxNumSeqs = variant == "vllm+batch_size" ? 192 : 128;
    config.prefixCache = variant == "vllm+chunking_and_prefix_caching";
    config.kvBlocks = kvBlocksFor(gpu("H100"), model("Llama-3.1-8B"), 1, 8192);
    config.apiDelayNs = 18'400'000;
    double tpotError = 0.0, e2eError = 0.0;
    int unsaturated = 0;
    for (const CsvRow& row : readRows(path)) {
        if (row.at("variant") != variant) continue;
        const auto number = [&](const char* key) { return std::stod(row.at(key)); };
        const Seen s = loadStage(config, number("offered_rps"), number("prompt_tokens_mean"),
                                 number("output_tokens_mean"), 100);
        std::printf("  %-33s %6.2f rps: completed %6.2f/%6.2f ttft %7.1f/%7.1f tpot %5.2f/%5.2f "
                    "e2e %6.0f/%6.0f\n",
                    variant.c_str(), number("offered_rps"), s.completedPerSecond,
                    number("completed_rps"), s.ttftMs, number("ttft_mean_ms"), s.tpotMs,
                    number("tpot_mean_ms"), s.e2eMs, number("e2e_mean_ms"));
        if (number("stage") < 0.5) {
            EXPECT_NEAR(s.ttftMs, 30.0, 3.0);
            EXPECT_NEAR(s.tpotMs, 7.1, 0.05 * 7.1);
        }
        if (number("completed_rps") < 0.97 * number("offered_rps")) {
            EXPECT_NEAR(s.completedPerSecond / number("completed_rps"), 1.0, 0.05);
        } else {
            tpotError += std::abs(s.tpotMs / number("tpot_mean_ms") - 1.0);
            e2eError += std::abs(s.e2eMs / number("e2e_mean_ms") - 1.0);
            ++unsaturated;
        }
    }
    ASSERT_GE(unsaturated, 3);
    std::printf("  mean error of %d unsaturated stages: TPOT %.1f %%, E2E %.1f %%\n", unsaturated,
                100 * tpotError / unsaturated, 100 * e2eError / unsaturated);
    EXPECT_LT(tpotError / unsaturated, 0.06);
    EXPECT_LT(e2eError / unsaturated, 0.06);
}
INSTANTIATE_TEST_SUITE_P(Measured, LoadStages,
                         ::testing::Values("vllm", "vllm+batch_size",
                                           "vllm+chunking_and_prefix_caching"));

// Fixed lengths, so many in flight all the time, prompts uncached. The first ones start `spreadNs`
// apart in all, so that they do not march in step for ever.
Seen closedLoop(const ReplicaConfig& config, std::int32_t prompt, std::int32_t output,
                int concurrency, int rounds, std::int64_t spreadNs) {
    Replica<> replica(config);
    Client client;
    Sequence s;
    s.promptTokens = prompt;
    s.outputTokens = output;
    const std::size_t total = static_cast<std::size_t>(concurrency * rounds);
    const auto playUntil = [&](std::int64_t until) {
        while (replica.nextEvent() < until) {
            replica.advance(replica.nextEvent(), client);
            for (const std::int64_t t : std::exchange(client.ends, {})) {
                if (client.requests.size() < total) client.send(replica, t, s);
            }
        }
    };
    for (int i = 0; i < concurrency; ++i) {
        const std::int64_t t = spreadNs * i / concurrency;
        playUntil(t);
        client.send(replica, t, s);
    }
    playUntil(kNeverNs);
    return client.seen(spreadNs);
}

TEST(Measured, Qwen32bClosedLoopOnH100s) {
    const std::string path = kData + "h100_qwen3-32b_vllm0.12_closed_loop.csv";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no measurements at " << path;
    double tpotError = 0.0, e2eError = 0.0, worst = 0.0;
    int rows = 0;
    for (const CsvRow& row : readRows(path)) {
        const auto number = [&](const char* key) { return std::stod(row.at(key)); };
        const int tp = static_cast<int>(number("tp"));
        ReplicaConfig config;
        config.cost = deriveStepCost(gpu("H100"), model("Qwen3-32B"), tp, StepConstants{});
        config.kvBlocks = kvBlocksFor(gpu("H100"), model("Qwen3-32B"), tp, 8192);
        config.apiDelayNs = 18'400'000;
        const double osl = number("osl");
        const double e2e = number("ttft_ms") + (osl - 1) * number("tpot_ms");
        const Seen s = closedLoop(
            config, static_cast<std::int32_t>(number("isl")), static_cast<std::int32_t>(osl),
            static_cast<int>(number("concurrency")), 6, static_cast<std::int64_t>(e2e * 1e6));
        const double tpotOff = s.tpotMs / number("tpot_ms") - 1.0;
        const double e2eOff = s.e2eMs / e2e - 1.0;
        std::printf("  tp %d isl %4.0f osl %4.0f x%3.0f: ttft %7.0f/%7.0f tpot %6.2f/%6.2f (%+5.1f "
                    "%%) e2e %6.0f/%6.0f (%+5.1f %%)\n",
                    tp, number("isl"), osl, number("concurrency"), s.ttftMs, number("ttft_ms"),
                    s.tpotMs, number("tpot_ms"), 100 * tpotOff, s.e2eMs, e2e, 100 * e2eOff);
        if (number("ttft_ms") > 3000) continue; // memory is full: the start-up decides
        tpotError += std::abs(tpotOff);
        e2eError += std::abs(e2eOff);
        worst = std::max(worst, std::abs(e2eOff));
        ++rows;
    }
    std::printf(
        "  mean error of %d unsaturated points: TPOT %.1f %%, E2E %.1f %% (worst %.1f %%)\n", rows,
        100 * tpotError / rows, 100 * e2eError / rows, 100 * worst);
}

// 300 ShareGPT requests in half a minute, far too many: two minutes of queue. The replica runs on
// operator times measured on the same GPU; nothing is fitted.
TEST(Measured, ShareGptRushOnRtx4090) {
    const std::string lengths = kData + "sharegpt-llama-3.1-8b-300-sps10_lengths.csv";
    const std::string series = kData + "rtx4090_llama-3.1-8b_vllm0.19_300req/timeseries.csv";
    if (!std::filesystem::exists(lengths)) GTEST_SKIP() << "no measurements at " << lengths;
    const auto tables = readOperatorTables(kData + "rtx4090_llama-3.1-8b_operators", 32, 0.0);
    ASSERT_TRUE(tables) << tables.error().text();
    ReplicaConfig config;
    config.cost.backEnd = StepBackEnd::table;
    config.cost.table = tables->view();
    config.kvBlocks = 2588;
    config.maxNumBatchedTokens = 2048;
    config.reserveFullPrompt = true;
    config.prefixCache = true; // prompts share nothing, but the preempted find their own blocks
    Replica<> replica(config);
    Client client;
    std::vector<Observation> seconds;
    const auto playUntil = [&](std::int64_t t) {
        while (static_cast<std::int64_t>(seconds.size() + 1) * 1'000'000'000 <= t) {
            const auto second = static_cast<std::int64_t>(seconds.size() + 1) * 1'000'000'000;
            replica.advance(second, client);
            seconds.push_back(replica.observe(second));
        }
        replica.advance(t, client);
    };
    for (const CsvRow& row : readRows(lengths)) {
        Sequence s;
        s.promptTokens = std::stoi(row.at("input_toks"));
        s.outputTokens = std::stoi(row.at("output_toks"));
        s.prefix.groups[0] = {1 + client.requests.size(), s.promptTokens + s.outputTokens};
        const std::int64_t t = std::stoll(row.at("arrival_time_ns"));
        playUntil(t);
        client.send(replica, t, s);
    }
    playUntil(300'000'000'000);
    const Seen seen = client.seen();
    double runningOff = 0.0, waitingOff = 0.0, rows = 0.0;
    for (const CsvRow& row : readRows(series)) {
        const auto i = static_cast<std::size_t>(std::stod(row.at("t"))) - 1;
        runningOff += std::abs(std::stod(row.at("running")) - double(seconds[i].running));
        waitingOff += std::abs(std::stod(row.at("waiting")) - double(seconds[i].waiting));
        rows += 1.0;
    }
    std::printf("  ttft %.1f s (65.5) e2e %.1f s (86.6) tpot %.1f ms (32.4); mean distance of "
                "running %.1f, "
                "waiting %.1f; preemptions %ld; last %.1f s (183.6)\n",
                seen.ttftMs * 1e-3, seen.e2eMs * 1e-3, seen.tpotMs, runningOff / rows,
                waitingOff / rows, long(seconds.back().preemptions), 1e-9 * double(client.lastEnd));
    EXPECT_NEAR(seen.ttftMs, 65'457.0, 0.03 * 65'457.0);
    EXPECT_NEAR(seen.e2eMs, 86'578.0, 0.03 * 86'578.0);
    EXPECT_LT(runningOff / rows, 3.0);
    EXPECT_LT(waitingOff / rows, 6.0);
}

} // namespace
} // namespace penstock::sim::testing
