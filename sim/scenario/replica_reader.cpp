// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/replica_reader.h"

#include "sim/fleet/memory.h"
#include "sim/scenario/profile.h"
#include "sim/scenario/remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

constexpr Range kStepSeconds{.min = 0.0, .max = 1.0};
constexpr int kMostGpus = 64; // of one replica
constexpr std::int32_t kMostUnitBlocks = 1024;

template <class Spec>
Spec named(Reader& r, std::string_view key, const SpecTable<Spec>& table, std::string& name) {
    name = r.text(key);
    const auto found = table.find(name);
    if (found) return *found;
    r.fail(key, found.error().message);
    return table.rows().front().spec;
}

// "h100, l40s": what lies in resources/profiles.
std::string shippedProfiles(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// The profile a group names: a file beside the scenario, or one of resources/profiles.
std::optional<Profile> readNamedProfile(Reader& r, const Hardware& hardware) {
    if (!r.has("profile")) {
        r.known("profile");
        return {};
    }
    std::string file = r.file("profile");
    const std::string name = r.text("profile");
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        const std::string folder = hardware.directory + "/profiles";
        file = fmt::format("{}/{}.yaml", folder, name);
        if (!std::filesystem::exists(file, error)) {
            r.fail("profile", fmt::format("there is no profile \"{}\": name a file as `penstock "
                                          "calibrate` writes it, beside the scenario, or one of "
                                          "those that come along: {}",
                                          name, shippedProfiles(folder)));
            return {};
        }
    }
    auto profile = readProfile(file);
    if (profile) return std::move(*profile);
    r.fail("profile", profile.error().text());
    return {};
}

// Profiles hold for the GPU they were fitted on: shares of another data sheet are other shares.
void remarkProfile(Remarks& remarks, const Hardware& hardware, const Profile& profile,
                   const ReplicaGroup& group) {
    if (profile.gpu.empty() || group.gpu.empty()) return;
    const auto* fitted = hardware.gpus.row(profile.gpu);
    if (fitted == hardware.gpus.row(group.gpu)) return;
    remarks.add(
        "profile-of-another-gpu", "profile",
        fmt::format("The profile {} was fitted on {}, but these replicas have {}.", profile.name,
                    fitted == nullptr ? profile.gpu : fitted->name, group.gpu),
        fmt::format("Calibrate on {} with `penstock calibrate`, or read the step times as a guess.",
                    group.gpu));
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

// The degrees of tensor parallelism that a model's heads allow.
std::string degrees(const ModelSpec& model) {
    std::vector<int> out;
    for (int tp = 1; tp <= kMostGpus; ++tp) {
        if (headsDivide(model, tp)) out.push_back(tp);
    }
    return fmt::format("{}", fmt::join(out, ", "));
}

// The time of a step: by the law from GPU and model, measured, or given outright.
void readStepTime(Reader& r, const Hardware& hardware, ReplicaGroup& group,
                  const StepConstants& start) {
    r.atMostOne({"step_time", "operator_table", "profile"});
    r.atMostOne({"step_time", "operator_table", "constants"});
    if (r.has("step_time")) {
        for (const std::string_view key : {"gpu", "model", "tp"}) {
            r.known(key);
            if (!r.has(key)) continue;
            r.fail(key,
                   fmt::format("step_time takes the place of gpu, model and tp, which a step's "
                               "time is derived from without it: leave {} out, or step_time",
                               key));
        }
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
    group.tp = r.integer<int>("tp", {1, kMostGpus}, 1);
    StepConstants constants = start;
    r.object("constants", [&](Reader& k) { readStepConstants(k, constants); });
    if (group.tp > 1 && gpu.linkBandwidth <= 0.0) {
        r.fail("tp", fmt::format("{} has no fast link: tp must be 1", group.gpu));
        return;
    }
    if (!headsDivide(model, group.tp)) {
        r.fail("tp",
               fmt::format("{} attention heads and {} KV heads of {} cannot be shared out "
                           "evenly over {} GPUs; tp may be {}",
                           model.heads, model.kvHeads, group.model, group.tp, degrees(model)));
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

void readReplica(Reader& r, const Hardware& hardware, ReplicaGroup& group,
                 std::vector<Finding>* remarksTo) {
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
    c.cacheUnitBlocks = r.integer<std::int32_t>("prefix_unit_blocks", {1, kMostUnitBlocks}, 1);
    const Profile profile = readNamedProfile(r, hardware).value_or(Profile{});
    c.apiDelayNs = r.duration("a0", {.max = 10s}, profile.a0).count();
    c.responseDelayNs = r.duration("a1", {.max = 10s}, 0s).count();
    c.apiJitter = r.number("api_jitter", {.min = 0, .max = 1, .below = true}, 0.0);
    c.stepJitter = r.number("step_jitter", {.min = 0, .max = 1, .below = true}, 0.0);
    readStepTime(r, hardware, group, profile.constants);
    if (c.prefixCache && c.kvBlocks / c.cacheUnitBlocks > kMaxCachedUnits) {
        const std::int64_t needed = (c.kvBlocks + kMaxCachedUnits - 1) / kMaxCachedUnits;
        const bool possible = needed <= kMostUnitBlocks;
        r.fail(possible ? "prefix_unit_blocks" : "kv_blocks",
               fmt::format(
                   "the prefix cache of {} blocks in units of {} has more than the {} units "
                   "it can tell apart; {}",
                   c.kvBlocks, c.cacheUnitBlocks, kMaxCachedUnits,
                   possible ? fmt::format("raise prefix_unit_blocks to {}", needed)
                            : fmt::format("with prefix_unit_blocks of {} it may have {}",
                                          kMostUnitBlocks, kMaxCachedUnits * kMostUnitBlocks)));
    }
    if (remarksTo == nullptr || !r.ok()) return;
    Remarks remarks{r, *remarksTo};
    remarkProfile(remarks, hardware, profile, group);
    if (c.mode != BatchMode::staticBatch) {
        remarks.idle("it is of static batches, and the mode is another", "Write mode: static-batch",
                     {"static_size", "static_max_wait"});
    }
    if (!c.prefixCache) {
        remarks.idle("there is no prefix cache", "Write prefix_cache: true",
                     {"prefix_unit_blocks"});
    }
}

} // namespace penstock::sim
