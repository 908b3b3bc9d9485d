// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run's fingerprint: 64 bits folded over every event in order. Two runs with the same fingerprint
// took the same decisions at the same times for the same reasons; it is the cheapest regression net
// a simulator can have. Each word of an event is mixed by a 64 x 64 -> 128 bit multiplication whose
// halves are folded together (the construction of wyhash, public domain, Wang Yi), four in
// parallel, then chained, so that a change of any field or of the order changes it.
#include "engine/types/event.h"

#include <fmt/core.h>

#include <bit>
#include <cstdint>
#include <string>

namespace penstock {

class Fingerprint {
  public:
    void add(const Event& e) {
        const auto bits = [](double v) { return std::bit_cast<std::uint64_t>(v); };
        const auto word = [](auto v) { return static_cast<std::uint64_t>(v); };
        const std::uint64_t small = word(e.kind) | word(e.code) << 8 | word(e.detail) << 16 |
                                    word(e.available) << 24 | word(e.queue) << 32 |
                                    word(e.pool) << 48;
        const std::uint64_t counts = word(e.attempt) | word(static_cast<std::uint32_t>(e.status))
                                                           << 32;
        const std::uint64_t h = fold(word(e.at.time_since_epoch().count()) ^ kKeys[0],
                                     e.request ^ std::rotl(word(e.subject), 32) ^ kKeys[1]) ^
                                fold(bits(e.value) ^ kKeys[2], bits(e.threshold) ^ kKeys[3]) ^
                                fold(bits(e.budget) ^ kKeys[4], word(e.age.count()) ^ kKeys[5]) ^
                                fold(small ^ kKeys[6], counts ^ kKeys[7]);
        state_ = fold(state_ ^ h, kKeys[0]) + h;
        ++events_;
    }

    std::uint64_t value() const { return fold(state_ ^ kKeys[3], events_ ^ kKeys[5]); }
    std::uint64_t events() const { return events_; }
    std::string text() const { return fmt::format("{:016x}", value()); }

  private:
    __extension__ typedef unsigned __int128 Wide;

    static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }

    // Odd numbers with balanced bits: the fractional parts of the square roots of 2 to 19.
    static constexpr std::uint64_t kKeys[8] = {
        0x6a09e667f3bcc909, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
        0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
    std::uint64_t state_ = kKeys[2];
    std::uint64_t events_ = 0;
};

} // namespace penstock
