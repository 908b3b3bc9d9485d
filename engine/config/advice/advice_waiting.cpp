// SPDX-License-Identifier: Apache-2.0
// Gates that count for themselves, where they stand: a limit that waiting switches off, a poll that
// a waiting gate holds up, places that stand empty until the next poll, and a store whose failure
// is final.
#include "engine/config/advice/advice_rules.h"

namespace penstock::detail {
namespace {

class WaitingRules final : private Rules {
  public:
    using Rules::Rules;

    void run() {
        for (const FlatGate& gate : gates_) {
            limitSwitchedOff(gate);
            pollStands(gate);
            halvedByPoll(gate);
            storeErrorIsFinal(gate);
        }
    }

  private:
    bool blocks(const FlatGate& gate) const {
        return gate.type == "local-max-concurrency" && gate.text("gating_mode") == "blocking";
    }

    // A queue gate's `wait` lets the message through: only a pool gate can park what it is for.
    void limitSwitchedOff(const FlatGate& gate) {
        if (!engine_.semantics.queueWaitProceeds || gate.queue == nullptr || !gate.waits) return;
        const bool refuses = gate.type == "local-max-concurrency" || gate.type == "redis-quota" ||
                             gate.type == "redis-leased-rate" || gate.counted();
        if (!refuses) return;
        add("limit-switched-off", Severity::error, gate, gate.has("limit") ? "limit" : "",
            fmt::format("Before a queue {} lets through what a gate tells to wait, and "
                        "wait-on-refuse turns every refusal of {} into that: it limits nothing.",
                        engine_.semantics.name, gate.type),
            "Take wait-on-refuse off, or put the gate before the pool.");
    }

    void pollStands(const FlatGate& gate) {
        if (!engine_.semantics.queueWaitProceeds || gate.queue == nullptr || !blocks(gate)) return;
        add("poll-stands", Severity::warning, gate, "gating_mode",
            fmt::format("At its limit of {} this gate waits inside the poll of queue {}: nothing "
                        "of the queue is taken, expired messages and retries neither, until a "
                        "request ends.",
                        num(gate.number("limit")), gate.queue->id),
            "Write gating_mode: classifying, or put the gate before the pool, where those that "
            "wait keep their order.");
    }

    // What ends between two polls leaves its place empty until the next: a place is taken for the
    // least number of whole polls that is longer than an answer.
    void halvedByPoll(const FlatGate& gate) {
        if (!rate_ || gate.queue == nullptr || gate.type != "local-max-concurrency") return;
        if (blocks(gate) || gate.waits) return;
        const QueueFacts* queue = facts_.queue(gate.queue->id);
        const bool known = facts_.serviceTime.has_value();
        const auto answer = known              ? facts_.serviceTime
                            : queue != nullptr ? queue->leastServiceTime
                                               : std::nullopt;
        if (!answer) return;
        const double service = toSeconds(*answer);
        const double poll = toSeconds(engine_.pollInterval());
        const double limit = gate.number("limit");
        if (service <= 0.0 || poll <= 0.0 || !(limit > 0.0)) return;
        const double held = (std::floor(service / poll) + 1.0) * poll;
        const double most = limit / service;
        const double real = limit / held;
        if (real > kWorthSaying * most) return;
        add("limit-meets-poll", Severity::warning, gate, "limit",
            fmt::format("Answers take {}{} and the queue is polled every {}: a place that frees "
                        "between two polls stands empty until the next, so that the limit {} gives "
                        "about {} requests a second, not {}.",
                        known ? "" : "at least ", seconds(*answer), seconds(engine_.pollInterval()),
                        num(limit), num(real), num(most)),
            "Shorten poll_interval_ms well below the time of an answer (and batch_size with it), "
            "raise the limit in proportion, or write gating_mode: blocking before the pool.");
    }

    void storeErrorIsFinal(const FlatGate& gate) {
        if (!engine_.semantics.storeErrorFinalAtPool || gate.queue != nullptr) return;
        if (gate.type != "redis-quota" && gate.type != "redis-leased-rate") return;
        add("store-error-final", Severity::warning, gate, "address",
            fmt::format("While the Redis of this gate cannot be reached, {} ends every message "
                        "that reaches pool {} with the result GATE_ERROR, and retries none.",
                        engine_.semantics.name, gate.pool->id),
            "Put the gate before the queue, where messages are put back until Redis answers.");
    }

    // Below this share of what the limit allows, the poll is worth a word.
    static constexpr double kWorthSaying = 0.6;
};

} // namespace

void waitingRules(const EngineDocument& engine, const PoolFacts& facts,
                  std::vector<Finding>& found) {
    WaitingRules(engine, facts, found).run();
}

} // namespace penstock::detail
