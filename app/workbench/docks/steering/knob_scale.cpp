// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/knob_scale.h"

#include "engine/record/measures/round_step.h"

#include <algorithm>
#include <cmath>

namespace penstock::app {
namespace {

constexpr double kMostBend = 12;
constexpr double kFineness = 200; // steps of a slider

} // namespace

KnobScale::KnobScale(const ParameterRow& row)
    : min_(row.min), max_(std::max(row.max, row.min)), whole_(row.kind == ParameterKind::integer) {
    const double span = max_ - min_;
    const double share = span > 0 ? (row.fallback - min_) / span : 0.5;
    // A default at the lower end says nothing of the scale; a range of three decades does.
    if (share > 0 && share < 0.5) {
        exponent_ = std::log(share) / std::log(0.5);
    } else if (share <= 0 && span > 1000) {
        exponent_ = 4;
    }
    exponent_ = std::clamp(exponent_, 1.0, kMostBend);
}

double KnobScale::exact(double position) const {
    return min_ + (max_ - min_) * std::pow(position, exponent_);
}

double KnobScale::position(double value) const {
    if (!(max_ > min_)) return 0;
    const double share = std::clamp((value - min_) / (max_ - min_), 0.0, 1.0);
    return std::pow(share, 1 / exponent_);
}

double KnobScale::value(double position) const {
    position = std::clamp(position, 0.0, 1.0);
    if (position == 0) return min_;
    if (position == 1) return max_;
    const double middle = exact(position);
    const double half = 0.5 / kFineness;
    double step = exact(std::min(1.0, position + half)) - exact(std::max(0.0, position - half));
    if (!(step > 0)) return middle;
    step = roundDown(step);
    if (whole_) step = std::max(1.0, step);
    return std::clamp(std::round(middle / step) * step, min_, max_);
}

} // namespace penstock::app
