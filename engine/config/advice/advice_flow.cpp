// SPDX-License-Identifier: Apache-2.0
// What flows: priorities without labels, rates against deadlines, workers against rates, leases.
#include "engine/config/advice/advice_rules.h"

#include <fmt/ranges.h>

#include <cmath>

namespace penstock::detail {
namespace {

// Workers beyond this multiple of what can be in flight are idle for certain.
constexpr double kIdleFactor = 2.0;
// Our own engine renews a lease three times within it; a request of this many leases needs so many
// renewals to succeed that one will fail sooner or later.
constexpr double kLeasesPerRequest = 10.0;

class FlowRules final : private Rules {
  public:
    using Rules::Rules;

    void run() {
        tiers();
        ceilings();
        lease();
    }

  private:
    void tiers() {
        const MergeSettings& merge = engine_.mergePolicy.settings;
        const bool policy = merge.kind == MergeSettings::Kind::tierPriority;
        std::vector<std::string> untold;
        const QueueDocument* first = nullptr;
        for (const QueueDocument& queue : engine_.transport.queues) {
            const FlatGate* admission = admissionOf(queue);
            if (!policy && admission == nullptr) continue;
            const std::string label = policy || admission->text("tier_label").empty()
                                          ? merge.tierLabel
                                          : admission->text("tier_label");
            const std::string* tier = findLabel(queue.labels, label);
            if (tier != nullptr) {
                unknownTier(queue, label, *tier);
                continue;
            }
            const QueueFacts* facts = facts_.queue(queue.id);
            if (facts != nullptr && facts->messagesCarryTier.value_or(false)) continue;
            if (first == nullptr) first = &queue;
            untold.push_back(queue.id);
        }
        if (first == nullptr) return;
        add("tier-label-missing", Severity::warning, first->path + ".labels", first->place,
            fmt::format(
                "Priority goes by the label \"{}\", which {} {} not set: unless the senders "
                "do, every request there counts as batch, the last tier.",
                merge.tierLabel, fmt::join(untold, ", "), untold.size() == 1 ? "does" : "do"),
            fmt::format("Give the queue labels: {{\"{}\": \"interactive\" | \"async\" | "
                        "\"batch\"}}.",
                        merge.tierLabel));
    }

    void unknownTier(const QueueDocument& queue, const std::string& label,
                     const std::string& tier) {
        if (tier == "interactive" || tier == "async" || tier == "batch") return;
        add("tier-label-missing", Severity::warning, queue.path + ".labels." + label, queue.place,
            fmt::format("The tier \"{}\" is none of interactive, async and batch: it counts as "
                        "batch, the last tier.",
                        tier),
            "Write one of the three.");
    }

    const FlatGate* admissionOf(const QueueDocument& queue) const {
        for (const FlatGate& gate : gates_) {
            const bool mine =
                gate.queue == &queue || (gate.queue == nullptr && gate.pool->id == queue.pool);
            if (mine && gate.type == "tier-priority-admission") return &gate;
        }
        return nullptr;
    }

    // Requests a second that a queue can yield at best; nullopt: bounded by nothing known.
    std::optional<double> pollCeiling(const QueueDocument& queue) const {
        if (!rate_) return std::nullopt;
        const double best = bestBudgetOf(gates_, queue);
        return batchOf(engine_.batchSize(), best) / toSeconds(engine_.pollInterval());
    }

    void ceilings() {
        for (const PoolDocument& pool : engine_.pools)
            workersAbove(pool);
        for (const QueueDocument& queue : engine_.transport.queues) {
            const PoolDocument* pool = engine_.findPool(queue.pool);
            std::optional<double> most = pollCeiling(queue);
            std::string why = most ? fmt::format("{} messages every {}",
                                                 num(*most * toSeconds(engine_.pollInterval())),
                                                 seconds(engine_.pollInterval()))
                                   : "";
            if (facts_.serviceTime && *facts_.serviceTime > Duration{0} && pool != nullptr) {
                const double served = pool->workers / toSeconds(*facts_.serviceTime);
                if (!most || served < *most) {
                    most = served;
                    why = fmt::format("{} workers at {} a request", pool->workers,
                                      seconds(*facts_.serviceTime));
                }
            }
            const QueueFacts* facts = facts_.queue(queue.id);
            if (facts != nullptr && facts->poolCeiling && (!most || *facts->poolCeiling < *most)) {
                most = facts->poolCeiling;
                why = "what the pool can do with nothing else on it";
            }
            if (most && *most > 0.0 && facts != nullptr) {
                lateFor(queue, *facts, *most, why, most == facts->poolCeiling);
            }
        }
    }

