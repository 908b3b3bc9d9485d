// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values that come and go, at addresses that stay: the requests in hand, the records of a queue,
// the timers of an interactive client. They live in chunks that are never moved and never freed
// before the slab; an index names one and is free to be stored, sent and compared. After the first
// use of the most that were ever in use at once, taking and giving allocates nothing.
#include "engine/types/check.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace penstock {

// T is default-constructed when its chunk is, and neither destroyed nor reset between two uses: a
// value taken holds what its last user left in it. Indices below capacity() are valid, whether
// taken or free. The last one given is the next one taken, and new ones come in ascending order, so
// that a run's indices follow from its takes and gives alone. Not thread-safe.
template <typename T, std::uint32_t kChunk = 64>
class Slab {
  public:
    static_assert(std::has_single_bit(kChunk));
    static constexpr std::uint32_t kNone = 0xffffffff; // never an index

    // O(1); allocates a chunk if none is free.
    std::uint32_t take() {
        if (freeHead_ == kNone) grow();
        const std::uint32_t index = freeHead_;
        freeHead_ = next_[index];
        next_[index] = kTaken;
        ++used_;
        return index;
    }

    // O(1). Ends the process if the value is free already.
    void give(std::uint32_t index) {
        PENSTOCK_CHECK(taken(index));
        next_[index] = freeHead_;
        freeHead_ = index;
        --used_;
    }

    T& operator[](std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }
    const T& operator[](std::uint32_t index) const {
        return chunks_[index / kChunk][index % kChunk];
    }

    // False for every index that this slab has not given out, also beyond its capacity.
    bool taken(std::uint32_t index) const { return index < next_.size() && next_[index] == kTaken; }

    std::uint32_t used() const { return used_; }
    std::uint32_t capacity() const { return static_cast<std::uint32_t>(next_.size()); }

  private:
    static constexpr std::uint32_t kTaken = 0xfffffffe;

    void grow() {
        const std::uint32_t first = capacity();
        PENSTOCK_CHECK(first < kTaken - kChunk);
        chunks_.push_back(std::make_unique<T[]>(kChunk));
        next_.resize(std::size_t{first} + kChunk);
        for (std::uint32_t i = kChunk; i > 0; --i) {
            next_[first + i - 1] = freeHead_;
            freeHead_ = first + i - 1;
        }
    }

    std::vector<std::unique_ptr<T[]>> chunks_;
    std::vector<std::uint32_t> next_; // of a free one: the next free one, or kNone; else kTaken
    std::uint32_t freeHead_ = kNone;
    std::uint32_t used_ = 0;
};

} // namespace penstock
