// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// From values to pixels of a plot and back, linear or logarithmic.
#include <algorithm>
#include <cmath>

namespace penstock::app {

class ValueMap {
  public:
    ValueMap() = default;
    // The plot lies between `top` and `top + height` pixels. high > low; low > 0 if logarithmic.
    ValueMap(double low, double high, bool logarithmic, double top, double height)
        : low_(low), logarithmic_(logarithmic), bottom_(top + height), height_(height),
          span_(logarithmic ? std::log(high / low) : high - low) {}

    // NaN stays NaN. On a logarithmic axis what is not positive lies at the bottom.
    double y(double value) const { return bottom_ - height_ * share(value); }

    double value(double pixel) const {
        const double s = (bottom_ - pixel) / height_ * span_;
        return logarithmic_ ? low_ * std::exp(s) : low_ + s;
    }

    // The same for a plot drawn `ratio` times as large.
    ValueMap scaled(double ratio) const {
        ValueMap m = *this;
        m.bottom_ *= ratio;
        m.height_ *= ratio;
        return m;
    }

  private:
    double share(double value) const {
        if (!logarithmic_) return (value - low_) / span_;
        if (std::isnan(value)) return value;
        return std::log(std::max(value, low_) / low_) / span_;
    }

    double low_ = 0;
    bool logarithmic_ = false;
    double bottom_ = 1, height_ = 1, span_ = 1;
};

} // namespace penstock::app
