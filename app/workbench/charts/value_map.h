// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// From values to pixels of a plot and back, linear or logarithmic.
#include <algorithm>
#include <cmath>

namespace penstock::app {

struct ValueMap {
    double low = 0, high = 1;
    bool logarithmic = false;
    double top = 0, height = 1; // of the plot, in pixels

    // NaN stays NaN. On a logarithmic axis what is not positive lies at the bottom.
    double y(double value) const { return top + height * (1 - share(value)); }

    double value(double pixel) const {
        const double s = 1 - (pixel - top) / height;
        if (!logarithmic) return low + s * (high - low);
        return low * std::pow(high / low, s);
    }

  private:
    double share(double value) const {
        if (!logarithmic) return (value - low) / (high - low);
        if (std::isnan(value)) return value;
        return std::log(std::max(value, low) / low) / std::log(high / low);
    }
};

} // namespace penstock::app
