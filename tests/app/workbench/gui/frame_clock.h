// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What a frame costs: the time of this thread, not of the wall, so that other work of the machine
// does not count.
#include <algorithm>
#include <ctime>
#include <vector>

namespace penstock::app {

inline double cpuMilliseconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

struct Percentiles {
    double p50, p99, max;
};

inline Percentiles percentiles(std::vector<double> ms) {
    std::sort(ms.begin(), ms.end());
    return {ms[ms.size() / 2], ms[ms.size() * 99 / 100], ms.back()};
}

} // namespace penstock::app