    void lateFor(const QueueDocument& queue, const QueueFacts& facts, double most,
                 const std::string& why, bool ofPool) {
        if (facts.requestsPerSecond && *facts.requestsPerSecond > most) {
            add("deadline-unreachable", Severity::error, queue.path, queue.place,
                fmt::format("{} requests a second arrive and at most {} can leave ({}): the "
                            "backlog grows until deadlines pass.",
                            num(*facts.requestsPerSecond), num(most), why),
                rate_ && !ofPool
                    ? fmt::format("Raise batch_size or poll oftener: {} a second are needed.",
                                  num(*facts.requestsPerSecond))
                : ofPool ? "Add replicas, or send less."
                         : "Raise the pool's workers, or send less.");
            return;
        }
        if (!facts.backlog || !facts.window || *facts.window <= Duration{0}) return;
        const double needed = *facts.backlog / most;
        if (needed <= toSeconds(*facts.window)) return;
        add("deadline-unreachable", Severity::error, queue.path, queue.place,
            fmt::format("{} requests at {} a second ({}) take {} s; their deadline is after {}.",
                        num(*facts.backlog), num(most), why, num(needed), seconds(*facts.window)),
            fmt::format("Make room for {} a second, or allow {} s.",
                        num(*facts.backlog / toSeconds(*facts.window)), num(std::ceil(needed))));
    }

    void workersAbove(const PoolDocument& pool) {
        if (!rate_ || !facts_.serviceTime) return;
        double supply = 0.0;
        for (const QueueDocument& queue : engine_.transport.queues) {
            if (queue.pool == pool.id) supply += *pollCeiling(queue);
        }
        const double busy = supply * toSeconds(*facts_.serviceTime);
        if (supply <= 0.0 || pool.workers <= kIdleFactor * std::max(1.0, busy)) return;
        add("workers-above-ceiling", Severity::note, pool.path + ".workers", pool.place,
            fmt::format("The queues of this pool yield at most {} a second, which keeps {} workers "
                        "busy at {} a request; there are {}.",
                        num(supply), num(busy), seconds(*facts_.serviceTime), pool.workers),
            fmt::format("Raise batch_size or poll oftener to use them; {} workers do the same "
                        "otherwise.",
                        num(std::max(1.0, std::ceil(busy)))));
    }

    void lease() {
        const Semantics& s = engine_.semantics;
        if (s.claiming != Semantics::Claiming::fencedLease) return;
        const bool theirs = s.unknownGateOpens;
        const double leases = toSeconds(engine_.requestTimeout) / toSeconds(s.lease);
        if (leases <= (theirs ? 1.0 : kLeasesPerRequest)) return;
        add("timeout-beyond-lease", Severity::warning,
            engine_.path.empty() ? "request_timeout" : engine_.path + ".request_timeout",
            engine_.place,
            fmt::format("A request may take {}, {} times the lease of {}: should one renewal of "
                        "its claim fail meanwhile, another engine sends it again.",
                        seconds(engine_.requestTimeout), num(leases), seconds(s.lease)),
            fmt::format(
                "Set request_timeout to {} or less, or lengthen the lease.",
                seconds(fromSeconds(toSeconds(s.lease) * (theirs ? 1.0 : kLeasesPerRequest)))));
    }
};

} // namespace

void flowRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found) {
    FlowRules(engine, facts, found).run();
}

} // namespace penstock::detail
