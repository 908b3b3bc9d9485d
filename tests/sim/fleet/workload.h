// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random replicas and random days in their lives, played on any replica: the common ground of the
// tests that compare the skipping replica with the step-by-step one.
#include "sim/fleet/replica_types.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock::sim::testing {

// A small deterministic generator: a failing seed is all there is to know about a failure.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : seed_(mixBits(seed)) {}
    std::uint64_t bits() { return mixBits(seed_ ^ mixBits(counter_++)); }
    // Uniform over low..high, both included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
    }
    double share() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
    bool chance(double p) { return share() < p; }

  private:
    std::uint64_t seed_;
    std::uint64_t counter_ = 0;
};

struct Event {
    char kind; // 's'cheduled, 'f'irst token, 'e'nd, 'p'reempted, 'l'ost
    std::uint64_t id;
    std::int64_t t;
    std::int32_t cached;
    bool operator==(const Event&) const = default;
};

inline std::string show(const Event& e) {
    return std::string(1, e.kind) + " id=" + std::to_string(e.id) + " t=" + std::to_string(e.t) +
           " cached=" + std::to_string(e.cached);
}

// Records every event, and may answer the end of a sequence with a new one (a closed loop).
template <class Submit>
struct Recorder {
    std::vector<Event>& events;
    Submit onFinished;

    void scheduled(std::uint64_t id, std::int64_t t, std::int32_t cached) {
        events.push_back({'s', id, t, cached});
    }
    void firstToken(std::uint64_t id, std::int64_t t) { events.push_back({'f', id, t, 0}); }
    void finished(std::uint64_t id, std::int64_t t) {
        events.push_back({'e', id, t, 0});
        onFinished(id, t);
    }
    void preempted(std::uint64_t id, std::int64_t t) { events.push_back({'p', id, t, 0}); }
    void lost(std::uint64_t id, std::int64_t t) { events.push_back({'l', id, t, 0}); }
};
template <class Submit>
Recorder(std::vector<Event>&, Submit) -> Recorder<Submit>;

struct Command {
    enum class Kind { submit, cancel, slow, kill, observe } kind;
    std::int64_t at;
    Sequence sequence; // submit; cancel uses its id
    double factor = 1.0;
};

struct Workload {
    ReplicaConfig config;
    std::vector<Command> commands; // in order of time
    int closedLoop = 0;            // so many ends are answered with a new sequence at once
    std::int64_t end = 0;
};

} // namespace penstock::sim::testing
