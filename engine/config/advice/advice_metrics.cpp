// SPDX-License-Identifier: Apache-2.0
// What a gate reads: does it exist, how old is it, what happens without it, who else counts it?
#include "engine/config/advice/advice_rules.h"
#include "engine/types/duration_text.h"
#include "engine/types/suggest.h"

#include <fmt/ranges.h>

#include <cmath>
#include <utility>

namespace penstock::detail {
namespace {

// Dead time beyond this share of a burst: the gate answers the burst before this one.
constexpr double kDeadShare = 0.5;

// Series that were renamed, for which no likeness of the names speaks.
constexpr std::pair<std::string_view, std::string_view> kRenamed[] = {
    {"vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc"},
    {"inference_pool_ready_pods", "llm_d_epp_ready_endpoints"},
    {"inference_pool_per_pod_queue_size", "llm_d_epp_per_endpoint_queue_size"},
    {"inference_pool_average_queue_size", "llm_d_epp_average_queue_size"},
    {"inference_pool_average_kv_cache_utilization", "llm_d_epp_average_kv_cache_utilization"}};

class MetricRules final : private Rules {
  public:
    using Rules::Rules;

    void run() {
        for (const FlatGate& gate : gates_) {
            // These hold of a gate that is shut anyhow, too.
            notExported(gate);
            onlyWithFlowControl(gate);
            if (shutWhenIdle(gate)) continue;
            fallback(gate);
            deadTime(gate);
        }
        pollAgainstCache();
        countedTwice();
    }

  private:
    void fallback(const FlatGate& gate) {
        if (!gate.onMetric() || gate.counted()) return;
        const double value = gate.number("fallback");
        if (gate.type == "prometheus-saturation") {
            // Given or not, 0 reads like "closed" beside the other gates.
            const double budget = budgetWithoutReading(value);
            if (budget <= 0.0 || budget < leastBudget(gate)) return;
            add("fails-open", Severity::note, gate, "fallback",
                fmt::format("Without a reading the saturation counts as {}{}: the gate opens with "
                            "budget {} while the load is unknown.",
                            num(value), gate.has("fallback") ? "" : " (the default)", num(budget)),
                "Set fallback to 1 to hold back while the metric is away, if that is meant.");
            return;
        }
        const bool closes = value <= 0.0;
        if (closes && gate.has("fallback")) return; // asked for in so many words
        add(closes ? "fails-closed" : "fails-open", Severity::note, gate, "fallback",
            closes ? "Without a reading the budget counts as 0 (the default): the queue stands "
                     "still until its deadlines pass."
                   : fmt::format("Without a reading the budget counts as {}: the gate stays open "
                                 "while the load is unknown.",
                                 num(value)),
            closes ? "Write fallback: 0 to say that it is meant, or a small budget to keep going."
                   : "Set fallback to 0 to hold back while the metric is away, if that is meant.");
    }

    void notExported(const FlatGate& gate) {
        if (!facts_.metrics || !gate.onPrometheus()) return;
        const auto alternatives = seriesOf(gate, engine_.semantics);
        const auto answering = std::find_if(alternatives.begin(), alternatives.end(),
                                            [this](const auto& names) { return exported(names); });
        std::vector<std::string> missing;
        for (auto names = alternatives.begin(); names != answering; ++names) {
            for (const std::string& name : *names) {
                if (!exported({name}) &&
                    std::find(missing.begin(), missing.end(), name) == missing.end()) {
                    missing.push_back(name);
                }
            }
        }
        if (missing.empty()) return;
        if (answering != alternatives.end()) {
            if (gate.type != "prometheus-query") return; // made to try one name after the other
            add("metric-not-exported", Severity::warning, gate, "query",
                fmt::format("Nothing exports {}; the query always reads what stands after its "
                            "`or`.",
                            fmt::join(missing, ", ")),
                renamed(missing.front(), false));
            return;
        }
        const bool saturation = gate.type == "prometheus-saturation";
        const double value = gate.number("fallback");
        const double budget = saturation ? budgetWithoutReading(value) : clampUnit(value);
        const bool open = budget > 0.0 && budget >= leastBudget(gate);
        add("metric-not-exported", Severity::error, gate,
            saturation                        ? "metric"
            : gate.type == "prometheus-query" ? "query"
                                              : "pool",
            fmt::format("Nothing exports {}; the gate runs on its fallback {} for ever and is "
                        "always {}.",
                        fmt::join(missing, ", "), num(value), open ? "open" : "closed"),
            renamed(missing.front(), saturation));
    }

    // A simulated router may export what the real one would not.
    void onlyWithFlowControl(const FlatGate& gate) {
        if (gate.type != "prometheus-saturation" || facts_.routerFlowControl.value_or(true)) return;
        const auto series = seriesOf(gate, engine_.semantics);
        if (!facts_.metrics || series.empty() || !exported(series.front())) return;
        if (series.front().front().find("flow_control") == std::string::npos) return;
        const double value = gate.number("fallback");
        add("needs-flow-control", Severity::warning, gate, "metric",
            fmt::format(
                "This pool's router has flow control off. Here {} is exported all the same; "
                "llm-d-router (August 2026) exports it only with flow control on, and the "
                "gate would run on its fallback {} for ever, always {}.",
                series.front().front(), num(value),
                budgetWithoutReading(gate.number("fallback")) >= std::max(leastBudget(gate), 1e-12)
                    ? "open"
                    : "closed"),
            "Turn flow control on in the router (pool.router.flow_control), or see what the pool "
            "does without the series (pool.router.saturation_gauge: with-flow-control).");
    }

