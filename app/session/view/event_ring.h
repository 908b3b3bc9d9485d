// SPDX-License-Identifier: Apache-2.0
#pragma once

// The newest `capacity` of a stream of values, each under the sequence number it came with. Grows
// in chunks up to its capacity and never moves what it holds, so that pushing is a store and an
// increment.
#include "engine/types/check.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace penstock::app {

template <class T>
class EventRing {
  public:
    // `capacity`: a multiple of kChunk.
    explicit EventRing(std::size_t capacity) : chunks_(capacity / kChunk) {
        PENSTOCK_CHECK(capacity > 0 && capacity % kChunk == 0);
    }

    std::uint64_t push(const T& value) {
        auto& chunk = chunks_[(end_ / kChunk) % chunks_.size()];
        if (chunk == nullptr) chunk = std::make_unique<T[]>(kChunk);
        chunk[end_ % kChunk] = value;
        return end_++;
    }

    // Sequence numbers [first, end) are here.
    std::uint64_t first() const {
        const std::uint64_t capacity = chunks_.size() * kChunk;
        return end_ > capacity ? end_ - capacity : 0;
    }
    std::uint64_t end() const { return end_; }

    const T& at(std::uint64_t sequence) const {
        return chunks_[(sequence / kChunk) % chunks_.size()][sequence % kChunk];
    }
    T& at(std::uint64_t sequence) {
        return chunks_[(sequence / kChunk) % chunks_.size()][sequence % kChunk];
    }

  private:
    static constexpr std::size_t kChunk = 4096;
    std::vector<std::unique_ptr<T[]>> chunks_;
    std::uint64_t end_ = 0;
};

} // namespace penstock::app
