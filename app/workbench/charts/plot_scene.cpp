// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/plot_scene.h"

#include "app/workbench/charts/curve_raster.h"
#include "app/workbench/series/time_ticks.h"
#include "engine/record/measures/round_step.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace penstock::app {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kCurveWidth = 1.25; // with soft ends, reads as one crisp pixel
constexpr int kShadeAlpha = 46, kBandAlpha = 60;
constexpr double kDotSize = 4;
constexpr int kPixelsPerValueTick = 26;
constexpr double kTickHeight = 5;
constexpr qint64 kFillColumnMs = 200;

QColor withAlpha(QColor color, int alpha) {
    color.setAlpha(alpha);
    return color;
}

} // namespace

PlotScene::PlotScene(const TimeAxis& axis, ValueAxisSpec values)
    : axis_(axis), values_(std::move(values)) {}

void PlotScene::setTracks(const MarkTrack* marks, const SpanTrack* spans) {
    marks_ = marks;
    spans_ = spans;
    touch();
}

void PlotScene::refit() {
    low_ = high_ = 0;
    touch();
}

QColor PlotScene::colorOf(const ChartSeries& series) {
    const Theme& theme = currentTheme();
    const QColor full = theme.seriesColor(series.color), ground = theme.plotBackground;
    if (series.overlayOf < 0) return full;
    const auto mix = [](int a, int b) { return (a * 6 + b * 4) / 10; };
    return {mix(full.red(), ground.red()), mix(full.green(), ground.green()),
            mix(full.blue(), ground.blue())};
}

void PlotScene::setGeometry(QSize size, qreal ratio) {
    if (size == size_ && ratio == ratio_) return;
    size_ = size;
    ratio_ = ratio;
    plot_ = QRectF(kLeft, kTop, std::max(1, size.width() - kLeft - kRight),
                   std::max(1, size.height() - kTop - kBottom));
    touch();
}

double PlotScene::reading(const ChartSeries& series, Time t) {
    const auto sample = series.data ? series.data->at(t) : std::nullopt;
    return sample ? sample->value : kNan;
}

PlotScene::Drawn PlotScene::wanted() {
    Drawn d;
    d.scale = TimeScale(axis_, plot_.width(), ratio_);
    d.appended = 0;
    for (const ChartSeries& s : series_) {
        if (!s.visible || !s.data) continue;
        // Samples that came in beyond the right edge change nothing.
        const auto last = s.data->last();
        d.appended += last && last->t >= d.scale.view().to ? -1 : s.data->appended();
    }
    d.frame = frame_.revision();
    d.marks = marks_ ? marks_->revision() : 0;
    d.spans = spans_ ? spans_->revision() : 0;
    return d;
}

bool PlotScene::update() {
    if (size_.isEmpty()) return false; // not laid out yet
    frame_.setTheme(currentTheme());
    frame_.setGeometry(size_, plot_);
    Drawn next = wanted();
    if (next == drawn_) return false;
    Drawn butForSamples = next;
    butForSamples.appended = drawn_.appended;
    if (butForSamples == drawn_ && sinceDrawn_.elapsed() < kFillColumnMs && axis_.following()) {
        return false;
    }
    sinceDrawn_.start();
    scale_ = next.scale;
    decimate();
    fitValues();
    drawCurves();
    next.frame = frame_.revision();
    drawn_ = next;
    return true;
}

void PlotScene::decimate() {
    curves_.resize(series_.size());
    for (std::size_t i = 0; i < series_.size(); ++i) {
        const ChartSeries& s = series_[i];
        curves_[i].columns.clear();
        curves_[i].upper.clear();
        if (!s.visible || !s.data) continue;
        s.data->decimate(scale_.view(), scale_.columns(), curves_[i].columns);
        if (s.upper) s.upper->decimate(scale_.view(), scale_.columns(), curves_[i].upper);
    }
}

