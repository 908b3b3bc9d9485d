// SPDX-License-Identifier: Apache-2.0
// Whole scenarios drawn at random: every semantics, process, law, gate, fault and replica option,
// short enough that thousands run in a minute, and moved by hand while they run. Whatever is drawn,
// the run comes to its end, the laws of conservation and Little's law hold at every stop, and
// quantiles are in order. RapidCheck shrinks what breaks one to the little of it that matters.
//
// PENSTOCK_RANDOM_SCENARIOS=200000 draws as many instead of the usual number.
#include "scenario_support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <unistd.h>

namespace penstock::sim::test {

namespace {

int oneOf(int count) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, count)); // all of it, always
}
bool perhaps() {
    return *rc::gen::inRange(0, 4) == 3;
}
template <class... Texts>
std::string pick(const Texts&... texts) {
    const std::string all[] = {std::string(texts)...};
    return all[static_cast<std::size_t>(oneOf(sizeof...(texts)))];
}
// Shrinks to the first.
std::string durationOf() {
    return pick("1s", "0s", "100ms", "3s", "10s", "1h", "2500000h");
}

std::string law(int most) {
    return pick(fmt::format("{}", most / 2), fmt::format("{{law: uniform, min: 1, max: {}}}", most),
                fmt::format("{{law: lognormal, mean: {}, cv: 1.5, cap: {}}}", most / 3, most),
                fmt::format("{{law: exponential, mean: {}, cap: {}}}", most / 3, most));
}

std::string seconds() {
    return pick("2s", "{law: constant, value: 1s}", "{law: uniform, min: 0s, max: 4s}",
                "{law: exponential, mean: 2s}", "{law: lognormal, mean: 2s, cv: 2}",
                "{law: choice, seconds: [1, 9]}", "{law: cycle, seconds: [0.5, 3]}");
}

std::string process() {
    return pick("process: poisson, rate: 4", "process: gamma, rate: 4, cv: 3",
                "process: weibull, rate: 4, shape: 0.5", "process: constant, rate: 4",
                "process: onoff, rate: 8, on: 2s, off: {law: exponential, mean: 3s}, gap_cv: 0",
                "process: mmpp, states: [{rate: 12, mean: 2s}, {rate: 0, mean: 2s}]",
                "process: steps, steps: [{rate: 9, for: 3s}, {rate: 0, for: 2s}], repeat: true",
                "process: lump, count: 30", "process: lump, count: 6, every: 2s",
                "process: closed_loop, users: 6, retry_pause: 200ms");
}

std::string source(int index, const std::string& to) {
    std::string s =
        fmt::format("  - {{name: s{}, to: \"{}\", arrivals: {{{}}}", index, to, process());
    s += fmt::format(", prompt_tokens: {}, output_tokens: {}", law(2000), law(200));
    if (to != "router")
        s += ", deadline: " + pick("20s", "2s", "10m", "{law: exponential, mean: 8s}");
    if (to == "router" && perhaps()) s += ", timeout: " + pick("5s", "1ms", "2500000h");
    if (perhaps()) s += ", sessions: {turns: 3, gap: " + seconds() + "}";
    if (perhaps()) s += ", prefix: {groups: 3, zipf: 1, tokens: 300}";
    if (perhaps()) s += ", tenants: {count: 4, zipf: 1}";
    if (perhaps()) s += ", tiers: [{name: interactive, weight: 1}, {name: batch, weight: 2}]";
    if (perhaps()) s += ", cancel: {probability: 0.2, after: " + seconds() + "}";
    if (to != "router" && perhaps()) s += ", malformed: 0.1";
    if (to != "router" && perhaps()) s += ", poison: 0.05";
    return s + "}\n";
}

std::string gate(bool ours) {
    const std::string saturation =
        "gate_type: prometheus-saturation, gate_params: {pool: pool, threshold: 0.5}";
    const std::string limit = "gate_type: local-max-concurrency, gate_params: {limit: 2}";
    const std::string theirs = pick(
        "", "gate_type: constant", limit, saturation,
        "gate_type: prometheus-budget, gate_params: {pool: pool, max_concurrency: 4}",
        "gate_type: redis, gate_params: {address: \"a:1\"}",
        "gate_type: redis-quota, gate_params: {address: \"a:1\", mode: concurrency, limit: 2}",
        "gate_type: redis-quota, gate_params: {address: \"a:1\", mode: rate-limit, limit: 3, "
        "window: "
        "2s}",
        "gate_type: redis-quota, gate_params: {address: \"a:1\", mode: concurrency, limit: 2, "
        "gating_mode: classifying}",
        "gate_type: composite, gate_params: {gates: [{" + limit + "}, {" + saturation + "}]}",
        "gate_type: wait-on-refuse, gate_params: {gate: {" + limit + "}}",
        "gate_type: tier-priority-admission, gate_params: {saturation_gate: prometheus-saturation, "
        "saturation_gate_params: {pool: pool, threshold: 0.3}}");
    if (!ours || oneOf(2) == 0) return theirs;
    return pick("gate_type: aimd", "gate_type: gradient",
                "gate_type: headroom, gate_params: {pool: pool}",
                "gate_type: pi, gate_params: {pool: pool}",
                "gate_type: deadline-floor, gate_params: {gate: {" + saturation + "}}");
}

