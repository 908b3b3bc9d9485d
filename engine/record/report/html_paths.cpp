// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/html_paths.h"

#include <fmt/core.h>

#include <array>

namespace penstock::html {

namespace {
constexpr int kHeatLevels = 10;
constexpr std::size_t kMaxColumns = 540; // points a line: half the width in pixels

// Calls fn(first, last) for every stretch of bins without a gap.
template <class Fn>
void stretches(const Curve& c, Fn&& fn) {
    std::size_t i = 0;
    while (i < c.size()) {
        while (i < c.size() && !std::isfinite(c.mean[i]))
            ++i;
        const std::size_t first = i;
        while (i < c.size() && std::isfinite(c.mean[i]))
            ++i;
        if (first < i) fn(first, i);
    }
}

// Where bin i is drawn: its middle, but not beyond the end of the run.
double middle(const Curve& c, std::size_t i, const Scale& s) {
    return s.x(std::min((static_cast<double>(i) + 0.5) * c.binSeconds, s.seconds));
}

} // namespace

bool hasValues(const Curve* curve) {
    return curve != nullptr && std::any_of(curve->mean.begin(), curve->mean.end(),
                                           [](float v) { return std::isfinite(v); });
}
// Neighbouring bins merged until at most kMaxColumns are left.
Curve thinned(const Curve& curve) {
    const std::size_t group = (curve.size() + kMaxColumns - 1) / kMaxColumns;
    if (group <= 1) return curve;
    Curve out{curve.name, curve.unit, curve.binSeconds * static_cast<double>(group), {}, {}, {}};
    for (std::size_t i = 0; i < curve.size(); i += group) {
        float low = NAN, high = NAN, sum = 0;
        int known = 0;
        for (std::size_t j = i; j < std::min(curve.size(), i + group); ++j) {
            if (!std::isfinite(curve.mean[j])) continue;
            low = known == 0 ? curve.min[j] : std::min(low, curve.min[j]);
            high = known == 0 ? curve.max[j] : std::max(high, curve.max[j]);
            sum += curve.mean[j];
            ++known;
        }
        out.min.push_back(low);
        out.max.push_back(high);
        out.mean.push_back(known == 0 ? NAN : sum / static_cast<float>(known));
    }
    return out;
}

std::string linePath(const Curve& c, const Scale& s) {
    std::string d;
    stretches(c, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            d += fmt::format("{}{:.1f} {:.1f}", i == first ? "M" : "L", middle(c, i, s),
                             s.y(c.mean[i]));
        }
        if (last - first == 1) d += "h2"; // a lone point still shows
    });
    return d;
}

// A value that holds until the next: level along each bin, then straight to the next.
std::string stepPath(const Curve& c, const Scale& s) {
    std::string d;
    stretches(c, [&](std::size_t first, std::size_t last) {
        d += fmt::format("M{:.1f} {:.1f}", s.x(static_cast<double>(first) * c.binSeconds),
                         s.y(c.mean[first]));
        for (std::size_t i = first; i < last; ++i) {
            const double until = s.x(static_cast<double>(i + 1) * c.binSeconds);
            if (i > first && c.mean[i] != c.mean[i - 1])
                d += fmt::format("V{:.1f}", s.y(c.mean[i]));
            if (i + 1 == last || c.mean[i + 1] != c.mean[i]) d += fmt::format("H{:.1f}", until);
        }
    });
    return d;
}

std::string bandPath(const Curve& c, const Scale& s) {
    std::string d;
    stretches(c, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            d += fmt::format("{}{:.1f} {:.1f}", i == first ? "M" : "L", middle(c, i, s),
                             s.y(c.max[i]));
        }
        for (std::size_t i = last; i-- > first;) {
            d += fmt::format("L{:.1f} {:.1f}", middle(c, i, s), s.y(c.min[i]));
        }
        d += "Z";
    });
    return d;
}

std::string areaPath(const Curve& c, const Scale& s) {
    std::string d;
    const double floor = s.y(s.low);
    stretches(c, [&](std::size_t first, std::size_t last) {
        d += fmt::format("M{:.1f} {:.1f}", middle(c, first, s), floor);
        for (std::size_t i = first; i < last; ++i) {
            d += fmt::format("L{:.1f} {:.1f}", middle(c, i, s), s.y(c.mean[i]));
        }
        d += fmt::format("L{:.1f} {:.1f}Z", middle(c, last - 1, s), floor);
    });
    return d;
}

// Cells of equal shade become one path, runs of them one rectangle: a few thousand at most.
std::string heatCells(const ChartData::Heat& heat, const Scale& s) {
    std::array<std::string, kHeatLevels + 1> paths;
    const double rowHeight = s.height / heat.rows;
    const int group = std::max(1, (heat.columns + 269) / 270);
    const auto level = [&](int row, int column) {
        float sum = 0;
        int known = 0;
        for (int c = column; c < std::min(heat.columns, column + group); ++c) {
            const float v =
                heat.share[static_cast<std::size_t>(row) * static_cast<std::size_t>(heat.columns) +
                           static_cast<std::size_t>(c)];
            if (!std::isfinite(v)) continue;
            sum += v;
            ++known;
        }
        if (known == 0) return -1;
        const float mean = sum / static_cast<float>(known);
        return static_cast<int>(std::lround(std::clamp(mean, 0.0f, 1.0f) * kHeatLevels));
    };
    for (int row = 0; row < heat.rows; ++row) {
        for (int c = 0; c < heat.columns;) {
            const int first = c;
            const int here = level(row, c);
            while (c < heat.columns && level(row, c) == here)
                c += group;
            if (here <= 0) continue;
            const double from = s.x(first * heat.columnSeconds);
            const double to = s.x(c * heat.columnSeconds);
            if (to - from < 0.05) continue;
            paths[static_cast<std::size_t>(here)] +=
                fmt::format("M{:.1f} {:.2f}h{:.1f}v{:.2f}h-{:.1f}Z", from, s.top + row * rowHeight,
                            to - from, rowHeight * 0.94, to - from);
        }
    }
    std::string out =
        fmt::format("<rect class=\"heat-floor\" x=\"{:.0f}\" y=\"{:.1f}\" width=\"{:.0f}\" "
                    "height=\"{:.1f}\"/>",
                    kLeft, s.top, kWidth - kLeft - kRight, s.height);
    for (int i = 1; i <= kHeatLevels; ++i) {
        const auto& path = paths[static_cast<std::size_t>(i)];
        if (path.empty()) continue;
        out += fmt::format("<path class=\"heat\" fill-opacity=\"{:.2f}\" d=\"{}\"/>",
                           0.08 + 0.92 * i / kHeatLevels, path);
    }
    out +=
        fmt::format("<text class=\"tick\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">0</text>",
                    kLeft - 8, s.top + 10);
    if (heat.members > 1) {
        out += fmt::format(
            "<text class=\"tick\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
            kLeft - 8, s.top + s.height - 2, heat.members - 1);
    }
    return out;
}

} // namespace penstock::html