void PlotScene::fitValues() {
    double low = kNan, high = kNan, cut = kNan;
    for (std::size_t i = 0; i < curves_.size(); ++i) {
        const Curve& curve = curves_[i];
        double& most = series_[i].scales ? high : cut;
        const auto include = [&](double v) {
            if (std::isnan(v) || (values_.logarithmic && v <= 0)) return;
            if (std::isnan(low) || v < low) low = v;
            if (std::isnan(most) || v > most) most = v;
        };
        for (const auto* columns : {&curve.columns, &curve.upper}) {
            for (const Column& c : *columns) {
                if (c.x > static_cast<float>(scale_.columns())) continue;
                include(c.x < 0 ? c.last : c.min);
                include(c.x < 0 ? c.last : c.max);
            }
        }
    }
    if (!std::isnan(cut)) {
        const double others = std::max(std::isnan(high) ? 0.0 : high, values_.high);
        high = std::max(others, std::min(cut, others > 0 ? 2 * others : cut));
    }
    const int most = std::max(1, static_cast<int>(plot_.height()) / kPixelsPerValueTick);
    double step = 1;
    if (values_.logarithmic) {
        const double floor = values_.low > 0 ? values_.low : 1;
        low = std::isnan(low) ? floor : std::max(low, floor);
        high = std::isnan(high) ? floor * 10 : std::max({high, values_.high, low * 10});
        low = std::pow(10, std::floor(std::log10(std::min(low, high) * (1 + 1e-9))));
        // To the next of 2, 5, 10 in its decade; labels stand at whole decades.
        high = roundUp(high);
        const bool fits = low >= low_ && high <= high_ && low_ > 0;
        if (fits && std::log(high / low) > 0.6 * std::log(high_ / low_)) {
            low = low_;
            high = high_;
        }
        // Qt Charts writes "..." for labels that come too close: leave decades out instead.
        const double decades = std::log10(high / low);
        step = std::pow(10, std::max(1.0, std::ceil(decades / most)));
    } else {
        low = std::isnan(low) ? values_.low : std::min(low, values_.low);
        high = std::isnan(high) ? values_.high : std::max(high, values_.high);
        // Labels stand at round values; the ends need not be round, or a reading of 1.01 would
        // leave half of the chart empty.
        const ValueScale nice = niceScale(low, high, most);
        const double grain = nice.step / 5;
        const double tightLow = std::max(nice.low, std::floor(low / grain - 0.2) * grain);
        const double tightHigh = std::min(nice.high, std::ceil(high / grain + 0.2) * grain);
        low = low == 0 ? 0 : tightLow;
        high = high == values_.high && values_.high == 1 ? 1 : tightHigh;
        // The scale grows at once and shrinks only when less than half of it is in use, so that
        // it does not hop while data stream by.
        const bool fits = low >= low_ && high <= high_ && high_ > low_;
        if (fits && high - low > 0.5 * (high_ - low_)) {
            low = low_;
            high = high_;
        }
        step = niceScale(low, high, most).step;
        while (std::floor(high / step + 1e-9) - std::ceil(low / step - 1e-9) < 1)
            step /= 2; // two labels at least, or there is no scale to read
    }
    low_ = low;
    high_ = high;
    map_ = ValueMap(low, high, values_.logarithmic, plot_.top(), plot_.height());
    frame_.setValueAxis(low, high, step, values_.logarithmic);
}

std::vector<std::size_t> PlotScene::paintOrder() const {
    // Other runs' curves are last in the list and lie under the run's own.
    std::vector<std::size_t> order(series_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(),
                          [&](std::size_t i) { return series_[i].overlayOf >= 0; });
    return order;
}

double PlotScene::endColumn() const {
    const double perPixel = scale_.columns() / scale_.width();
    return std::min<double>(scale_.columns(), scale_.x(axis_.head()) * perPixel);
}

void PlotScene::drawCurves() {
    const Theme& theme = currentTheme();
    // The pixels are copied into the image that is there: a new one a frame costs page faults.
    const QImage& ground = frame_.image(ratio_);
    if (image_.size() != ground.size() || image_.devicePixelRatio() != ratio_) {
        image_ = ground.copy();
    } else {
        std::memcpy(image_.bits(), ground.constBits(),
                    static_cast<std::size_t>(ground.sizeInBytes()));
    }
    const QRect pixels(static_cast<int>(std::lround(plot_.left() * ratio_)),
                       static_cast<int>(std::lround(plot_.top() * ratio_)),
                       static_cast<int>(std::lround(plot_.width() * ratio_)),
                       static_cast<int>(std::lround(plot_.height() * ratio_)));
    CurveRaster raster(image_, pixels, pixels.width() / static_cast<double>(scale_.columns()));
    const ValueMap map = map_.scaled(ratio_);
    const double end = endColumn(), perPixel = scale_.columns() / scale_.width();
    for (double x = scale_.gridAnchor(); x <= scale_.width(); x += scale_.gridInterval()) {
        raster.stroke(x * perPixel, ratio_, pixels.height(), theme.grid);
    }
    if (spans_) {
        spans_->visit({scale_.view().from, std::min(scale_.view().to, axis_.head())},
                      [&](TimeRange part, int reason) {
                          raster.shade(scale_.x(part.from) * perPixel, scale_.x(part.to) * perPixel,
                                       withAlpha(theme.reasonColor(reason), kShadeAlpha));
                      });
    }
    for (const std::size_t i : paintOrder()) {
        const ChartSeries& s = series_[i];
        const std::vector<Column>& columns = curves_[i].columns;
        const QColor color = colorOf(s);
        switch (s.style) {
        case CurveStyle::line:
            raster.line(columns, map, color, kCurveWidth * ratio_, s.dashed);
            break;
        case CurveStyle::step:
            raster.step(columns, map, color, kCurveWidth * ratio_, s.dashed, end);
            break;
        case CurveStyle::band:
            raster.band(columns, curves_[i].upper, map, withAlpha(color, kBandAlpha), end);
            break;
        }
        if (s.dots) raster.dots(columns, map, color, kDotSize * ratio_);
    }
    if (marks_) drawMarks(raster);
}

