// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The figures that made-up runs are made of: the same every time, in need of nothing.
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace penstock::app {

// A number in [0, 1) that depends on nothing but i.
inline double noise(std::int64_t i) {
    auto x = static_cast<std::uint64_t>(i) + 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

// How long a burst and a pause have lasted together at `s` seconds, of two minutes.
inline double phaseAt(double s) {
    return std::fmod(std::max(0.0, s), 120);
}
inline bool burstAt(double s) {
    return phaseAt(s) < 45;
}
// A pool's load, without noise: bursts of 45 s every two minutes.
inline double smoothLoadAt(double s) {
    const double phase = phaseAt(s);
    return burstAt(s) ? 0.55 + 0.4 * std::min(1.0, phase / 12)
                      : 0.3 + 0.25 * std::exp(-(phase - 45) / 10);
}
inline double loadAt(double s, std::int64_t i) {
    return smoothLoadAt(s) + (burstAt(s) ? 0.06 : 0.05) * noise(i);
}

} // namespace penstock::app
