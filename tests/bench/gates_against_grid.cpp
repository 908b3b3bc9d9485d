// SPDX-License-Identifier: Apache-2.0
// Penstock's adaptive gates against the best static settings that a grid finds: batch goodput at
// equal interactive p99 TTFT, over ten seeds that all competitors share. Prints Markdown.
//
// Equal p99 means: a target is fixed before anything is compared, as a multiple of the p99 TTFT
// that the pool gives its interactive users without any batch work; of each family the setting of
// the highest mean goodput counts whose mean p99 over the seeds is within the target. The gain is
// paired by seed, which has the same traffic whoever gates it.
//
// The grids are searched in two stages: everything with three seeds, then with all ten whatever lies
// near the front of its family.
#include "sim/world/scenario_reader.h"
#include "sim/world/world.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace penstock::sim {
namespace {

using Overrides = std::vector<std::string>;

struct Outcome {
    double p99Ms = 0.0;
    double goodput = 0.0; // requests a second, in time
};

struct Setting {
    std::string label;
    Overrides overrides;
    std::vector<Outcome> runs; // by seed
};

struct Family {
    std::string name;
    std::vector<Setting> settings;
};

struct Contest {
    std::string title;
    std::string file;
    std::string source; // whose TTFT counts
    std::string queue;
    Overrides common;
    Overrides withoutBatch;
    std::vector<Family> families;
};

double mean(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double v : values)
        sum += v;
    return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

// Half the width of the 95 % interval of the mean, by Student's t.
double halfWidth(const std::vector<double>& values) {
    static constexpr double kT[] = {0,     12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
                                    2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
                                    2.120, 2.110, 2.101, 2.093, 2.086};
    const std::size_t n = values.size();
    if (n < 2) return 0.0;
    const double middle = mean(values);
    double sum = 0.0;
    for (const double v : values)
        sum += (v - middle) * (v - middle);
    const double deviation = std::sqrt(sum / static_cast<double>(n - 1));
    const double t = n - 1 < std::size(kT) ? kT[n - 1] : 1.96;
    return t * deviation / std::sqrt(static_cast<double>(n));
}

std::vector<double> p99sOf(const Setting& s) {
    std::vector<double> out;
    for (const Outcome& o : s.runs)
        out.push_back(o.p99Ms);
    return out;
}
std::vector<double> goodputsOf(const Setting& s) {
    std::vector<double> out;
    for (const Outcome& o : s.runs)
        out.push_back(o.goodput);
    return out;
}

class Bench {
  public:
    Bench(std::string folder, unsigned threads) : folder_(std::move(folder)), threads_(threads) {}

    // Runs what is missing of every setting up to `seeds` seeds.
    void run(const Contest& contest, const std::vector<Setting*>& settings, std::size_t seeds) {
        struct Job {
            Setting* setting;
            std::size_t seed;
        };
        std::vector<Job> jobs;
        for (Setting* setting : settings) {
            const std::size_t have = setting->runs.size();
            setting->runs.resize(std::max(have, seeds));
            for (std::size_t seed = have; seed < seeds; ++seed)
                jobs.push_back({setting, seed});
        }
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (std::size_t i = next++; i < jobs.size(); i = next++) {
                jobs[i].setting->runs[jobs[i].seed] =
                    once(contest, jobs[i].setting->overrides, jobs[i].seed + 1);
                const std::size_t done = ++done_;
                if (done % 100 == 0) fmt::print(stderr, "{} runs\n", done);
            }
        };
        std::vector<std::thread> pool;
        for (unsigned t = 0; t < threads_; ++t)
            pool.emplace_back(work);
        for (std::thread& thread : pool)
            thread.join();
    }

    std::size_t runs() const { return done_; }

  private:
    Outcome once(const Contest& contest, const Overrides& overrides, std::uint64_t seed) const {
        ScenarioOptions options;
        options.overrides = contest.common;
        options.overrides.insert(options.overrides.end(), overrides.begin(), overrides.end());
        options.seed = seed;
        auto scenario = readScenario(folder_ + "/" + contest.file, options);
        if (!scenario) stop(scenario.error().text());
        auto world = World::make(std::move(*scenario));
        if (!world) stop(world.error().text());
        (*world)->runUntil((*world)->end());
        auto report = (*world)->report(1.0);
        if (!report) stop(report.error().text());
        Outcome outcome;
        for (const SourceReport& s : report->sources) {
            if (s.name == contest.source) outcome.p99Ms = s.ttftMs.p99;
        }
        for (const QueueReport& q : report->queues) {
            if (q.name == contest.queue) outcome.goodput = q.goodputPerSecond;
        }
        return outcome;
    }
    [[noreturn]] static void stop(const std::string& why) {
        fmt::print(stderr, "{}\n", why);
        std::exit(3);
    }

