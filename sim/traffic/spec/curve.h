// SPDX-License-Identifier: Apache-2.0
#pragma once

// Modulations as exact mathematics: each is piecewise linear in time, so their product is a
// polynomial between any two knots, with a closed integral. Arrivals by time change need nothing
// else, and no rate is ever sampled.
#include "sim/traffic/spec/spec.h"

#include <array>
#include <cstdint>
#include <vector>

namespace penstock::sim {

// A rate per second over [beginNs, endNs): a polynomial in x = seconds since beginNs.
struct RatePiece {
    std::int64_t beginNs = 0;
    std::int64_t endNs = 0; // kNoTime: for ever
    std::array<double, kMaxModulations + 1> coefficients{};
    int degree = 0;

    double seconds() const; // infinity where endNs is kNoTime
    double at(double x) const;
    double integral(double x) const; // from 0 to x
    // The x >= from with integral(x) - integral(from) == amount, or infinity if it lies at or
    // beyond `to`. Only rates >= 0.
    double solve(double from, double to, double amount) const;
};

// The product of all modulations of a source as a function of scenario time.
class RateCurve {
  public:
    explicit RateCurve(const std::vector<Modulation>& modulations = {});

    bool flat() const { return parts_.empty(); }
    // Multiplies `piece` (whose beginNs and endNs are set) by the curve from its beginning on, and
    // shortens it to where that formula holds.
    void apply(RatePiece& piece) const;
    double at(std::int64_t ns) const;

  private:
    struct Knot {
        std::int64_t ns;
        double value;
    };
    struct Part {
        std::vector<Knot> knots;   // ascending; two at one time are a jump
        std::int64_t periodNs = 0; // 0: constant before the first knot and after the last
        std::int64_t phaseNs = 0;
    };
    struct Line {
        double value;
        double slope; // a second
        std::int64_t endNs;
    };
    static Line lineAt(const Part& part, std::int64_t ns);
    static Part build(const Modulation& modulation);

    std::vector<Part> parts_;
};

} // namespace penstock::sim
