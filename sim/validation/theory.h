// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queues that theory knows, on the replica: with steps of constant length whatever the batch, a
// replica of c slots is a queue with c servers whose service time is the number of output tokens.
#include <cstdint>

namespace penstock::sim {

struct QueueingCase {
    int servers = 1;
    bool exponential = true; // service times; constant otherwise. Arrivals are always Poisson
    double load = 0.5;       // below 1
    std::uint64_t requests = 100'000;
};

// The mean wait before service, in units of the mean service time, over all but the first fiftieth.
double simulatedWait(const QueueingCase& queue, std::uint64_t seed);

// M/M/c (Erlang's C formula) for exponential service, M/D/1 (Pollaczek and Khinchine) for constant,
// which is known for one server only.
double theoreticalWait(const QueueingCase& queue);

} // namespace penstock::sim