    std::string folder_;
    unsigned threads_;
    std::atomic<std::size_t> done_{0};
};

// ---- the competitors

std::vector<double> range(double from, double to, double step) {
    std::vector<double> out;
    for (int i = 0; from + i * step <= to + 1e-9; ++i)
        out.push_back(from + i * step);
    return out;
}

// How a scenario places a gate.
struct Place {
    std::string path;  // of the queue or the pool
    bool wait = false; // inside a wait-on-refuse
};

Overrides gate(const Place& place, const std::string& type, const std::string& params) {
    const std::string inner = fmt::format(R"({{"gate_type": "{}", "gate_params": {{{}}}}})", type,
                                          params);
    if (place.wait) {
        return {place.path + ".gate_type=wait-on-refuse",
                fmt::format(R"({}.gate_params={{"gate": {}}})", place.path, inner)};
    }
    return {place.path + ".gate_type=" + type,
            fmt::format("{}.gate_params={{{}}}", place.path, params)};
}

Setting setting(std::string label, Overrides overrides, const Overrides& more = {}) {
    overrides.insert(overrides.end(), more.begin(), more.end());
    return {std::move(label), std::move(overrides), {}};
}

std::string workers(int n) { return fmt::format("engine.pools[default].workers={}", n); }

struct Meaning {
    std::string semantics;
    int pollMs;
    int batch;
    Overrides overrides() const {
        return {"engine.semantics=" + semantics,
                fmt::format("engine.transport.poll_interval_ms={}", pollMs),
                fmt::format("engine.transport.batch_size={}", batch)};
    }
    std::string label() const { return fmt::format("{}, poll {} ms, batch {}", semantics, pollMs, batch); }
};

Family thresholds(std::string name, const Place& place, const std::vector<double>& levels,
                  const std::vector<int>& pools, const std::vector<Meaning>& meanings) {
    Family family{std::move(name), {}};
    for (const Meaning& meaning : meanings) {
        for (const int n : pools) {
            for (const double level : levels) {
                Overrides all = meaning.overrides();
                all.push_back(workers(n));
                family.settings.push_back(setting(
                    fmt::format("threshold {:.2f}, {} workers, {}", level, n, meaning.label()),
                    gate(place, "prometheus-saturation",
                         fmt::format(R"("pool": "pool", "threshold": {})", level)),
                    all));
            }
        }
    }
    return family;
}

Family budgets(const Place& place, const std::vector<double>& bounds,
               const std::vector<int>& pools) {
    Family family{"static: prometheus-budget", {}};
    for (const int n : pools) {
        for (const double bound : bounds) {
            family.settings.push_back(setting(
                fmt::format("max_concurrency {:.0f}, {} workers", bound, n),
                gate(place, "prometheus-budget",
                     fmt::format(R"("pool": "pool", "max_concurrency": {})", bound)),
                {workers(n)}));
        }
    }
    return family;
}

Family fixedLimit(const Place& place, const std::vector<int>& limits) {
    Family family{"fixed limit, no metric", {}};
    for (const int n : limits) {
        family.settings.push_back(setting(fmt::format("limit {}", n),
                                          gate(place, "local-max-concurrency",
                                               fmt::format(R"("limit": {})", n))));
    }
    return family;
}

std::vector<Family> adaptive(const Place& place, const std::vector<double>& targets,
                             const std::vector<double>& tolerances,
                             const std::vector<int>& refills) {
    std::vector<Family> families;
    const auto sweep = [&](const std::string& type, const std::string& fixed,
                           const std::string& knob, const std::vector<double>& values) {
        Family family{type, {}};
        for (const int refill : refills) {
            for (const double value : values) {
                family.settings.push_back(
                    setting(fmt::format("{} {:.3g}, refill {} s", knob, value, refill),
                            gate(place, type,
                                 fmt::format(R"({}"{}": {}, "refill": "{}s")", fixed, knob, value,
                                             refill))));
            }
        }
        families.push_back(std::move(family));
    };
    sweep("headroom", R"("pool": "pool", )", "target", targets);
    sweep("pi", R"("pool": "pool", )", "target", targets);
    sweep("gradient", "", "tolerance", tolerances);
    Family aimd{"aimd", {}};
    for (const double decrease : {0.5, 0.7}) {
        aimd.settings.push_back(setting(fmt::format("decrease {:.1f}", decrease),
                                        gate(place, "aimd",
                                             fmt::format(R"("decrease": {})", decrease))));
    }
    families.push_back(std::move(aimd));
    return families;
}

