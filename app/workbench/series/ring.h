// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A ring that remembers how much it has forgotten: elements keep the index they were appended
// with, so that two rings of different resolution can be lined up by index alone.
#include "engine/types/check.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::app {

template <class T>
class Ring {
  public:
    // `capacity` is rounded up to a power of two. Memory is taken as elements arrive.
    explicit Ring(std::size_t capacity) : capacity_(std::bit_ceil(capacity)) {}

    void push(const T& value) {
        if (data_.size() < capacity_) {
            data_.push_back(value);
        } else {
            data_[static_cast<std::size_t>(end_) & (capacity_ - 1)] = value;
        }
        ++end_;
    }

    // Indices in [begin(), end()) may be read; those before begin() have been forgotten.
    std::int64_t begin() const { return end_ - static_cast<std::int64_t>(data_.size()); }
    std::int64_t end() const { return end_; }
    std::size_t size() const { return data_.size(); }
    bool empty() const { return data_.empty(); }

    const T& operator[](std::int64_t index) const {
        return data_[static_cast<std::size_t>(index) & (capacity_ - 1)];
    }
    const T& back() const { return (*this)[end_ - 1]; }

    void clear() {
        data_.clear();
        end_ = 0;
    }
    std::size_t bytes() const { return data_.capacity() * sizeof(T); }

  private:
    std::size_t capacity_;
    std::vector<T> data_;
    std::int64_t end_ = 0;
};

} // namespace penstock::app
