// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/series/time_scale.h"

#include "app/workbench/series/time_ticks.h"

#include <cmath>

namespace penstock::app {
namespace {

constexpr double kPixelsPerTick = 96;

} // namespace

TimeScale::TimeScale(const TimeAxis& axis, double width, double perPixel)
    : view_(axis.range()), origin_(axis.start()), following_(axis.following()),
      width_(std::max(1.0, width)),
      columns_(std::max(1, static_cast<int>(std::lround(width * perPixel)))) {
    if (following_) {
        const std::int64_t step = std::max<std::int64_t>(1, view_.span().count() / columns_);
        const std::int64_t to = view_.to.time_since_epoch().count();
        const std::int64_t aligned = (to + step - 1) / step * step;
        view_ = {Time{Duration{aligned - step * columns_}}, Time{Duration{aligned}}};
    }
    pixelsPerSecond_ = width_ / toSeconds(view_.span());
    tick_ = tickStep(view_.span(), std::max(1, static_cast<int>(width_ / kPixelsPerTick)));
    interval_ = toSeconds(tick_) * pixelsPerSecond_;
    if (following_) {
        anchor_ = width_ - std::floor(width_ / interval_) * interval_;
        return;
    }
    const auto first = penstock::app::ticks({view_.from, view_.from + tick_}, tick_, origin_);
    anchor_ = first.empty() ? 0 : x(first.front());
}

std::vector<TimeTick> TimeScale::ticks() const {
    std::vector<TimeTick> out;
    if (following_) {
        for (int k = 0; k * interval_ <= width_; ++k) {
            out.push_back({width_ - k * interval_, k == 0 ? "now" : timeLabel(-k * tick_, tick_)});
        }
        return out;
    }
    for (const Time t : penstock::app::ticks(view_, tick_, origin_)) {
        out.push_back({x(t), timeLabel(t - origin_, tick_)});
    }
    return out;
}

std::string TimeScale::label(Time t) const {
    return timeLabel(t - origin_, std::max(Duration{1}, pixel()));
}

} // namespace penstock::app