void append(std::vector<Family>& to, std::vector<Family> more) {
    for (Family& family : more)
        to.push_back(std::move(family));
}

Contest codeOnOff() {
    const Place place{"engine.transport.queues[batch]", false};
    Contest c{"code-onoff", "code-onoff.yaml", "code", "batch",
              {"sources[backlog].arrivals.count=60000"}, {"sources[backlog].arrivals.count=1"}, {}};
    c.families.push_back(thresholds("static: threshold, budget as concurrency", place,
                                    range(0.2, 2.0, 0.1), {48, 64, 96, 128, 192, 256, 384},
                                    {{"penstock", 50, 64}}));
    c.families.push_back(thresholds("static: threshold, budget as rate", place,
                                    range(0.3, 1.5, 0.1), {64, 128, 256},
                                    {{"llm-d-async-0.9", 250, 10},
                                     {"llm-d-async-0.9", 1000, 10},
                                     {"llm-d-async-0.9", 1000, 20},
                                     {"llm-d-async-0.9", 1000, 40}}));
    c.families.push_back(budgets(place, {2, 4, 8, 16, 32}, {48, 64, 96, 128, 192, 256}));
    c.families.push_back(fixedLimit(place, {16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128}));
    append(c.families, adaptive(place, range(0.1, 0.8, 0.05), range(1.05, 2.0, 0.1),
                                  {10, 20, 30}));
    return c;
}

Contest onPool(std::string title, std::string file, const std::vector<int>& tuned) {
    const Place place{"engine.pools[default]", true};
    Contest c{std::move(title), std::move(file), "chat", "batch", {},
              {"sources[batch].arrivals.count=1"}, {}};
    const std::vector<Meaning> meanings{{"llm-d-async-0.9", 100, 64},
                                        {"llm-d-async-0.9", 1000, 10},
                                        {"llm-d-async-0.9", 1000, 4},
                                        {"penstock", 50, 64}};
    std::vector<double> levels = range(0.05, 0.3, 0.05);
    for (const double level : range(0.4, 1.4, 0.1))
        levels.push_back(level);
    c.families.push_back(
        thresholds("static: threshold, 64 workers as deployed", place, levels, {64}, meanings));
    c.families.push_back(thresholds("static: threshold, workers tuned too", place,
                                    range(0.4, 1.4, 0.2), tuned, {meanings[0], meanings[3]}));
    c.families.push_back(budgets(place, {1, 2, 4, 8, 16, 32}, {64}));
    c.families.push_back(fixedLimit(place, tuned));
    append(c.families, adaptive(place, range(0.3, 1.1, 0.05), range(1.05, 2.0, 0.1), {20}));
    return c;
}

// ---- the comparison

// Near the front of its family: nothing with a p99 as low has 5 % more goodput.
std::vector<Setting*> nearFront(Family& family) {
    std::vector<Setting*> kept;
    for (Setting& s : family.settings) {
        const double p99 = mean(p99sOf(s));
        const double goodput = mean(goodputsOf(s));
        const bool beaten = std::any_of(
            family.settings.begin(), family.settings.end(), [&](const Setting& other) {
                return mean(p99sOf(other)) <= p99 && mean(goodputsOf(other)) > 1.05 * goodput;
            });
        if (!beaten) kept.push_back(&s);
    }
    return kept;
}

const Setting* bestWithin(const Family& family, double target, std::size_t seeds) {
    const Setting* best = nullptr;
    for (const Setting& s : family.settings) {
        if (s.runs.size() < seeds || mean(p99sOf(s)) > target) continue;
        if (best == nullptr || mean(goodputsOf(s)) > mean(goodputsOf(*best))) best = &s;
    }
    return best;
}

