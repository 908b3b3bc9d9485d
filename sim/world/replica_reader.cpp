// SPDX-License-Identifier: Apache-2.0
#include "sim/world/replica_reader.h"

#include "sim/fleet/memory.h"
#include "sim/world/profile.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

constexpr Range kStepSeconds{.min = 0.0, .max = 1.0};

template <class Spec>
Spec named(Reader& r, std::string_view key, const SpecTable<Spec>& table, std::string& name) {
    name = r.text(key);
    const auto found = table.find(name);
    if (found) return *found;
    r.fail(key, found.error().message);
    return table.rows().front().spec;
}

// The profile a group names: a file beside the scenario, or one of resources/profiles.
std::optional<Profile> readNamedProfile(Reader& r, const Hardware& hardware) {
    if (!r.has("profile")) {
        r.known("profile");
        return {};
    }
    std::string file = r.file("profile");
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        const std::string shipped =
            fmt::format("{}/profiles/{}.yaml", hardware.directory, r.text("profile"));
        if (std::filesystem::exists(shipped, error)) file = shipped;
    }
    auto profile = readProfile(file);
    if (profile) return std::move(*profile);
    r.fail("profile", profile.error().text());
    return {};
}

// Measured operator times instead of the law.
void readOperatorTable(Reader& r, const ModelSpec& model, ReplicaGroup& group) {
    r.object("operator_table", [&](Reader& t) {
        const std::string folder = t.file("folder");
        const Duration overhead = t.duration("overhead", {.max = 1s}, 0s);
        auto tables =
            readOperatorTables(folder, model.layers, static_cast<double>(overhead.count()));
        if (!tables) {
            t.fail("folder", tables.error().text());
            return;
        }
        group.operators = std::make_shared<const OperatorTables>(std::move(*tables));
        group.config.cost = StepCost{};
        group.config.cost.backEnd = StepBackEnd::table;
        group.config.cost.table = group.operators->view();
    });
}

// The time of a step: by the law from GPU and model, measured, or given outright.
void readStepTime(Reader& r, const Hardware& hardware, ReplicaGroup& group,
                  const StepConstants& start) {
    r.atMostOne({"step_time", "operator_table", "profile"});
    r.atMostOne({"step_time", "operator_table", "constants"});
    if (r.has("step_time")) {
        r.object("step_time", [&](Reader& s) {
            const double base = s.number("base", kStepSeconds);
            const double prefill = s.number("prefill_token", kStepSeconds, 0.0);
            const double decode = s.number("decode", kStepSeconds, 0.0);
            const double context = s.number("context_token", kStepSeconds, 0.0);
            group.config.cost =
                coefficientStepCost(base * 1e9, prefill * 1e9, decode * 1e9, context * 1e9);
        });
        group.config.kvBlocks = r.integer<std::int64_t>("kv_blocks", {1, 1000000000000});
        return;
    }
    r.known("step_time");
    const GpuSpec gpu = named(r, "gpu", hardware.gpus, group.gpu);
    const ModelSpec model = named(r, "model", hardware.models, group.model);
    group.tp = r.integer<int>("tp", {1, 64}, 1);
    StepConstants constants = start;
    r.object("constants", [&](Reader& k) { readStepConstants(k, constants); });
    if (group.tp > 1 && gpu.linkBandwidth <= 0.0) {
        r.fail("tp", fmt::format("{} has no fast link: tp must be 1", group.gpu));
        return;
    }
    group.config.cost = deriveStepCost(gpu, model, group.tp, constants);
    readOperatorTable(r, model, group);
    const std::int64_t fit =
        kvBlocksFor(gpu, model, group.tp, group.config.maxNumBatchedTokens, group.config.blockSize);
    group.config.kvBlocks = r.integer<std::int64_t>("kv_blocks", {0, 1000000000000}, 0);
    if (group.config.kvBlocks == 0) group.config.kvBlocks = fit;
    if (group.config.kvBlocks < 1 && r.ok()) {
        r.failHere(fmt::format("{} does not fit the memory of {} x {}: use more GPUs (tp) or a "
                               "smaller model",
                               group.model, group.tp, group.gpu));
    }
}

} // namespace

Result<Hardware> Hardware::load(const std::string& directory) {
    auto gpus = readGpuTable(directory + "/gpus.yaml");
    if (!gpus) return fail(gpus.error());
    auto models = readModelTable(directory + "/models.yaml");
    if (!models) return fail(models.error());
    return Hardware{std::move(*gpus), std::move(*models), directory};
}

void readReplica(Reader& r, const Hardware& hardware, ReplicaGroup& group) {
    ReplicaConfig& c = group.config;
    c.maxNumSeqs = r.integer<std::int32_t>("max_num_seqs", {1, 100000}, 256);
    c.maxNumBatchedTokens = r.integer<std::int32_t>("max_num_batched_tokens", {1, 10000000}, 8192);
    if (c.maxNumSeqs > c.maxNumBatchedTokens) {
        r.fail("max_num_seqs", fmt::format("{} sequences cannot each have a token of a step of {}",
                                           c.maxNumSeqs, c.maxNumBatchedTokens));
    }
    c.blockSize = 16;
    c.mode = r.choice<BatchMode>("mode",
                                 {{"single", BatchMode::single},
                                  {"static-batch", BatchMode::staticBatch},
                                  {"continuous", BatchMode::continuous}},
                                 BatchMode::continuous);
    c.staticSize = r.integer<std::int32_t>("static_size", {1, 100000}, 8);
    c.staticMaxWaitNs = r.duration("static_max_wait", {}, 0s).count();
    c.policy = r.choice<SchedulingPolicy>(
        "scheduling_policy",
        {{"fcfs", SchedulingPolicy::fcfs}, {"priority", SchedulingPolicy::priority}},
        SchedulingPolicy::fcfs);
    c.chunkedPrefill = r.boolean("chunked_prefill", true);
    c.reserveFullPrompt = r.boolean("reserve_full_prompt", false);
    c.waitingCap = r.integer<std::int64_t>("waiting_cap", {1, INT64_MAX}, INT64_MAX);
    c.prefixCache = r.boolean("prefix_cache", false);
    c.cacheUnitBlocks = r.integer<std::int32_t>("prefix_unit_blocks", {1, 1024}, 1);
    const Profile profile = readNamedProfile(r, hardware).value_or(Profile{});
    c.apiDelayNs = r.duration("a0", {.max = 10s}, profile.a0).count();
    c.responseDelayNs = r.duration("a1", {.max = 10s}, 0s).count();
    c.apiJitter = r.number("api_jitter", {.min = 0, .max = 1, .below = true}, 0.0);
    c.stepJitter = r.number("step_jitter", {.min = 0, .max = 1, .below = true}, 0.0);
    readStepTime(r, hardware, group, profile.constants);
}

} // namespace penstock::sim
