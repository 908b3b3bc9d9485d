// SPDX-License-Identifier: Apache-2.0
// What must hold of any run: conservation, causality, Little's law, determinism, and that skipping
// ahead changes nothing.
#include "sim/fleet/reference_replica.h"
#include "sim/fleet/replica.h"
#include "sim/kernel/random.h"
#include "sim/scenario/scenario_reader.h"
#include "sim/validation/validation.h"
#include "sim/world/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace penstock::sim {
namespace {

// Everything a replica reports, in order.
struct Log {
    std::vector<std::tuple<char, std::uint64_t, std::int64_t>> events;
    void scheduled(std::uint64_t id, std::int64_t t, std::int32_t) {
        events.emplace_back('s', id, t);
    }
    void firstToken(std::uint64_t id, std::int64_t t) { events.emplace_back('f', id, t); }
    void finished(std::uint64_t id, std::int64_t t) { events.emplace_back('e', id, t); }
    void preempted(std::uint64_t id, std::int64_t t) { events.emplace_back('p', id, t); }
    void lost(std::uint64_t id, std::int64_t t) { events.emplace_back('l', id, t); }
};

struct Day { // of a small replica that runs out of memory now and then
    ReplicaConfig config;
    std::vector<std::pair<std::int64_t, Sequence>> arrivals;
};

Day randomDay(const Hardware& hardware, const Profile& profile, std::uint64_t seed, int requests) {
    RandomSequence draw(seed, 1, 0);
    const auto between = [&](double low, double high) {
        return low + (high - low) * draw.uniform();
    };
    Day day;
    day.config.cost =
        deriveStepCost(hardware.gpus.find("H100").value(),
                       hardware.models.find("Llama-3.1-8B").value(), 1, profile.constants);
    day.config.kvBlocks = static_cast<std::int64_t>(between(200, 900));
    day.config.maxNumSeqs = static_cast<std::int32_t>(between(4, 64));
    day.config.maxNumBatchedTokens = static_cast<std::int32_t>(between(128, 2048));
    day.config.reserveFullPrompt = draw.uniform() < 0.5;
    day.config.apiDelayNs = profile.a0.count();
    day.config.stepJitter = draw.uniform() < 0.5 ? 0.2 : 0.0;
    double t = 0.0;
    for (int i = 0; i < requests; ++i) {
        t += 1e9 * draw.exponential() / 30.0;
        Sequence s;
        s.id = static_cast<std::uint64_t>(i);
        s.promptTokens = 1 + static_cast<std::int32_t>(300 * draw.exponential());
        s.outputTokens = 1 + static_cast<std::int32_t>(100 * draw.exponential());
        day.arrivals.emplace_back(static_cast<std::int64_t>(t), s);
    }
    return day;
}

void checkSkipAhead(const Hardware& hardware, const Profile& profile, ValidationSection& out) {
    constexpr int kDays = 25;
    std::size_t events = 0;
    std::int64_t preemptions = 0;
    int equal = 0;
    for (int d = 0; d < kDays; ++d) {
        const Day day = randomDay(hardware, profile, static_cast<std::uint64_t>(d) + 1, 120);
        Replica<> replica(day.config);
        ReferenceReplica reference(day.config);
        Log skipping, stepping;
        for (const auto& [t, s] : day.arrivals) {
            replica.advance(t, skipping);
            reference.advance(t, stepping);
            replica.submit(t, s);
            reference.submit(t, s);
        }
        // Long after the last of it.
        const std::int64_t end = day.arrivals.back().first + 3'600'000'000'000;
        replica.advance(end, skipping);
        reference.advance(end, stepping);
        events += skipping.events.size();
        preemptions += replica.observe(end).preemptions;
        equal += skipping.events == stepping.events ? 1 : 0;
    }
    out.checks.push_back(
        checkHolds("skipping ahead equals step by step, to the nanosecond",
                   fmt::format("{} of {} random days", kDays, kDays),
                   fmt::format("{}; {} events, {} preemptions", equal, events, preemptions),
                   equal == kDays && preemptions > 0));
}

void checkConservation(const Hardware& hardware, const Profile& profile, ValidationSection& out) {
    Day day = randomDay(hardware, profile, 99, 20'000);
    day.config.kvBlocks = 300; // of 4,800 tokens: about a dozen sequences, with room for more slots
    day.config.maxNumSeqs = 64;
    Replica<> replica(day.config);
    Log log;
    std::vector<std::int64_t> sent(day.arrivals.size()), first(sent.size(), -1),
        end(sent.size(), -1);
    std::int64_t prompts = 0, outputs = 0, accepted = 0;
    double inside = 0.0, looks = 0.0;
    std::int64_t look = 0;
    constexpr std::int64_t kLook = 20'000'000;
    const auto playUntil = [&](std::int64_t t) {
        for (; look < t; look += kLook) {
            replica.advance(look, log);
            inside += static_cast<double>(replica.inside());
            looks += 1.0;
        }
        replica.advance(t, log);
    };
    for (const auto& [t, s] : day.arrivals) {
        playUntil(t);
        sent[s.id] = t;
        if (replica.submit(t, s).verdict != Admission::accepted) continue;
        ++accepted;
        prompts += s.promptTokens;
        outputs += s.outputTokens;
    }
    while (replica.inside() > 0)
        playUntil(look + kLook);
    double sojourns = 0.0;
    bool causal = true;
    for (const auto& [kind, id, t] : log.events) {
        if (kind == 'f' && first[id] < 0) first[id] = t;
        if (kind != 'e') continue;
        end[id] = t;
        sojourns += static_cast<double>(t - sent[id]);
        causal = causal && sent[id] <= first[id] && first[id] <= t;
    }
    const Observation o = replica.observe(look);
    const auto ended = static_cast<std::int64_t>(
        std::count_if(end.begin(), end.end(), [](std::int64_t t) { return t >= 0; }));
    out.checks.push_back(checkHolds("requests are conserved", fmt::format("{}", accepted),
                                    fmt::format("{} ended, {} left", ended, replica.inside()),
                                    ended == accepted && o.finished == accepted));
    out.checks.push_back(checkHolds("tokens are conserved",
                                    fmt::format("{} in, {} out", prompts, outputs),
                                    fmt::format("{} in, {} out", o.promptTokens, o.generatedTokens),
                                    o.promptTokens == prompts && o.generatedTokens == outputs));
    out.checks.push_back(
        checkHolds("KV blocks are conserved", "0 held at the end",
                   fmt::format("{} held, {} preemptions on the way", o.kvBlocksUsed, o.preemptions),
                   o.kvBlocksUsed == 0 && o.preemptions > 0));
    out.checks.push_back(checkHolds("causality: sent, first token, end", "in this order for all",
                                    causal ? "so" : "not so", causal));
    const double number = inside / looks;
    const double law = sojourns / static_cast<double>(look);
    out.checks.push_back(checkError("Little's law: number inside, arrival rate x mean sojourn",
                                    fmt::format("{:.2f}", law), fmt::format("{:.2f}", number),
                                    number / law - 1.0, 0.01));
}

constexpr const char* kScenario = R"(
scenario: {name: validation, seed: 5, horizon: 10m}
pool: {replicas: [{count: 2, gpu: H100, model: Llama-3.1-8B, max_num_seqs: 64}]}
sources:
  - {name: users, to: router, arrivals: {process: poisson, rate: 20},
     prompt_tokens: {law: exponential, mean: 800}, output_tokens: {law: exponential, mean: 150}}
  - {name: batch, to: "queue:q", arrivals: {process: lump, count: 2000}, deadline: 5m,
     prompt_tokens: {law: exponential, mean: 500}, output_tokens: {law: exponential, mean: 200}}
engine:
  transport:
    queues: [{id: q, queue_name: q, gate_type: prometheus-saturation,
              gate_params: {pool: pool, threshold: 0.8}}]
)";

// The whole world, router, engine and metric path included; a report checks conservation itself.
void checkWorld(ValidationSection& out) {
    std::string fingerprints[2];
    std::string trouble;
    for (std::string& fingerprint : fingerprints) {
        auto scenario = parseScenario(kScenario, "validation", {.resources = resourceDirectory()});
        if (!scenario) {
            trouble = scenario.error().text();
            break;
        }
        auto world = World::make(std::move(*scenario));
        if (!world) {
            trouble = world.error().text();
            break;
        }
        (*world)->runUntil((*world)->end());
        const auto report = (*world)->report(1.0);
        if (!report) {
            trouble = report.error().text();
            break;
        }
        fingerprint = report->fingerprint;
    }
    out.checks.push_back(checkHolds("a whole run conserves requests and tokens", "so",
                                    trouble.empty() ? "so" : trouble, trouble.empty()));
    out.checks.push_back(
        checkHolds("the same seed gives the same run", fingerprints[0], fingerprints[1],
                   !fingerprints[0].empty() && fingerprints[0] == fingerprints[1]));
}

} // namespace

ValidationSection invariantsSection(const Hardware& hardware, const ValidationOptions& options) {
    ValidationSection out;
    out.title = "What must always hold";
    out.about =
        "Random work on a replica that is short of memory, and a whole run with router, engine "
        "and metric path.";
    checkSkipAhead(hardware, options.profile, out);
    checkConservation(hardware, options.profile, out);
    checkWorld(out);
    return out;
}

} // namespace penstock::sim
