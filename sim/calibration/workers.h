// SPDX-License-Identifier: Apache-2.0
#pragma once

// Independent pieces of work on a few threads; results go where each piece puts them, so that the
// outcome does not depend on how many threads there are.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace penstock::sim {

// Calls work(i) once for every i < count, the calling thread taking part.
template <class Work>
void forEachOnThreads(std::size_t count, int threads, const Work& work) {
    const std::size_t wanted = threads > 0
                                   ? static_cast<std::size_t>(threads)
                                   : std::max<std::size_t>(1, std::thread::hardware_concurrency());
    std::atomic<std::size_t> next{0};
    const auto loop = [&] {
        for (std::size_t i = next++; i < count; i = next++)
            work(i);
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(wanted, count); ++i)
        others.emplace_back(loop);
    loop();
}

} // namespace penstock::sim
