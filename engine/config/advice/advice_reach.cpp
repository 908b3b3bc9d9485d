// SPDX-License-Identifier: Apache-2.0
// Can the gate ever close, can it ever open, and where does rounding put its closing point?
#include "engine/config/advice/advice_rules.h"

#include <fmt/ranges.h>

#include <cmath>

namespace penstock::detail {
namespace {

// A budget that comes in fewer steps than this is worth a word.
constexpr double kStepsFew = 20.0;

class ReachRules final : private Rules {
  public:
    using Rules::Rules;

    void run() {
        for (const FlatGate& gate : gates_) {
            if (neverOpens(gate)) continue;
            neverCloses(gate);
            quantised(gate);
        }
    }

  private:
    std::string stepsText(const FlatGate& gate) const {
        return rate_ ? fmt::format("floor(batch_size {:.0f} x budget)", gate.steps)
                     : fmt::format("floor(workers {:.0f} x budget)", gate.steps);
    }
    std::string_view stepsKnob() const { return rate_ ? "batch_size" : "the pool's workers"; }

    bool neverOpens(const FlatGate& gate) {
        if (shutWhenIdle(gate)) {
            const bool saturation = gate.type == "prometheus-saturation";
            const std::string_view knob = saturation ? "threshold" : "baseline";
            const double best = gate.bestBudget();
            const std::string rounded =
                gate.steps > 0.0 ? fmt::format(", and {} is 0", stepsText(gate)) : "";
            const std::string steps =
                gate.steps > 0.0 && best > 0.0
                    ? fmt::format("Raise {} above {}, or ", stepsKnob(), num(1.0 / best))
                    : "";
            add("never-opens", Severity::error, gate, knob,
                fmt::format("An idle pool gives this gate the budget {}{}: nothing is ever sent.",
                            num(best), rounded),
                fmt::format("{}{} the {} {} {}.", steps,
                            saturation ? (steps.empty() ? "Raise" : "raise")
                                       : (steps.empty() ? "Lower" : "lower"),
                            knob, saturation ? "above" : "below",
                            num(saturation ? leastBudget(gate) : 1.0 - leastBudget(gate))));
            return true;
        }
        if (gate.type != "prometheus-saturation" || !facts_.leastSaturation) return false;
        const double closes = gate.number("threshold") - leastBudget(gate);
        const double least = *facts_.leastSaturation;
        const bool shut = gate.steps > 0.0 ? least > closes : least >= closes;
        if (!shut) return false;
        add("never-opens", Severity::error, gate, "threshold",
            fmt::format("The gate opens below saturation {}; the detector never falls under {}.",
                        num(closes), num(least)),
            fmt::format("Raise the threshold above {}, or find out why the pool never rests (a "
                        "detector without metrics shows 1).",
                        num(least + leastBudget(gate))));
        return true;
    }

    struct Reach {
        double value = 0.0;
        std::string why;
    };
    static void lower(std::optional<Reach>& reach, double value, std::string why) {
        if (!reach || value < reach->value) reach = Reach{value, std::move(why)};
    }

    // The most that can be in flight at the pool, per pod.
    void lowerByTraffic(std::optional<Reach>& reach) const {
        if (!facts_.interactiveInFlight || !facts_.readyPods || *facts_.readyPods <= 0) return;
        double workers = 0;
        for (const PoolDocument& pool : engine_.pools)
            workers += pool.workers;
        lower(reach, (workers + *facts_.interactiveInFlight) / *facts_.readyPods,
              fmt::format("{:.0f} workers and {} interactive requests on {} pods", workers,
                          num(*facts_.interactiveInFlight), num(*facts_.readyPods)));
    }

    void neverCloses(const FlatGate& gate) {
        if (gate.type == "prometheus-budget") budgetNeverCloses(gate);
        if (gate.type == "prometheus-saturation") saturationNeverCloses(gate);
        if (gate.type == "local-max-concurrency") limitNeverCloses(gate);
    }

    // The three sources of the cascade count different things; what a pod can show differs too.
    std::string budgetReach(std::optional<std::size_t> source, std::optional<Reach>& reach) const {
        if (source == std::size_t{0}) {
            if (facts_.peakFlowQueue && facts_.readyPods.value_or(0) > 0) {
                lower(reach, *facts_.peakFlowQueue / *facts_.readyPods,
                      "the measured peak of the flow-control queue");
            }
            lowerByTraffic(reach);
            return "requests in the router's flow control";
        }
        if (source == std::size_t{1}) {
            if (facts_.peakQueuePerPod) {
                lower(reach, *facts_.peakQueuePerPod, "the measured peak of the pods' queues");
            }
            std::optional<Reach> inFlight;
            lowerByTraffic(inFlight);
            if (inFlight && facts_.maxNumSeqs) {
                lower(reach, std::max(0.0, inFlight->value - *facts_.maxNumSeqs),
                      fmt::format("{}, of which a pod runs {}", inFlight->why,
                                  num(*facts_.maxNumSeqs)));
            }
            return "waiting requests";
        }
        if (facts_.maxNumSeqs) {
            lower(reach, *facts_.maxNumSeqs,
                  fmt::format("a pod runs {} at once (max_num_seqs)", num(*facts_.maxNumSeqs)));
        }
        if (facts_.peakRunningPerPod) {
            lower(reach, *facts_.peakRunningPerPod, "the measured peak of running requests");
        }
        lowerByTraffic(reach);
        return "running requests";
    }

