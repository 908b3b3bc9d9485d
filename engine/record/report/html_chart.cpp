// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/html_chart.h"

#include "engine/record/measures/round_step.h"
#include "engine/record/report/html_paths.h"
#include "engine/record/report/text_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

namespace penstock::html {

namespace {
constexpr double kAxis = 18;        // below the plot, for time labels
constexpr double kStripHeight = 30; // of a budget
constexpr double kStripGap = 14;

double timeStep(double seconds) {
    static constexpr std::array kSteps = {0.001, 0.01,  0.1,    0.5,    1.0,    2.0,   5.0,   10.0,
                                          15.0,  30.0,  60.0,   120.0,  300.0,  600.0, 900.0, 1800.,
                                          3600., 7200., 10800., 21600., 43200., 86400.};
    for (double step : kSteps) {
        if (seconds / step <= 12) return step;
    }
    return 86400.0 * std::ceil(seconds / 86400.0 / 12);
}

std::string valueLabel(double v, Unit unit) {
    if (unit == Unit::share) return fmt::format("{:.4g} %", v * 100);
    if (unit == Unit::seconds) {
        if (v == 0) return "0";
        if (v < 0.9995) return fmt::format("{:.3g} ms", v * 1000);
        return v < 120 ? fmt::format("{:.3g} s", v) : fmt::format("{:.3g} min", v / 60);
    }
    const double a = std::abs(v);
    if (a >= 1e9) return fmt::format("{:.3g} G", v / 1e9);
    if (a >= 1e6) return fmt::format("{:.3g} M", v / 1e6);
    if (a >= 1e4) return fmt::format("{:.3g} k", v / 1e3);
    return fmt::format("{:.4g}", v);
}

bool allZero(const Curve& curve) {
    return std::all_of(curve.max.begin(), curve.max.end(),
                       [](float v) { return !std::isfinite(v) || v == 0.0f; });
}

std::string draw(const Line& line, const Scale& s) {
    const Curve c = thinned(*line.curve);
    std::string out;
    if (line.area) {
        out += fmt::format("<path class=\"area c{}\" d=\"{}\"/>", line.color, areaPath(c, s));
    } else if (line.band) {
        out += fmt::format("<path class=\"band c{}\" d=\"{}\"/>", line.color, bandPath(c, s));
    }
    out += fmt::format("<path class=\"line c{}{}\" d=\"{}\"/>", line.color,
                       line.dashed ? " dashed" : "", line.step ? stepPath(c, s) : linePath(c, s));
    return out;
}

void range(const ChartSpec& spec, Scale& s) {
    double high = 0;
    double least = std::numeric_limits<double>::infinity();
    for (const Line& line : spec.lines) {
        if (!hasValues(line.curve)) continue;
        for (std::size_t i = 0; i < line.curve->size(); ++i) {
            const double top = line.band ? line.curve->max[i] : line.curve->mean[i];
            if (!std::isfinite(top)) continue;
            high = std::max(high, top);
            if (line.curve->mean[i] > 0) least = std::min<double>(least, line.curve->mean[i]);
        }
    }
    if (high <= 0) high = 1;
    if (spec.cap > 0 && high > 1.5 * spec.cap) {
        s.cutOff = high;
        high = spec.cap;
    }
    s.log = spec.mayBeLog && high / least > 40;
    if (s.log) {
        s.low = std::pow(10.0, std::floor(std::log10(least)));
        s.high = std::pow(10.0, std::ceil(std::log10(high)));
    } else {
        s.step = roundUp(high * 1.05 / (spec.height < 110 ? 3 : 4));
        s.high = s.step * std::ceil(high * 1.02 / s.step);
        if (spec.unit == Unit::share && high <= 1 && s.high > 1) s.high = 1;
    }
}

std::string yGrid(const ChartSpec& spec, const Scale& s) {
    std::string out;
    const auto tick = [&](double v) {
        const double y = s.y(v);
        out += fmt::format("<path class=\"grid\" d=\"M{:.0f} {:.1f}H{:.0f}\"/>", kLeft, y,
                           kWidth - kRight);
        out += fmt::format(
            "<text class=\"tick\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
            kLeft - 8, y + 3.5, valueLabel(v, spec.unit));
    };
    if (s.log) {
        for (double v = s.low; v <= s.high * 1.001; v *= 10)
            tick(v);
        return out;
    }
    for (double v = 0; v <= s.high * 1.001; v += s.step)
        tick(v);
    return out;
}

std::string timeGrid(const Scale& s, double bottom) {
    std::string out;
    const double step = timeStep(s.seconds);
    for (double t = 0; t <= s.seconds * 1.0001; t += step) {
        const double x = s.x(t);
        out += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.0f}V{:.0f}\"/>", x, kTop, bottom);
        out += fmt::format(
            "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"{}\">{}</text>", x,
            bottom + 14,
            t == 0            ? "start"
            : x > kWidth - 40 ? "end"
                              : "middle",
            timeLabel(t, step));
    }
    return out;
}