void PlotScene::drawMarks(CurveRaster& raster) const {
    const Theme& theme = currentTheme();
    const double perPixel = scale_.columns() / scale_.width();
    const int dash = static_cast<int>(std::lround(2 * ratio_));
    int lastDecision = -10;
    marks_->visit(scale_.view(), [&](const Mark& mark) {
        const double x = std::floor(scale_.x(mark.t));
        if (mark.kind == MarkKind::decision) {
            if (!spans_) return; // decisions are the gate's: elsewhere they would be noise
            // At most one tick every other pixel: a thousand decisions are a bar, not a cost.
            if (x - lastDecision < 2) return;
            lastDecision = static_cast<int>(x);
            raster.stroke(x * perPixel, ratio_, kTickHeight * ratio_, theme.decisionMark);
            return;
        }
        const QColor color = mark.kind == MarkKind::fault ? theme.faultMark : theme.moveMark;
        raster.stroke(x * perPixel, ratio_, plot_.height() * ratio_, color, dash);
        raster.stroke((x - 2) * perPixel, 5 * ratio_, kTickHeight * ratio_, color);
    });
}

void PlotScene::renderMarks(QPainter& painter) const {
    const Theme& theme = currentTheme();
    double lastDecision = -10;
    marks_->visit(scale_.view(), [&](const Mark& mark) {
        const double x = xAt(mark.t);
        if (mark.kind == MarkKind::decision) {
            if (!spans_ || x - lastDecision < 2) return;
            lastDecision = x;
            painter.fillRect(QRectF(x, plot_.bottom() - kTickHeight, 1, kTickHeight),
                             theme.decisionMark);
            return;
        }
        const QColor color = mark.kind == MarkKind::fault ? theme.faultMark : theme.moveMark;
        painter.setPen(QPen(color, 1, Qt::DotLine));
        painter.drawLine(QPointF(x, plot_.top()), QPointF(x, plot_.bottom()));
        painter.fillRect(QRectF(x - 2, plot_.bottom() - kTickHeight, 5, kTickHeight), color);
    });
}

void PlotScene::render(QPainter& painter) {
    update();
    const Theme& theme = currentTheme();
    frame_.render(painter);
    painter.save();
    painter.setClipRect(plot_);
    painter.setRenderHint(QPainter::Antialiasing);
    for (double x = scale_.gridAnchor(); x <= scale_.width(); x += scale_.gridInterval()) {
        painter.fillRect(QRectF(plot_.left() + x, plot_.top(), 1, plot_.height()), theme.grid);
    }
    if (spans_) {
        spans_->visit({scale_.view().from, std::min(scale_.view().to, axis_.head())},
                      [&](TimeRange part, int reason) {
                          const double from = xAt(part.from), to = xAt(part.to);
                          painter.fillRect(QRectF(from, plot_.top(), to - from, plot_.height()),
                                           withAlpha(theme.reasonColor(reason), kShadeAlpha));
                      });
    }
    for (const std::size_t i : paintOrder())
        renderCurve(painter, series_[i], curves_[i]);
    if (marks_) renderMarks(painter);
    painter.restore();
}

void PlotScene::renderCurve(QPainter& painter, const ChartSeries& series,
                            const Curve& curve) const {
    const double perColumn = plot_.width() / scale_.columns();
    const auto trace = [&](const std::vector<Column>& columns) {
        QPainterPath path;
        bool down = false;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const Column& c = columns[i];
            const double x = plot_.left() + c.x * perColumn;
            for (const float v : {c.first, c.min, c.max, c.last}) {
                if (std::isnan(v)) continue;
                down ? path.lineTo(x, map_.y(v)) : path.moveTo(x, map_.y(v));
                down = true;
            }
            if (std::isnan(c.last)) down = false;
            if (!down || series.style == CurveStyle::line) continue;
            const bool final = i + 1 == columns.size();
            path.lineTo(plot_.left() + (final ? endColumn() : columns[i + 1].x) * perColumn,
                        map_.y(c.last));
            if (!final && std::isnan(columns[i + 1].first)) down = false;
        }
        return path;
    };
    const QColor color = colorOf(series);
    QPainterPath path = trace(curve.columns);
    if (series.style == CurveStyle::band) {
        path.connectPath(trace(curve.upper).toReversed());
        painter.fillPath(path, withAlpha(color, kBandAlpha));
        return;
    }
    QPen pen(color, kCurveWidth);
    if (series.dashed) pen.setDashPattern({4, 3});
    painter.strokePath(path, pen);
    if (!series.dots || curve.columns.size() * 2 * kDotSize > plot_.width()) return;
    for (const Column& c : curve.columns) {
        if (std::isnan(c.first)) continue;
        painter.fillRect(QRectF(plot_.left() + c.x * perColumn - kDotSize / 2,
                                map_.y(c.first) - kDotSize / 2, kDotSize, kDotSize),
                         color);
    }
}

} // namespace penstock::app