    void budgetNeverCloses(const FlatGate& gate) {
        const double perPod = gate.number("max_concurrency");
        const double share = 1.0 - gate.number("baseline") - leastBudget(gate);
        const double closes = perPod * share;
        const auto source = budgetSource(gate);
        std::optional<Reach> reach;
        const std::string reads = budgetReach(source, reach);
        const auto advised = [&](double load) {
            return fmt::format("Set max_concurrency to {} or less: it closes then at {} {}.",
                               num(std::max(1.0, std::floor(load / share))),
                               num(std::max(share, load)), reads);
        };
        if (reach && reach->value < closes) {
            // Without the names of the series it may count something else.
            add("never-closes", source ? Severity::error : Severity::warning, gate,
                "max_concurrency",
                fmt::format(
                    "The gate closes at {} {} per pod (max_concurrency {} x {}), but the pool "
                    "reaches {} at most: {}.",
                    num(closes), reads, num(perPod), num(share), num(reach->value), reach->why),
                advised(0.8 * reach->value));
            return;
        }
        if (source == std::size_t{1} && !reach && facts_.maxNumSeqs &&
            closes > *facts_.maxNumSeqs) {
            add("never-closes", Severity::warning, gate, "max_concurrency",
                fmt::format("The gate reads {} and closes at {} per pod (max_concurrency {} x {}), "
                            "more than the {} that it runs at once: everybody has waited for twice "
                            "the time by then.",
                            reads, num(closes), num(perPod), num(share), num(*facts_.maxNumSeqs)),
                advised(0.1 * *facts_.maxNumSeqs));
        }
    }

    void saturationNeverCloses(const FlatGate& gate) {
        const double closes = gate.number("threshold") - leastBudget(gate);
        std::optional<Reach> reach;
        if (facts_.peakSaturation) {
            lower(reach, *facts_.peakSaturation, "the measured peak");
        }
        if (facts_.detectorMaxConcurrency && *facts_.detectorMaxConcurrency > 0) {
            std::optional<Reach> perPod;
            lowerByTraffic(perPod);
            if (perPod) {
                lower(reach, perPod->value / *facts_.detectorMaxConcurrency,
                      fmt::format("{}, against {} that fill a pod for the detector", perPod->why,
                                  num(*facts_.detectorMaxConcurrency)));
            }
        }
        if (!reach || reach->value >= closes) return;
        add("never-closes", Severity::error, gate, "threshold",
            fmt::format("The gate closes at saturation {}, but the pool reaches {} at most: {}.",
                        num(closes), num(reach->value), reach->why),
            fmt::format("Lower the threshold below {}, or remove the gate: it never acts.",
                        num(reach->value + leastBudget(gate))));
    }

    void limitNeverCloses(const FlatGate& gate) {
        const double limit = gate.number("limit");
        if (limit < gate.pool->workers ||
            (limit == gate.pool->workers && gate.pool->workers == 0)) {
            return;
        }
        add("never-closes", Severity::warning, gate, "limit",
            fmt::format("The limit {} is not below the {} workers of pool {}, which hold no more "
                        "requests than that: it never acts.",
                        num(limit), gate.pool->workers, gate.pool->id),
            fmt::format("Set the limit below {}, or remove the gate.", gate.pool->workers));
    }

    void quantised(const FlatGate& gate) {
        const bool judged =
            gate.type == "prometheus-saturation" || gate.type == "prometheus-budget";
        if (!judged || gate.steps <= 0.0 || gate.steps >= kStepsFew) return;
        const double step = leastBudget(gate);
        std::string effect;
        std::string_view knob;
        if (gate.type == "prometheus-saturation") {
            knob = "threshold";
            const double t = gate.number("threshold");
            effect = fmt::format("The gate is shut from saturation {} up, not {}", num(t - step),
                                 num(t));
        } else {
            knob = "max_concurrency";
            const double perPod = gate.number("max_concurrency");
            const double baseline = gate.number("baseline");
            effect =
                fmt::format("The gate is shut from {} a pod up, not {}",
                            num(perPod * (1.0 - baseline - step)), num(perPod * (1.0 - baseline)));
        }
        std::string more;
        if (rate_) {
            const std::int32_t most = batchOf(engine_.batchSize(), gate.bestBudget());
            more = fmt::format(" An idle pool gets {} a poll: at most {} a second from this queue.",
                               most, num(most / toSeconds(engine_.pollInterval())));
        }
        add("quantised", Severity::warning, gate, knob,
            fmt::format("{}, because {} is 0 for every budget below {}.{}", effect, stepsText(gate),
                        num(step), more),
            rate_ ? fmt::format("Raise batch_size to {} or more and lengthen poll_interval_ms in "
                                "proportion: finer steps at the same rate.",
                                num(5 * kStepsFew))
                  : fmt::format("Raise the workers of pool {} to {} or more, or use "
                                "local-max-concurrency for a pool this small.",
                                gate.pool->id, num(kStepsFew)));
    }
};

} // namespace

void reachRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found) {
    ReachRules(engine, facts, found).run();
}

} // namespace penstock::detail
