// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a replica keeps its arrays. HeapStore grows on the host and so allocates only while a run
// reaches new heights; FixedStore is a plain block of memory for device worlds, with a hard limit.
// Both give Array<T> with data access by index and reserve(n): false means the limit is reached.
#include "engine/types/check.h"
#include "engine/types/hd.h"

#include <cstdint>
#include <vector>

namespace penstock::sim {

struct HeapStore {
    template <class T>
    class Array {
      public:
        T& operator[](std::int32_t i) { return items_[static_cast<std::size_t>(i)]; }
        const T& operator[](std::int32_t i) const { return items_[static_cast<std::size_t>(i)]; }
        std::int32_t capacity() const { return static_cast<std::int32_t>(items_.size()); }
        // Makes indices 0..n-1 valid; doubles, so that growth is rare. References are invalidated.
        bool reserve(std::int32_t n) {
            if (n > capacity()) items_.resize(static_cast<std::size_t>(n > 8 ? n + n / 2 : 16));
            return true;
        }

      private:
        std::vector<T> items_;
    };
};

template <std::int32_t kLimit>
struct FixedStore {
    template <class T>
    class Array {
      public:
        PENSTOCK_HD T& operator[](std::int32_t i) { return items_[i]; }
        PENSTOCK_HD const T& operator[](std::int32_t i) const { return items_[i]; }
        PENSTOCK_HD std::int32_t capacity() const { return kLimit; }
        PENSTOCK_HD bool reserve(std::int32_t n) { return n <= kLimit; }

      private:
        T items_[kLimit] = {};
    };
};

} // namespace penstock::sim
