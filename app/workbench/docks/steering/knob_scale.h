// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Where a parameter's value lies on its slider. Ranges span from shares to hundreds of thousands of
// workers, so the scale bends: value = min + (max − min) · position^k, with k such that the default
// lies in the middle as far as 1 ≤ k ≤ 12 allows. Both ends are exact.
#include "app/session/view/rows.h"

namespace penstock::app {

class KnobScale {
  public:
    KnobScale() = default;
    explicit KnobScale(const ParameterRow& row);

    // In [0, 1].
    double position(double value) const;
    // Rounded to what a person would type: about one two-hundredth of the value's neighbourhood,
    // and to whole numbers for integers.
    double value(double position) const;
    double exponent() const { return exponent_; }

  private:
    double exact(double position) const;

    double min_ = 0, max_ = 1, exponent_ = 1;
    bool whole_ = false;
};

} // namespace penstock::app