std::string replicas() {
    std::string s = fmt::format(
        "    - {{count: {}, step_time: {{base: 10e-3, prefill_token: 50e-6, decode: 1e-3, "
        "context_token: 20e-9}}, max_num_seqs: {}, kv_blocks: {}, start_up: {}",
        1 + oneOf(3), pick("8", "1", "3", "64"), pick("600", "200", "3000"), durationOf());
    if (perhaps()) s += ", prefix_cache: true";
    if (perhaps()) s += ", scheduling_policy: priority";
    if (perhaps()) s += ", waiting_cap: 2";
    if (perhaps()) s += ", a1: 5ms, api_jitter: 0.3, step_jitter: 0.2";
    if (perhaps()) s += ", reserve_full_prompt: true";
    if (perhaps()) s += ", mode: static-batch, static_size: 3, static_max_wait: " + durationOf();
    return s + "}\n";
}

std::string fault(bool scaled) {
    const std::string lasting = durationOf();
    std::string s =
        pick("kind: replica-killed", "kind: queue-restart-empty", "kind: engine-crash",
             "kind: engine-drain", "kind: replica-drained", "kind: replica-slow, factor: 4",
             "kind: replica-partition", "kind: router-errors, status: 503, probability: 0.5",
             "kind: router-latency, delay: 200ms", "kind: router-down", "kind: queue-down",
             "kind: queue-slow, delay: 50ms", "kind: scrape-failure, probability: 0.5",
             "kind: metrics-frozen", "kind: prometheus-down",
             scaled ? "kind: autoscaler-stuck" : "kind: router-down");
    const bool instant = s.ends_with("restart-empty");
    if (!instant) s += ", for: " + lasting;
    return fmt::format("  - {{{}, {}}}\n", s,
                       pick(fmt::format("at: {}s", 1 + oneOf(12)), fmt::format("every: 3s")));
}

std::string scenario() {
    const int queues = oneOf(4);
    const bool scaled = perhaps();
    std::string s = fmt::format("scenario: {{name: random, seed: {}, horizon: 15s, warmup: {}}}\n",
                                oneOf(1000), pick("0s", "5s"));
    s += "pool:\n  replicas:\n" + replicas();
    if (perhaps()) s += replicas();
    s += fmt::format("  router: {{flow_control: {}, queue_ttl: {}, retry_after: 1s}}\n",
                     pick("false", "true"), pick("5s", "500ms", "2500000h"));
    if (scaled) {
        s += fmt::format("  autoscaler: {{min: 1, max: 4, target_saturation: 0.3, period: 1s, "
                         "up_delay: {}, down_delay: {}, cold_start: {}}}\n",
                         durationOf(), durationOf(), durationOf());
    }
    s += "sources:\n" + source(0, "router");
    for (int i = 0; i < queues; ++i)
        s += source(i + 1, fmt::format("queue:q{}", i));
    const std::string semantics = Semantics::names()[static_cast<std::size_t>(
        oneOf(static_cast<int>(Semantics::names().size())))];
    const bool ours = semantics == "penstock";
    const auto gated = [&] {
        const std::string g = gate(ours);
        return g.empty() ? g : ", " + g;
    };
    s += fmt::format("engine:\n  semantics: {}\n", semantics);
    s += "  transport:\n    queues:\n";
    for (int i = 0; i < std::max(1, queues); ++i) {
        s += fmt::format("      - {{id: q{0}, queue_name: q{0}, igw_base_url: \"http://r\", "
                         "worker_pool_id: p{1}{2}}}\n",
                         i, oneOf(2), gated());
    }
    s += fmt::format("  pools: [{{id: p0, workers: {}}}, {{id: p1, workers: 5{}}}]\n", 1 + oneOf(8),
                     perhaps() ? gated() : "");
    if (perhaps()) s += "  merge_policy: {type: tier-priority}\n";
    if (perhaps()) s += "broker: {round_trip: 3ms}\n";
    s += fmt::format("metrics: {{router_scrape: {}, perfect: {}}}\n", pick("1s", "10s"),
                     pick("false", "true"));
    const int faults = oneOf(5);
    if (faults > 0) s += "faults:\n";
    for (int i = 0; i < faults; ++i)
        s += fault(scaled);
    return s;
}