    std::string renamed(const std::string& missing, bool saturation) const {
        for (const auto& [before, after] : kRenamed) {
            for (const auto& [from, to] : {std::pair{before, after}, std::pair{after, before}}) {
                if (missing == from && exported({std::string(to)})) {
                    return fmt::format("It is called {} there; {}.", to,
                                       saturation ? "name it in gate_params.metric"
                                                  : "write it so, or choose the semantics of the "
                                                    "version you run");
                }
            }
        }
        // Later routers export the same series under another prefix.
        const std::size_t stem = missing.find("flow_control");
        for (const std::string& name : *facts_.metrics) {
            const bool same = stem != std::string::npos && name.ends_with(missing.substr(stem));
            if (!same) continue;
            return fmt::format("This router calls it {}; {}.", name,
                               saturation ? "name it in gate_params.metric, or choose the "
                                            "semantics of the version you run"
                                          : "write it so");
        }
        std::vector<std::string_view> names(facts_.metrics->begin(), facts_.metrics->end());
        const std::string_view near = closestName(missing, names);
        if (!near.empty()) return fmt::format("There is {}; write it so if that is meant.", near);
        return "Turn on what exports it (flow control of the router, the pods' monitor), or read "
               "another series.";
    }

    // From a change of the load to a decision that knows it, at worst.
    std::optional<Duration> deadTimeOf(const FlatGate& gate) const {
        Duration dead = engine_.pollInterval();
        Duration cache = engine_.prometheusCacheTtl;
        if (const std::string own = gate.text("cache_ttl"); !own.empty()) {
            if (const auto ttl = goDuration(own)) cache = *ttl;
        }
        dead += cache;
        if (!gate.onPrometheus()) return dead;
        const bool router = gate.type == "prometheus-saturation" ||
                            (gate.type == "prometheus-budget" && budgetSource(gate) != 2);
        const auto& scrape = router ? facts_.routerScrape : facts_.modelServerScrape;
        if (!scrape) return std::nullopt;
        return dead + *scrape +
               (router ? facts_.exporterRefresh.value_or(Duration{0}) : Duration{0});
    }

    void deadTime(const FlatGate& gate) {
        if (!gate.onMetric() || !facts_.burst || *facts_.burst <= Duration{0}) return;
        const auto dead = deadTimeOf(gate);
        if (!dead || toSeconds(*dead) <= kDeadShare * toSeconds(*facts_.burst)) return;
        const bool whole = *dead >= *facts_.burst;
        add("dead-time", Severity::warning, gate,
            gate.type == "prometheus-query"  ? "query"
            : gate.type == "endpoint-scrape" ? "url"
                                             : "pool",
            fmt::format("A change of the load takes up to {} to reach this gate (export, scrape, "
                        "cache and poll together), {} of a burst of {}: {}.",
                        seconds(*dead),
                        whole ? "the whole"
                              : fmt::format("{:.0f} %",
                                            100.0 * toSeconds(*dead) / toSeconds(*facts_.burst)),
                        seconds(*facts_.burst),
                        whole ? "it always answers the burst before this one"
                              : "it is wrong for much of it"),
            "Scrape more often, lower prometheus_cache_ttl, read the endpoint itself "
            "(endpoint-scrape), or bound what is in flight (local-max-concurrency), which needs no "
            "metric.");
    }

    void pollAgainstCache() {
        const bool reads = std::any_of(gates_.begin(), gates_.end(),
                                       [](const FlatGate& gate) { return gate.onMetric(); });
        const Duration poll = engine_.pollInterval();
        const Duration cache = engine_.prometheusCacheTtl;
        if (!reads || cache <= Duration{0} || poll <= cache) return;
        add("poll-slower-than-cache", Severity::warning,
            engine_.transport.path + ".poll_interval_ms", engine_.transport.place,
            fmt::format("A queue is polled every {}, and a reading lives {}: no reading is ever "
                        "used twice, and a gate that opens is noticed up to {} late.",
                        seconds(poll), seconds(cache), seconds(poll)),
            fmt::format("Poll every {} or oftener; divide batch_size in proportion to keep the "
                        "rate.",
                        seconds(cache)));
    }

    void countedTwice() {
        if (engine_.semantics.poolBudgetShared) return;
        std::vector<std::string> done;
        for (const FlatGate& first : gates_) {
            if (first.queue == nullptr || !first.onMetric()) continue;
            const std::string what = reading(first);
            if (std::find(done.begin(), done.end(), what) != done.end()) continue;
            done.push_back(what);
            std::vector<std::string> ids;
            double most = 0.0;
            for (const FlatGate& gate : gates_) {
                if (gate.queue == nullptr || !gate.onMetric() || reading(gate) != what) continue;
                if (std::find(ids.begin(), ids.end(), gate.queue->id) != ids.end()) continue;
                ids.push_back(gate.queue->id);
                most += batchOf(engine_.batchSize(), bestBudgetOf(gates_, *gate.queue));
            }
            if (ids.size() < 2) continue;
            add("budget-counted-twice", Severity::warning, first, "pool",
                fmt::format("The queues {} read the same metric and each takes the whole budget: "
                            "an idle pool gets {} a poll ({} a second), {} times what one gate "
                            "would let through.",
                            fmt::join(ids, ", "), num(most),
                            num(most / toSeconds(engine_.pollInterval())), ids.size()),
                fmt::format("Divide batch_size by {}, or gate the pool instead of its queues.",
                            ids.size()));
        }
    }

    std::string reading(const FlatGate& gate) const {
        std::string what = gate.queue->pool + "|" + gate.type;
        for (const std::string_view key : {"pool", "namespace", "query", "url", "metric"}) {
            what += "|" + gate.text(key);
        }
        return what;
    }
};

} // namespace

void metricRules(const EngineDocument& engine, const PoolFacts& facts,
                 std::vector<Finding>& found) {
    MetricRules(engine, facts, found).run();
}

} // namespace penstock::detail