// Which of the page's shades a reason has.
int shadeOf(std::string_view reason) {
    if (reason.find("threshold") != std::string_view::npos) return 0;
    if (reason.find("fallback") != std::string_view::npos ||
        reason.find("error") != std::string_view::npos) {
        return 2;
    }
    return 1;
}

std::string shades(const std::vector<ChartData::Span>& spans, const Scale& s, double bottom) {
    std::array<std::string, 3> paths;
    for (const auto& span : spans) {
        const double from = s.x(span.from);
        const double width = std::max(0.6, s.x(span.to) - from);
        paths[static_cast<std::size_t>(shadeOf(span.reason))] +=
            fmt::format("M{:.1f} {:.0f}h{:.1f}V{:.0f}h-{:.1f}Z", from, kTop, width, bottom, width);
    }
    std::string out;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (!paths[i].empty())
            out += fmt::format("<path class=\"shade s{}\" d=\"{}\"/>", i, paths[i]);
    }
    return out;
}

std::string legend(const ChartSpec& spec) {
    std::string out = "<span class=\"legend\">";
    std::string silent;
    for (std::size_t i = 0; i < spec.lines.size(); ++i) {
        const Line& line = spec.lines[i];
        if (!hasValues(line.curve)) continue;
        if (allZero(*line.curve) && spec.lines.size() > 2) {
            silent += (silent.empty() ? "" : ", ") + line.label;
            continue;
        }
        out +=
            fmt::format("<span class=\"key\"><i class=\"c{}{}\"></i>{}<b data-s=\"{}\"></b></span>",
                        line.color, line.dashed ? " dashed" : "", escape(line.label), i);
    }
    if (spec.budget != nullptr) {
        out += fmt::format(
            "<span class=\"key\"><i class=\"c2\"></i>budget<b data-s=\"{}\"></b></span>",
            spec.lines.size());
    }
    if (spec.closed != nullptr) {
        std::map<std::string, int> reasons;
        for (const auto& span : *spec.closed)
            reasons.emplace(span.reason, shadeOf(span.reason));
        for (const auto& [reason, shade] : reasons) {
            out += fmt::format("<span class=\"key\"><i class=\"block s{}\"></i>{}</span>", shade,
                               escape(reason));
        }
    }
    if (!silent.empty()) {
        out += fmt::format("<span class=\"key muted\">no {}</span>", escape(silent));
    }
    return out + "</span>";
}

std::string overlays(const ChartData& data, const Scale& s, double bottom) {
    std::string out;
    if (data.warmupSeconds > 0) {
        out += fmt::format("<path class=\"warmup\" d=\"M{:.0f} {:.0f}H{:.1f}V{:.0f}H{:.0f}Z\">"
                           "<title>warm-up: not in the percentiles</title></path>",
                           kLeft, kTop, s.x(data.warmupSeconds), bottom, kLeft);
    }
    for (const auto& mark : data.marks) {
        out +=
            fmt::format("<path class=\"mark\" d=\"M{0:.1f} {1:.0f}V{2:.0f}\"/><path class=\"flag\" "
                        "d=\"M{0:.1f} {1:.0f}h-4l4 6l4 -6Z\"><title>{3}</title></path>",
                        s.x(mark.at), kTop, bottom, escape(mark.text));
    }
    return out;
}
} // namespace

