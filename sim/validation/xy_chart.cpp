// SPDX-License-Identifier: Apache-2.0
#include "sim/validation/xy_chart.h"

#include "engine/record/measures/round_step.h"
#include "engine/record/report/html_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock::sim {

const char* const kXyChartStyle = R"css(
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:14px}
.pair figure{margin:0}
.pair figure:only-child{max-width:620px}
.checks td:first-child,.checks td:nth-child(4){white-space:normal;min-width:150px}
.dot{fill:var(--c);stroke:var(--card);stroke-width:1}
.key i.round{width:8px;height:8px;border:0;border-radius:4px;background:var(--c)}
.axis{fill:var(--soft);font-size:11px}
@media (max-width:640px){.pair{grid-template-columns:1fr}}
)css";

namespace {

constexpr double kWidth = 520, kHeight = 260;
constexpr double kLeft = 54, kRight = 12, kTop = 8, kBottom = 38;

struct Axis {
    double low = 0.0, high = 1.0;
    bool log = false;
    std::vector<double> ticks;

    double share(double v) const {
        const double s =
            log ? (std::log10(v) - std::log10(low)) / (std::log10(high) - std::log10(low))
                : (v - low) / (high - low);
        return std::clamp(s, -0.02, 1.02);
    }
};

Axis axisFor(double least, double most, bool log) {
    Axis axis;
    axis.log = log;
    if (log) {
        axis.low = least / 1.15;
        axis.high = most * 1.15;
        const bool wide = std::log10(axis.high / axis.low) > 2.5;
        for (int e = static_cast<int>(std::floor(std::log10(axis.low))) - 1;
             std::pow(10.0, e) < axis.high; ++e) {
            for (const double digit : {1.0, 2.0, 5.0}) {
                if (wide && digit > 1.0) break;
                const double v = digit * std::pow(10.0, e);
                if (v >= axis.low && v <= axis.high) axis.ticks.push_back(v);
            }
        }
        return axis;
    }
    axis.low = 0.0;
    const double step = roundUp((most > 0.0 ? most : 1.0) / 5.0, {1.0, 2.0, 2.5, 5.0});
    axis.high = std::ceil(most / step * 1.001) * step;
    if (axis.high <= 0.0) axis.high = step;
    for (double v = 0.0; v <= axis.high + step / 2; v += step)
        axis.ticks.push_back(v);
    return axis;
}

std::string tickText(double v) {
    if (v >= 1e6) return fmt::format("{:g}M", v / 1e6);
    if (v >= 1e4) return fmt::format("{:g}k", v / 1e3);
    return fmt::format("{:g}", v);
}

std::string legend(const XyChart& chart) {
    std::string out = "<span class=\"legend\">";
    for (const XyChart::Series& s : chart.series) {
        if (s.points.empty() || s.label.empty()) continue;
        out += fmt::format("<span class=\"key\"><i class=\"c{}{}\"></i>{}</span>", s.color,
                           s.dots ? " round" : "", html::escape(s.label));
    }
    return out + "</span>";
}

} // namespace

std::string toSvgFigure(const XyChart& chart) {
    const auto shown = [&](const std::pair<double, double>& p) {
        return std::isfinite(p.first) && std::isfinite(p.second) &&
               (!chart.logX || p.first > 0.0) && (!chart.logY || p.second > 0.0);
    };
    constexpr double kInf = std::numeric_limits<double>::infinity();
    double x0 = kInf, x1 = -kInf, y0 = kInf, y1 = -kInf;
    for (const auto& series : chart.series) {
        for (const auto& p : series.points) {
            if (!shown(p)) continue;
            x0 = std::min(x0, p.first);
            x1 = std::max(x1, p.first);
            y0 = std::min(y0, p.second);
            y1 = std::max(y1, p.second);
        }
    }
    if (!(x0 <= x1)) return {};
    const Axis x = axisFor(x0, x1, chart.logX), y = axisFor(y0, y1, chart.logY);
    const auto px = [&](double v) { return kLeft + x.share(v) * (kWidth - kLeft - kRight); };
    const auto py = [&](double v) {
        return kTop + (1.0 - y.share(v)) * (kHeight - kTop - kBottom);
    };
    std::string svg;
    for (const double v : y.ticks) {
        svg +=
            fmt::format("<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text class=\"tick\" x=\"{}\" "
                        "y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                        kLeft, py(v), kWidth - kRight, kLeft - 6, py(v) + 4, tickText(v));
    }
    for (const double v : x.ticks) {
        svg += fmt::format("<path class=\"grid\" d=\"M{0:.1f} {1}V{2}\"/><text class=\"tick\" "
                           "x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>",
                           px(v), kTop, kHeight - kBottom, kHeight - kBottom + 15, tickText(v));
    }
    svg +=
        fmt::format("<text class=\"axis\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    0.5 * (kLeft + kWidth - kRight), kHeight - 5, html::escape(chart.xLabel));
    for (const bool dots : {false, true}) {
        for (const auto& series : chart.series) {
            if (series.dots != dots) continue;
            std::string path;
            for (const auto& p : series.points) {
                if (!shown(p)) continue;
                if (dots) {
                    svg += fmt::format("<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" "
                                       "r=\"3.6\"><title>{:.4g}, {:.4g}</title></circle>",
                                       series.color, px(p.first), py(p.second), p.first, p.second);
                } else {
                    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', px(p.first),
                                        py(p.second));
                }
            }
            if (!path.empty()) {
                svg += fmt::format("<path class=\"line c{}\" d=\"{}\"/>", series.color, path);
            }
        }
    }
    const std::string note =
        chart.note.empty() ? "" : fmt::format("<small>{}</small>", html::escape(chart.note));
    return fmt::format(
        "<figure><figcaption><h3>{}{}{}</h3>{}</figcaption><svg viewBox=\"0 0 {} {}\" "
        "role=\"img\" aria-label=\"{}\">{}</svg></figure>\n",
        html::escape(chart.title), chart.yLabel.empty() ? "" : ", " + html::escape(chart.yLabel),
        note, legend(chart), kWidth, kHeight, html::escape(chart.title), svg);
}

} // namespace penstock::sim
