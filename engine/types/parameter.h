// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a part shows its knobs: each visit names one number that may be turned while a run goes on,
// with its unit, range, default and help, and hands out the number itself. One listing serves the
// documents' range checks, --set, --help, the README's tables and the workbench's sliders.
#include "engine/types/time.h"

#include <cstdint>
#include <string_view>

namespace penstock {

struct ParameterSpec {
    std::string_view name; // as in the documents: threshold, poll_interval_ms
    std::string_view unit; // "", "s", "ms", "requests"
    double min = 0.0;
    double max = 1.0;
    double defaultValue = 0.0;
    std::string_view help; // one sentence
    bool aboveMin = false; // greater than min, not equal to it
    bool belowMax = false; // less than max, not equal to it
};

// Whether `value` lies in the range of `p`: a ParameterSpec, or what was copied from one.
template <class P>
bool inRange(const P& p, double value) {
    return (p.aboveMin ? value > p.min : value >= p.min) &&
           (p.belowMax ? value < p.max : value <= p.max);
}

class ParameterVisitor {
  public:
    virtual void number(const ParameterSpec& spec, double& value) = 0;
    virtual void integer(const ParameterSpec& spec, std::int32_t& value) = 0;
    // In the unit of the spec ("s" or "ms").
    virtual void duration(const ParameterSpec& spec, Duration& value) = 0;

  protected:
    ~ParameterVisitor() = default;
};

} // namespace penstock
