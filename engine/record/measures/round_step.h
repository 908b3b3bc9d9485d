// SPDX-License-Identifier: Apache-2.0
#pragma once

// Round numbers for axes and knobs: 1, 2 or 5 times a power of ten. Values are positive and finite;
// what is a round number but for rounding counts as one.
#include <cmath>
#include <initializer_list>

namespace penstock {

inline constexpr double kRoundTolerance = 1e-9;

// The least round number that is not less than `value`, of the given digits.
inline double roundUp(double value, std::initializer_list<double> digits = {1.0, 2.0, 5.0}) {
    const double decade = std::pow(10.0, std::floor(std::log10(value) + kRoundTolerance));
    for (const double digit : digits) {
        if (decade * digit >= value * (1.0 - kRoundTolerance)) return decade * digit;
    }
    return 10.0 * decade;
}

// The largest that is not more than `value`.
inline double roundDown(double value) {
    const double decade = std::pow(10.0, std::floor(std::log10(value) + kRoundTolerance));
    for (const double digit : {5.0, 2.0}) {
        if (decade * digit <= value * (1.0 + kRoundTolerance)) return decade * digit;
    }
    return decade;
}

} // namespace penstock
