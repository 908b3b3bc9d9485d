// SPDX-License-Identifier: Apache-2.0
#include "sim/validation/theory.h"

#include "engine/types/check.h"
#include "sim/fleet/replica.h"
#include "sim/kernel/random.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace penstock::sim {
namespace {

constexpr double kStepNs = 1000.0;
constexpr double kMeanTokens = 4000.0; // long enough that a step is nothing

// Sums waits: the time of scheduling less the time of arrival, which it looks up by id.
struct Waits {
    std::vector<std::int64_t> arrivedAt = std::vector<std::int64_t>(1 << 20);
    std::uint64_t skip = 0;
    double sum = 0.0;
    double count = 0.0;
    std::int64_t& arrival(std::uint64_t id) { return arrivedAt[id & (arrivedAt.size() - 1)]; }
    void scheduled(std::uint64_t id, std::int64_t t, std::int32_t) {
        if (id < skip) return;
        sum += static_cast<double>(t - arrival(id));
        count += 1.0;
    }
    void firstToken(std::uint64_t, std::int64_t) {}
    void finished(std::uint64_t, std::int64_t) {}
    void preempted(std::uint64_t, std::int64_t) {}
    void lost(std::uint64_t, std::int64_t) {}
};

} // namespace

double simulatedWait(const QueueingCase& queue, std::uint64_t seed) {
    ReplicaConfig config;
    config.cost = constantStepCost(kStepNs);
    config.maxNumSeqs = queue.servers;
    config.kvBlocks = 1'000'000'000;
    Replica<> replica(config);
    RandomSequence arrivals(seed, 1, 0), lengths(seed, 2, 0);
    // The ceiling of an exponential is geometric; this is its mean.
    const double service = queue.exponential ? 1.0 / -std::expm1(-1.0 / kMeanTokens) : kMeanTokens;
    const double gap = kStepNs * service / (queue.load * queue.servers);
    Waits waits;
    waits.skip = queue.requests / 50;
    double t = 0.0;
    for (std::uint64_t i = 0; i < queue.requests; ++i) {
        t += gap * arrivals.exponential();
        const auto at = static_cast<std::int64_t>(t);
        replica.advance(at, waits);
        Sequence s;
        s.id = i;
        s.outputTokens = static_cast<std::int32_t>(
            queue.exponential ? std::max(1.0, std::ceil(kMeanTokens * lengths.exponential()))
                              : kMeanTokens);
        waits.arrival(i) = at;
        PENSTOCK_CHECK(replica.submit(at, s).verdict == Admission::accepted);
    }
    return waits.sum / waits.count / (kStepNs * service);
}

double theoreticalWait(const QueueingCase& queue) {
    if (!queue.exponential) {
        PENSTOCK_CHECK(queue.servers == 1);
        return 0.5 * queue.load / (1.0 - queue.load);
    }
    double term = 1.0, sum = 1.0; // (c rho)^k / k!
    for (int k = 1; k < queue.servers; ++k)
        sum += term *= queue.servers * queue.load / k;
    const double last = term * queue.load / (1.0 - queue.load);
    return last / (sum + last) / (queue.servers * (1.0 - queue.load));
}

} // namespace penstock::sim