void check(const Distribution& d) {
    if (d.count == 0) {
        RC_ASSERT(std::isnan(d.p50) && std::isnan(d.mean));
        return;
    }
    RC_ASSERT(d.min <= d.p50 && d.p50 <= d.p90 && d.p90 <= d.p95);
    RC_ASSERT(d.p95 <= d.p99 && d.p99 <= d.max);
    RC_ASSERT(d.mean >= d.min * (1 - 1e-12) && d.mean <= d.max * (1 + 1e-12));
}

// The report itself checks conservation and Little's law; see Recorder and World.
void check(World& world) {
    const auto report = world.report(0);
    if (!report) RC_FAIL(report.error().text());
    for (const SourceReport& s : report->sources) {
        RC_ASSERT(s.completed + s.failed <= s.arrivals);
        for (const Distribution* d : {&s.ttftMs, &s.tpotMs, &s.e2eMs})
            check(*d);
    }
    for (const QueueReport& q : report->queues) {
        check(q.waitMs);
        check(q.e2eMs);
        RC_ASSERT(q.attempts <= q.enqueued + q.retries + q.redelivered);
    }
    RC_ASSERT(!(report->pool.busyShare < 0) && !(report->pool.busyShare > 1 + 1e-9));
    RC_ASSERT(!(report->pool.kvMax > 1 + 1e-9));
}

// Up to `most` turns of knobs and pauses, at random moments.
void moveBy(World& world, int most) {
    const auto& entries = world.parameters().entries();
    const auto& queues = world.scenario().engine.transport.queues;
    const int moves = oneOf(most);
    for (int i = 0; i < moves && !world.done(); ++i) {
        world.runUntil(world.now() + std::chrono::milliseconds{oneOf(30'000 / std::max(1, moves))});
        if (entries.empty() || perhaps()) {
            const auto& queue =
                queues[static_cast<std::size_t>(oneOf(static_cast<int>(queues.size())))];
            RC_ASSERT(world.pauseQueue(queue.id, oneOf(2) == 1).has_value());
            continue;
        }
        const auto& entry =
            entries[static_cast<std::size_t>(oneOf(static_cast<int>(entries.size())))];
        const double share = oneOf(5) / 4.0;
        const double highest = std::min(entry.max, entry.min + 100.0);
        // A value that the knob refuses changes nothing.
        static_cast<void>(world.move(entry.path, entry.min + share * (highest - entry.min)));
    }
}

// What an abort leaves of the case that caused it.
std::string drawn;
void tellDrawn(int) {
    static_cast<void>(::write(STDERR_FILENO, drawn.data(), drawn.size()));
}

void runOne(int moves) {
    const std::string text = drawn = scenario();
    RC_LOG() << text;
    auto read = parseScenario(text, "random.yaml", options());
    if (!read) RC_FAIL(read.error().text());
    auto world = World::make(std::move(*read));
    if (!world) RC_FAIL(world.error().text());
    moveBy(**world, moves);
    check(**world);
    (*world)->runUntil((*world)->end());
    RC_ASSERT((*world)->done());
    check(**world);
}

// RapidCheck takes its number of cases from its own configuration.
bool holds(const char* what, int share, int moves) {
    const char* asked = std::getenv("PENSTOCK_RANDOM_SCENARIOS");
    const int draws = asked != nullptr ? std::max(1, std::atoi(asked)) : 5'000;
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = std::max(1, draws * share / 10);
    rc::detail::TestMetadata metadata;
    metadata.id = metadata.description = what;
    const auto before = std::signal(SIGABRT, tellDrawn);
    const auto result = rc::detail::checkTestable([moves] { runOne(moves); }, metadata, params);
    std::signal(SIGABRT, before);
    if (result.is<rc::detail::SuccessResult>()) return true;
    std::ostringstream said;
    rc::detail::printResultMessage(result, said);
    ADD_FAILURE() << said.str();
    return false;
}

} // namespace

TEST(RandomScenarios, endAndBalance) {
    EXPECT_TRUE(holds("a random scenario ends and balances", 9, 1));
}

TEST(RandomScenarios, balanceUnderAnyMoves) {
    EXPECT_TRUE(holds("a random scenario balances under 200 moves", 1, 200));
}

} // namespace penstock::sim::test
