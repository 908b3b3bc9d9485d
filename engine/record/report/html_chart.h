// SPDX-License-Identifier: Apache-2.0
#pragma once

// One chart as inline SVG: lines with a band from min to max, steps, shaded spans, a strip for a
// share. Colours are CSS variables of the page (c0 to c5), so that one drawing serves both themes.
#include "engine/record/measures/chart_data.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace penstock::html {

inline constexpr double kWidth = 1080;
inline constexpr double kLeft = 58;
inline constexpr double kRight = 14;

enum class Unit { number, share, seconds, perSecond };

struct Line {
    const Curve* curve = nullptr;
    std::string label;
    int color = 0;
    bool dashed = false;
    bool step = false; // holds its value until the next
    bool band = true;  // min to max behind the mean
    bool area = false; // filled down to 0
};

struct ChartSpec {
    std::string id;
    std::string title;
    std::string note; // one muted sentence behind the title
    Unit unit = Unit::number;
    double height = 132; // of the plot
    std::vector<Line> lines;
    double cap = 0;        // values far above it are cut off, and the note says so; 0: never
    bool mayBeLog = false; // log when the values span more than 1 : 40
    const std::vector<ChartData::Span>* closed = nullptr; // shaded by reason
    const Curve* budget = nullptr;                        // a strip below, 0 to 1
    const ChartData::Heat* heat = nullptr;                // instead of lines
};

std::string escape(std::string_view text);

// "12 min 30 s" style labels for a tick at `seconds` when ticks are `step` apart.
std::string timeLabel(double seconds, double step);

// The figure: title, legend, SVG. Empty when there is nothing to draw.
std::string figure(const ChartSpec& spec, const ChartData& data);

// What the crosshair needs of it: id, unit, series with names, colours and values.
nlohmann::ordered_json crosshairData(const ChartSpec& spec);

// The charts of a run, in order.
std::vector<ChartSpec> chartSpecs(const ChartData& data);

// Page assets (html_assets.cpp).
std::string style();
extern const char* const kScript;

} // namespace penstock::html
