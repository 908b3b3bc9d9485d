// SPDX-License-Identifier: Apache-2.0
// Penstock's adaptive gates against the best static settings that a grid finds: batch goodput at
// equal interactive p99 TTFT, over ten seeds that all competitors share. Prints Markdown, which is
// kept as resources/adaptive_gates.md.
//
// Equal p99 means: a target is fixed before anything is compared, as a multiple of the p99 TTFT
// that the pool gives its interactive users without any batch work, and every family of settings is
// read at exactly this target, on the straight line between a setting below and one above it (of
// all pairs, that with the most goodput there). So nobody gains or loses by where its grid has
// points. Where a whole family stays within the target, its highest goodput counts.
//
// There are two rivals. The best threshold is what a person finds who moves the threshold, and the
// poll interval, the batch and the engine's version with it, on the workers that the scenario
// deploys. The best static setting may have the number of workers tuned too, or be a plain limit:
// on a pool whose load does not change in the mean nothing can beat the right limit by much, and
// who knows that limit needs no gate.
//
// Settings are chosen on other seeds than those they are judged by: all with one, those near the
// front of their family with four, and those that are best around a target are judged by ten more.
// The gain is paired by seed, which has the same traffic whoever gates it.
#include "sim/scenario/scenario_reader.h"
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
    std::vector<Outcome> chosenBy; // by tuning seed
    std::vector<Outcome> judgedBy; // by judging seed; empty: not a candidate
};

enum class Kind { threshold, tuned, adaptive };

struct Family {
    std::string name;
    Kind kind = Kind::adaptive;
    std::vector<Setting> settings;
};