std::string escape(std::string_view text) {
    std::string out;
    for (char c : text::printable(text)) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string timeLabel(double seconds, double step) {
    if (step < 1) return fmt::format("{:.4g} s", seconds);
    const auto s = static_cast<std::int64_t>(std::llround(seconds));
    if (step >= 86'400) return fmt::format("{} d", s / 86'400);
    if (s < 3600 && step < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
    if (step < 60) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    return fmt::format("{}:{:02} h", s / 3600, s / 60 % 60);
}

std::string figure(const ChartSpec& spec, const ChartData& data) {
    const bool hasHeat = spec.heat != nullptr && spec.heat->rows > 0 && !spec.heat->share.empty();
    const bool hasLines = std::any_of(spec.lines.begin(), spec.lines.end(),
                                      [](const Line& l) { return hasValues(l.curve); });
    if (!hasHeat && !hasLines && !hasValues(spec.budget)) return {};
    Scale s;
    s.seconds = std::max(data.seconds, 1e-9);
    s.height = hasLines || hasHeat ? spec.height : 0;
    double bottom = s.top + s.height;
    std::string body;
    if (hasLines) {
        range(spec, s);
        body += yGrid(spec, s);
    }
    Scale strip = s;
    if (spec.budget != nullptr) {
        strip.top = bottom + (s.height > 0 ? kStripGap : 0);
        strip.height = kStripHeight;
        strip.low = 0;
        strip.high = 1;
        strip.log = false;
        bottom = strip.top + strip.height;
    }
    std::string svg = timeGrid(s, bottom);
    if (spec.closed != nullptr) svg += shades(*spec.closed, s, bottom);
    svg += body;
    if (hasHeat) svg += heatCells(*spec.heat, s);
    for (const Line& line : spec.lines) {
        if (hasValues(line.curve)) svg += draw(line, s);
    }
    if (spec.budget != nullptr) {
        svg += fmt::format("<path class=\"grid\" d=\"M{:.0f} {:.1f}H{:.0f}\"/>", kLeft, strip.top,
                           kWidth - kRight);
        svg += fmt::format(
            "<text class=\"tick\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">1</text>"
            "<text class=\"tick\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">0</text>",
            kLeft - 8, strip.top + 7, kLeft - 8, strip.top + strip.height);
        svg += draw({.curve = spec.budget, .label = "", .color = 2, .step = true, .area = true},
                    strip);
    }
    svg += overlays(data, s, bottom);
    svg += fmt::format("<path class=\"cross\" d=\"M0 {:.0f}V{:.0f}\"/>", kTop, bottom);
    std::string note = spec.note;
    if (s.cutOff > 0) {
        note += fmt::format("{}Peaks up to {} are cut off.", note.empty() ? "" : " ",
                            valueLabel(s.cutOff, spec.unit));
    }
    std::string title = escape(spec.title);
    if (s.log) title += " <small>log scale</small>";
    return fmt::format(
        "<figure id=\"{}\"><figcaption><h3>{}</h3>{}</figcaption>"
        "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">{}</svg>{}</figure>\n",
        spec.id, title, legend(spec), kWidth, bottom + kAxis, escape(spec.title), svg,
        note.empty() ? "" : fmt::format("<p class=\"note\">{}</p>", escape(note)));
}

nlohmann::ordered_json crosshairData(const ChartSpec& spec) {
    using nlohmann::ordered_json;
    static constexpr const char* kUnits[] = {"", "share", "seconds", "rate"};
    const auto values = [](const Curve& given) {
        const Curve c = thinned(given);
        ordered_json list = ordered_json::array();
        for (float v : c.mean) {
            if (std::isfinite(v)) {
                list.push_back(std::stod(fmt::format("{:.4g}", v)));
            } else {
                list.push_back(nullptr);
            }
        }
        return ordered_json{{"bin", c.binSeconds}, {"v", std::move(list)}};
    };
    ordered_json series = ordered_json::array();
    for (const Line& line : spec.lines) {
        series.push_back(hasValues(line.curve) ? values(*line.curve) : ordered_json(nullptr));
    }
    if (spec.budget != nullptr) series.push_back(values(*spec.budget));
    return {{"id", spec.id},
            {"budget", spec.budget != nullptr ? static_cast<int>(spec.lines.size()) : -1},
            {"unit", kUnits[static_cast<int>(spec.unit)]},
            {"series", std::move(series)}};
}

} // namespace penstock::html
