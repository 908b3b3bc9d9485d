// SPDX-License-Identifier: Apache-2.0
#pragma once

// The mean of what was seen lately: the first value as it is, then a tenth of the way to each new
// one.

namespace penstock {

class SmoothedMean {
  public:
    void add(double seen) { value_ += value_ <= 0.0 ? seen : kForget * (seen - value_); }
    double value() const { return value_; } // 0 before the first

  private:
    static constexpr double kForget = 0.1;
    double value_ = 0.0;
};

} // namespace penstock