void printTarget(const Contest& contest, double floorMs, double factor, std::size_t seeds) {
    const double target = factor * floorMs;
    const Setting* best = nullptr; // of all static thresholds
    for (const Family& family : contest.families) {
        if (!family.name.starts_with("static")) continue;
        const Setting* s = bestWithin(family, target, seeds);
        if (s != nullptr && (best == nullptr || mean(goodputsOf(*s)) > mean(goodputsOf(*best)))) {
            best = s;
        }
    }
    fmt::print("\nTarget: p99 TTFT at most {:.0f} ms, {} x the {:.0f} ms without batch work.\n\n",
               target, factor, floorMs);
    fmt::print("| competitor | best setting within the target | p99 TTFT ms | goodput /s | "
               "against the best threshold |\n| --- | --- | ---: | ---: | ---: |\n");
    for (const Family& family : contest.families) {
        const Setting* s = bestWithin(family, target, seeds);
        if (s == nullptr) {
            fmt::print("| {} | none of {} | | | |\n", family.name, family.settings.size());
            continue;
        }
        std::vector<double> gain;
        for (std::size_t i = 0; best != nullptr && i < seeds; ++i) {
            gain.push_back(100.0 * (s->runs[i].goodput / best->runs[i].goodput - 1.0));
        }
        const std::vector<double> p99 = p99sOf(*s);
        const std::vector<double> goodput = goodputsOf(*s);
        fmt::print("| {}{} | {} | {:.0f} ± {:.0f} | {:.2f} ± {:.2f} | {} |\n", family.name,
                   s == best ? " (**best**)" : "", s->label, mean(p99), halfWidth(p99),
                   mean(goodput), halfWidth(goodput),
                   best == nullptr ? "no threshold meets it"
                   : s == best     ? "0"
                                   : fmt::format("{:+.1f} % ± {:.1f}", mean(gain), halfWidth(gain)));
    }
}

void hold(Bench& bench, Contest contest, std::size_t seeds, const std::vector<double>& factors) {
    constexpr std::size_t kFirstSeeds = 3;
    Setting floor{"without batch work", contest.withoutBatch, {}};
    bench.run(contest, {&floor}, seeds);
    std::vector<Setting*> all;
    for (Family& family : contest.families) {
        for (Setting& s : family.settings)
            all.push_back(&s);
    }
    bench.run(contest, all, std::min(kFirstSeeds, seeds));
    std::vector<Setting*> finalists;
    for (Family& family : contest.families) {
        const auto near = nearFront(family);
        finalists.insert(finalists.end(), near.begin(), near.end());
    }
    bench.run(contest, finalists, seeds);
    fmt::print("\n## {}\n\n{} settings, {} of them with all {} seeds.\n", contest.title, all.size(),
               finalists.size(), seeds);
    for (const double factor : factors)
        printTarget(contest, mean(p99sOf(floor)), factor, seeds);
    std::fflush(stdout);
}

} // namespace
} // namespace penstock::sim

int main(int argc, char** argv) {
    using namespace penstock::sim;
    CLI::App app{"Adaptive gates against the best static settings, as Markdown."};
    std::string folder = std::string(PENSTOCK_SOURCE_DIR) + "/scenarios";
    std::string only;
    std::size_t seeds = 10;
    unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    std::vector<double> factors{1.25, 1.5, 2.0};
    app.add_option("--scenarios", folder, "Folder of the scenario files");
    app.add_option("--only", only, "One of code-onoff, reopen-stampede, tide");
    app.add_option("--seeds", seeds, "Seeds 1 to N")->check(CLI::Range(2, 21));
    app.add_option("--threads", threads, "Runs at a time")->check(CLI::Range(1, 256));
    app.add_option("--targets", factors, "Multiples of the p99 TTFT without batch work");
    CLI11_PARSE(app, argc, argv);
    Bench bench(folder, threads);
    const std::vector<int> tuned{6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 36, 40};
    std::vector<Contest> contests;
    contests.push_back(codeOnOff());
    contests.push_back(onPool("reopen-stampede", "reopen-stampede.yaml", tuned));
    contests.push_back(onPool("tide", "gates/tide.yaml", tuned));
    for (Contest& contest : contests) {
        if (only.empty() || contest.title == only) hold(bench, std::move(contest), seeds, factors);
    }
    fmt::print("\n{} runs.\n", bench.runs());
    return 0;
}