// Seeds that settings are chosen on; they are judged on 1, 2, ...
constexpr std::uint64_t kFirstTuningSeed = 1001;
constexpr std::size_t kFirstLook = 1;
constexpr std::size_t kSecondLook = 4;

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
    static constexpr double kT[] = {0,     12.71, 4.303, 3.182, 2.776, 2.571, 2.447,
                                    2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
                                    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
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

std::vector<double> p99sOf(const std::vector<Outcome>& runs) {
    std::vector<double> out;
    for (const Outcome& o : runs)
        out.push_back(o.p99Ms);
    return out;
}
std::vector<double> goodputsOf(const std::vector<Outcome>& runs) {
    std::vector<double> out;
    for (const Outcome& o : runs)
        out.push_back(o.goodput);
    return out;
}

// Two settings and how far from the first to the second the target lies.
struct Point {
    const Setting* low = nullptr;
    const Setting* high = nullptr;
    double share = 0.0;

    explicit operator bool() const { return low != nullptr; }
    std::vector<Outcome> of(std::vector<Outcome> Setting::*runs) const {
        std::vector<Outcome> out = low->*runs;
        for (std::size_t i = 0; share > 0.0 && i < out.size(); ++i) {
            const Outcome& other = (high->*runs)[i];
            out[i].p99Ms += share * (other.p99Ms - out[i].p99Ms);
            out[i].goodput += share * (other.goodput - out[i].goodput);
        }
        return out;
    }
};

// The most goodput at exactly the target, or below it if the settings have nothing above.
Point bestAt(double target, const std::vector<const Setting*>& settings,
             std::vector<Outcome> Setting::*runs) {
    struct Place {
        const Setting* setting;
        double p99;
        double goodput;
    };
    std::vector<Place> places;
    for (const Setting* s : settings) {
        if ((s->*runs).empty()) continue;
        places.push_back({s, mean(p99sOf(s->*runs)), mean(goodputsOf(s->*runs))});
    }
    Point best;
    double most = -1.0;
    const auto offer = [&](const Point& point, double goodput) {
        if (goodput <= most) return;
        most = goodput;
        best = point;
    };
    for (const Place& a : places) {
        if (a.p99 > target) continue;
        offer({a.setting, a.setting, 0.0}, a.goodput);
        for (const Place& b : places) {
            if (b.p99 <= target) continue;
            const double share = (target - a.p99) / (b.p99 - a.p99);
            offer({a.setting, b.setting, share}, a.goodput + share * (b.goodput - a.goodput));
        }
    }
    return best;
}

std::vector<const Setting*> settingsOf(const Family& family) {
    std::vector<const Setting*> out;
    for (const Setting& s : family.settings)
        out.push_back(&s);
    return out;
}

class Bench {
  public:
    Bench(std::string folder, unsigned threads) : folder_(std::move(folder)), threads_(threads) {}

    // Runs what is missing of every setting, up to `count` seeds from `first` on.
    void run(const Contest& contest, const std::vector<Setting*>& settings,
             std::vector<Outcome> Setting::*runs, std::uint64_t first, std::size_t count) {
        struct Job {
            Setting* setting;
            std::size_t index;
        };
        std::vector<Job> jobs;
        for (Setting* setting : settings) {
            const std::size_t have = (setting->*runs).size();
            (setting->*runs).resize(std::max(have, count));
            for (std::size_t i = have; i < count; ++i)
                jobs.push_back({setting, i});
        }
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (std::size_t i = next++; i < jobs.size(); i = next++) {
                const Job& job = jobs[i];
                (job.setting->*runs)[job.index] =
                    once(contest, job.setting->overrides, first + job.index);
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
    const std::string inner =
        fmt::format(R"({{"gate_type": "{}", "gate_params": {{{}}}}})", type, params);
    if (place.wait) {
        return {place.path + ".gate_type=wait-on-refuse",
                fmt::format(R"({}.gate_params={{"gate": {}}})", place.path, inner)};
    }
    return {place.path + ".gate_type=" + type,
            fmt::format("{}.gate_params={{{}}}", place.path, params)};
}

Setting setting(std::string label, Overrides overrides, const Overrides& more = {}) {
    overrides.insert(overrides.end(), more.begin(), more.end());
    return {std::move(label), std::move(overrides), {}, {}};
}

std::string workers(int n) {
    return fmt::format("engine.pools[default].workers={}", n);
}

struct Meaning {
    std::string semantics;
    int pollMs;
    int batch;
    Overrides overrides() const {
        return {"engine.semantics=" + semantics,
                fmt::format("engine.transport.poll_interval_ms={}", pollMs),
                fmt::format("engine.transport.batch_size={}", batch)};
    }
    std::string label() const {
        return fmt::format("{}, poll {} ms, batch {}", semantics, pollMs, batch);
    }
};

Family thresholds(std::string name, Kind kind, const Place& place,
                  const std::vector<double>& levels, const std::vector<int>& pools,
                  const std::vector<Meaning>& meanings) {
    Family family{std::move(name), kind, {}};
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

Family budgets(std::string name, Kind kind, const Place& place, const std::vector<double>& bounds,
               const std::vector<int>& pools) {
    Family family{std::move(name), kind, {}};
    for (const int n : pools) {
        for (const double bound : bounds) {
            family.settings.push_back(
                setting(fmt::format("max_concurrency {:.0f}, {} workers", bound, n),
                        gate(place, "prometheus-budget",
                             fmt::format(R"("pool": "pool", "max_concurrency": {})", bound)),
                        {workers(n)}));
        }
    }
    return family;
}

Family fixedLimit(const Place& place, const std::vector<int>& limits) {
    Family family{"fixed limit, no metric", Kind::tuned, {}};
    for (const int n : limits) {
        family.settings.push_back(
            setting(fmt::format("limit {}", n),
                    gate(place, "local-max-concurrency", fmt::format(R"("limit": {})", n))));
    }
    return family;
}

std::vector<Family> adaptive(const Place& place, const std::vector<double>& targets,
                             const std::vector<double>& tolerances,
                             const std::vector<int>& refills) {
    std::vector<Family> families;
    const auto sweep = [&](const std::string& type, const std::string& fixed,
                           const std::string& knob, const std::vector<double>& values) {
        Family family{type, Kind::adaptive, {}};
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
    Family aimd{"aimd", Kind::adaptive, {}};
    for (const double decrease : {0.5, 0.7}) {
        aimd.settings.push_back(
            setting(fmt::format("decrease {:.1f}", decrease),
                    gate(place, "aimd", fmt::format(R"("decrease": {})", decrease))));
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
    Contest c{"code-onoff",
              "code-onoff.yaml",
              "code",
              "batch",
              {"sources[backlog].arrivals.count=60000"},
              {"sources[backlog].arrivals.count=1"},
              {}};
    const std::vector<Meaning> concurrency{{"penstock", 50, 64}};
    const std::vector<Meaning> rate{{"llm-d-async-0.9", 250, 10},
                                    {"llm-d-async-0.9", 1000, 10},
                                    {"llm-d-async-0.9", 1000, 20},
                                    {"llm-d-async-0.9", 1000, 40}};
    const std::vector<int> tuned{48, 64, 96, 128, 192, 384};
    c.families.push_back(thresholds("threshold, budget as concurrency", Kind::threshold, place,
                                    range(0.1, 2.0, 0.1), {256}, concurrency));
    c.families.push_back(thresholds("threshold, budget as rate", Kind::threshold, place,
                                    range(0.1, 1.5, 0.1), {256}, rate));
    c.families.push_back(
        budgets("prometheus-budget", Kind::threshold, place, {1, 2, 3, 4, 6, 8, 16, 32}, {256}));
    c.families.push_back(thresholds("threshold as concurrency, workers tuned", Kind::tuned, place,
                                    range(0.2, 2.0, 0.1), tuned, concurrency));
    c.families.push_back(thresholds("threshold as rate, workers tuned", Kind::tuned, place,
                                    range(0.3, 1.5, 0.1), {64, 128}, rate));
    c.families.push_back(
        budgets("prometheus-budget, workers tuned", Kind::tuned, place, {2, 4, 8, 16, 32}, tuned));
    c.families.push_back(fixedLimit(place, {16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128}));
    append(c.families, adaptive(place, range(0.1, 0.8, 0.05), range(1.05, 2.0, 0.1), {10, 20, 30}));
    return c;
}

Contest onPool(std::string title, std::string file, const std::vector<int>& tuned) {
    const Place place{"engine.pools[default]", true};
    Contest c{std::move(title),
              std::move(file),
              "chat",
              "batch",
              {},
              {"sources[batch].arrivals.count=1"},
              {}};
    const std::vector<Meaning> meanings{{"llm-d-async-0.9", 100, 64},
                                        {"llm-d-async-0.9", 1000, 10},
                                        {"llm-d-async-0.9", 1000, 4},
                                        {"penstock", 50, 64}};
    std::vector<double> levels = range(0.05, 0.3, 0.05);
    for (const double level : range(0.4, 1.4, 0.1))
        levels.push_back(level);
    c.families.push_back(thresholds("threshold", Kind::threshold, place, levels, {64}, meanings));
    c.families.push_back(
        budgets("prometheus-budget", Kind::threshold, place, {1, 2, 3, 4, 6, 8, 16, 32}, {64}));
    c.families.push_back(thresholds("threshold, workers tuned", Kind::tuned, place,
                                    range(0.4, 1.4, 0.2), tuned, {meanings[0], meanings[3]}));
    c.families.push_back(fixedLimit(place, tuned));
    append(c.families, adaptive(place, range(0.3, 1.1, 0.05), range(1.05, 2.0, 0.1), {20}));
    return c;
}

// ---- the comparison

// Near the front of its family: nothing with a p99 as low has 10 % more goodput.
std::vector<Setting*> nearFront(Family& family, double highestP99) {
    const auto p99 = [](const Setting& s) { return mean(p99sOf(s.chosenBy)); };
    const auto goodput = [](const Setting& s) { return mean(goodputsOf(s.chosenBy)); };
    std::vector<Setting*> kept;
    bool beyond = false;
    std::vector<Setting*> byP99;
    for (Setting& s : family.settings)
        byP99.push_back(&s);
    std::stable_sort(byP99.begin(), byP99.end(),
                     [&](const Setting* a, const Setting* b) { return p99(*a) < p99(*b); });
    double most = 0.0;
    for (Setting* s : byP99) {
        if (beyond) break; // one beyond the highest target is enough to draw a line to
        if (1.1 * goodput(*s) >= most) kept.push_back(s);
        beyond = p99(*s) > 1.5 * highestP99 && goodput(*s) >= most;
        most = std::max(most, goodput(*s));
    }
    return kept;
}

std::string labelOf(const Point& point) {
    if (point.share <= 0.0) return point.low->label;
    return fmt::format("{} / {} ({:.0f} %)", point.low->label, point.high->label,
                       100.0 * point.share);
}

// The most goodput at the target of all families of these kinds.
Point bestOf(const Contest& contest, std::initializer_list<Kind> kinds, double target) {
    std::vector<const Setting*> settings;
    for (const Family& family : contest.families) {
        if (std::find(kinds.begin(), kinds.end(), family.kind) == kinds.end()) continue;
        for (const Setting* s : settingsOf(family))
            settings.push_back(s);
    }
    return bestAt(target, settings, &Setting::judgedBy);
}

// By how much `point` has more goodput than `rival`, seed by seed.
std::string against(const Point& rival, const std::vector<double>& goodput) {
    if (!rival) return "none meets it";
    const std::vector<double> other = goodputsOf(rival.of(&Setting::judgedBy));
    std::vector<double> gain;
    for (std::size_t i = 0; i < goodput.size(); ++i)
        gain.push_back(100.0 * (goodput[i] / other[i] - 1.0));
    return fmt::format("{:+.1f} % ± {:.1f}", mean(gain), halfWidth(gain));
}

void printTarget(const Contest& contest, double floorMs, double factor) {
    const double target = factor * floorMs;
    const Point threshold = bestOf(contest, {Kind::threshold}, target);
    const Point any = bestOf(contest, {Kind::threshold, Kind::tuned}, target);
    fmt::print("\nTarget: p99 TTFT {:.0f} ms, {} x the {:.0f} ms without batch work.\n\n", target,
               factor, floorMs);
    fmt::print("| competitor (settings tried) | setting, or two and how far from the first to the "
               "second | p99 TTFT ms | goodput /s | against the best threshold | against the best "
               "static setting |\n| --- | --- | ---: | ---: | ---: | ---: |\n");
    for (const Family& family : contest.families) {
        const std::string name = fmt::format("{} ({})", family.name, family.settings.size());
        const Point point = bestAt(target, settingsOf(family), &Setting::judgedBy);
        if (!point) {
            fmt::print("| {} | none meets it | | | | |\n", name);
            continue;
        }
        const auto runs = point.of(&Setting::judgedBy);
        const std::vector<double> p99 = p99sOf(runs);
        const std::vector<double> goodput = goodputsOf(runs);
        fmt::print("| {} | {} | {:.0f} ± {:.0f} | {:.2f} ± {:.2f} | {} | {} |\n", name,
                   labelOf(point), mean(p99), halfWidth(p99), mean(goodput), halfWidth(goodput),
                   against(threshold, goodput), against(any, goodput));
    }
}

void hold(Bench& bench, Contest contest, std::size_t seeds, const std::vector<double>& factors) {
    const auto tune = [&](const std::vector<Setting*>& settings, std::size_t count) {
        bench.run(contest, settings, &Setting::chosenBy, kFirstTuningSeed, count);
    };
    Setting floor{"without batch work", contest.withoutBatch, {}, {}};
    tune({&floor}, kSecondLook);
    bench.run(contest, {&floor}, &Setting::judgedBy, 1, seeds);
    const double tuningFloor = mean(p99sOf(floor.chosenBy));
    const double highest = *std::max_element(factors.begin(), factors.end());
    std::vector<Setting*> all;
    for (Family& family : contest.families) {
        for (Setting& s : family.settings)
            all.push_back(&s);
    }
    tune(all, kFirstLook);
    std::vector<Setting*> candidates;
    for (Family& family : contest.families) {
        const std::vector<Setting*> near = nearFront(family, highest * tuningFloor);
        tune(near, kSecondLook);
        const std::vector<const Setting*> known(near.begin(), near.end());
        const auto keep = [&](const Setting* wanted) {
            for (Setting& s : family.settings) {
                const bool had =
                    std::find(candidates.begin(), candidates.end(), &s) != candidates.end();
                if (&s == wanted && !had) candidates.push_back(&s);
            }
        };
        for (const double factor : factors) {
            for (const double around : {0.85, 1.0, 1.15}) {
                const Point point =
                    bestAt(around * factor * tuningFloor, known, &Setting::chosenBy);
                if (!point) continue;
                keep(point.low);
                keep(point.high);
            }
        }
    }
    bench.run(contest, candidates, &Setting::judgedBy, 1, seeds);
    fmt::print("\n## {}\n\n{} settings, {} of them judged by {} seeds.\n", contest.title,
               all.size(), candidates.size(), seeds);
    const double floorMs = mean(p99sOf(floor.judgedBy));
    for (const double factor : factors)
        printTarget(contest, floorMs, factor);
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
    fmt::print(
        "# Adaptive gates against the best static settings\n\n"
        "Written by `build/release/bin/gates_against_grid > resources/adaptive_gates.md`; how it "
        "is "
        "measured stands at the head of `tests/bench/gates_against_grid.cpp`. In short: batch "
        "goodput at exactly the same interactive p99 TTFT, with settings chosen on four seeds and "
        "judged by {} others; ± is the 95 % interval of the mean, gains are paired by seed.\n\n"
        "*The best threshold* has its level, poll interval, batch and engine version tuned, on the "
        "workers that the scenario deploys. *The best static setting* may have the number of "
        "workers "
        "tuned too, or be a plain limit. Where the load has a constant mean, a limit that somebody "
        "has found by trying is as good as it gets: `reopen-stampede` is such a pool, and the "
        "adaptive gates come within a tenth of that limit without knowing it.\n",
        seeds);
    const std::vector<int> tuned{6,  8,  10, 12, 14, 16, 18, 20, 22, 24,
                                 26, 28, 30, 32, 36, 40, 44, 48, 52, 56};
    std::vector<Contest> contests;
    contests.push_back(codeOnOff());
    contests.push_back(onPool("reopen-stampede", "reopen-stampede.yaml", tuned));
    contests.push_back(onPool("tide", "gates/tide.yaml", tuned));
    for (Contest& contest : contests) {
        if (only.empty() || contest.title == only) hold(bench, std::move(contest), seeds, factors);
    }
    return 0;
}
