// SPDX-License-Identifier: Apache-2.0
#pragma once

// When the starts of an open-loop process happen. One mechanism serves all processes with a rate:
// gaps of mean 1 in operational time, mapped to real time through the integral of
// (phase rate x modulations). For Poisson that is the exact inhomogeneous process; for renewal
// processes it is the usual time change (Gerhardt and Nelson, 2009), which keeps the burstiness at
// every rate.
#include "sim/traffic/spec/arrival.h"
#include "sim/traffic/spec/curve.h"
#include "sim/traffic/spec/draw.h"
#include "sim/traffic/spec/sampler.h"
#include "sim/traffic/spec/spec.h"

#include <cstdint>
#include <memory>

namespace penstock::sim {

// Non-decreasing times since the scenario's start, in ns.
class StartTimes {
  public:
    virtual ~StartTimes() = default;
    // Writes the next start; false if there is none ever again.
    virtual bool next(std::int64_t& ns) = 0;
};

// A gap with mean 1.
class GapLaw {
  public:
    static GapLaw poisson() { return {Kind::exponential, 1, 1}; }
    static GapLaw gamma(double cv);
    static GapLaw weibull(double shape);
    static GapLaw constant() { return {Kind::constant, 1, 1}; }

    double draw(RandomSequence& random) const {
        switch (kind_) {
        case Kind::exponential:
            return random.exponential();
        case Kind::gamma:
            return random.gamma(shape_) * scale_;
        case Kind::weibull:
            return std::pow(random.exponential(), shape_) * scale_;
        case Kind::constant:
            break;
        }
        return 1;
    }

  private:
    enum class Kind : std::uint8_t { exponential, gamma, weibull, constant };
    GapLaw(Kind kind, double shape, double scale) : kind_(kind), shape_(shape), scale_(scale) {}

    Kind kind_;
    double shape_; // Weibull: 1 / shape
    double scale_;
};

// For every process but closed_loop and trace. The spec is valid.
std::unique_ptr<StartTimes> makeStartTimes(const TrafficSpec& spec, const DrawKey& key);

// Poisson starts at a constant rate times the modulations of `spec`, from its start on.
std::unique_ptr<StartTimes> makePoissonTimes(const TrafficSpec& spec, double perSecond,
                                             const DrawKey& key);

} // namespace penstock::sim
