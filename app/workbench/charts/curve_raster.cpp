// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/curve_raster.h"

#include "engine/types/check.h"

#include <cmath>

namespace penstock::app {
namespace {

constexpr float kNothing = 1e30f;
constexpr int kDash = 5, kGap = 3; // device pixels; doubled by the caller's width at 2x

inline void blend(QRgb& target, QRgb color, int alpha) {
    const int inverse = 255 - alpha;
    const auto mix = [&](int shift) {
        const int a = static_cast<int>((color >> shift) & 255);
        const int b = static_cast<int>((target >> shift) & 255);
        return static_cast<QRgb>((a * alpha + b * inverse + 127) / 255) << shift;
    };
    target = 0xff000000u | mix(16) | mix(8) | mix(0);
}

} // namespace

CurveRaster::CurveRaster(QImage& image, QRect plot, double perColumn)
    : bits_(reinterpret_cast<QRgb*>(image.bits())),
      stride_(image.bytesPerLine() / static_cast<qsizetype>(sizeof(QRgb))),
      plot_(plot.intersected(image.rect())), perColumn_(perColumn) {
    PENSTOCK_CHECK(image.format() == QImage::Format_RGB32);
    extents_.resize(static_cast<std::size_t>(std::max(0, plot_.width())));
}

void CurveRaster::clearExtents() {
    std::fill(extents_.begin(), extents_.end(), Extent{kNothing, -kNothing});
}

void CurveRaster::extend(int x, double a, double b) {
    if (x < 0 || x >= static_cast<int>(extents_.size())) return;
    Extent& e = extents_[static_cast<std::size_t>(x)];
    e.low = std::min(e.low, static_cast<float>(std::min(a, b)));
    e.high = std::max(e.high, static_cast<float>(std::max(a, b)));
}

void CurveRaster::segment(double xa, double ya, double xb, double yb) {
    const double width = static_cast<double>(extents_.size());
    if (std::isnan(ya) || std::isnan(yb) || xb < 0 || xa >= width) return;
    const double slope = xb > xa ? (yb - ya) / (xb - xa) : 0;
    if (xa < 0) {
        ya -= xa * slope;
        xa = 0;
    }
    if (xb > width) {
        yb -= (xb - width) * slope;
        xb = width;
    }
    const int first = static_cast<int>(xa), last = static_cast<int>(xb);
    if (first >= last) {
        extend(first, ya, yb);
        return;
    }
    double y = ya;
    for (int x = first; x <= last; ++x) {
        const double next = x == last ? yb : ya + (x + 1 - xa) * slope;
        extend(x, y, next);
        y = next;
    }
}

void CurveRaster::line(const std::vector<Column>& columns, const ValueMap& map, QColor color,
                       double width, bool dashed) {
    clearExtents();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Column& c = columns[i];
        const double x = c.x * perColumn_;
        if (!std::isnan(c.min)) extend(static_cast<int>(std::floor(x)), map.y(c.min), map.y(c.max));
        if (i + 1 == columns.size()) break;
        const Column& next = columns[i + 1];
        segment(x, map.y(c.last), next.x * perColumn_, map.y(next.first));
    }
    paintExtents(color, width, dashed);
}

void CurveRaster::traceStep(const std::vector<Column>& columns, const ValueMap& map, double endX) {
    clearExtents();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Column& c = columns[i];
        const double x = c.x * perColumn_;
        const int pixel = static_cast<int>(std::floor(x));
        if (!std::isnan(c.min)) extend(pixel, map.y(c.min), map.y(c.max));
        if (std::isnan(c.last)) continue;
        const double held = map.y(c.last);
        const bool final = i + 1 == columns.size();
        const double until = (final ? endX : columns[i + 1].x) * perColumn_;
        segment(x, held, until, held);
        if (!final && !std::isnan(columns[i + 1].first)) {
            extend(static_cast<int>(std::floor(until)), held, map.y(columns[i + 1].first));
        }
    }
}

void CurveRaster::step(const std::vector<Column>& columns, const ValueMap& map, QColor color,
                       double width, bool dashed, double endX) {
    traceStep(columns, map, endX);
    paintExtents(color, width, dashed);
}

void CurveRaster::band(const std::vector<Column>& lower, const std::vector<Column>& upper,
                       const ValueMap& map, QColor color, double endX) {
    traceStep(lower, map, endX);
    const std::vector<Extent> bottom = extents_;
    traceStep(upper, map, endX);
    for (std::size_t x = 0; x < extents_.size(); ++x) {
        if (extents_[x].low > extents_[x].high || bottom[x].low > bottom[x].high) continue;
        fillColumn(static_cast<int>(x), std::min(extents_[x].low, bottom[x].low),
                   std::max(extents_[x].high, bottom[x].high), color.rgb(), color.alpha());
    }
}

void CurveRaster::paintExtents(QColor color, double width, bool dashed) {
    const QRgb rgb = color.rgb();
    const double half = width / 2;
    const int scale = std::max(1, static_cast<int>(std::lround(width)));
    for (std::size_t x = 0; x < extents_.size(); ++x) {
        const Extent& e = extents_[x];
        if (e.low > e.high) continue;
        // A jump is drawn whole: a dash must not hide it.
        const bool gap = static_cast<int>(x) / scale % (kDash + kGap) >= kDash;
        if (dashed && gap && e.high - e.low < 3) continue;
        fillColumn(static_cast<int>(x), e.low - half, e.high + half, rgb, color.alpha());
    }
}

void CurveRaster::fillColumn(int x, double from, double to, QRgb color, int alpha) {
    from = std::max(from, static_cast<double>(plot_.top()));
    to = std::min(to, static_cast<double>(plot_.bottom() + 1));
    if (!(to > from)) return;
    const int first = static_cast<int>(from), last = std::min(static_cast<int>(to), plot_.bottom());
    QRgb* pixel = bits_ + first * stride_ + plot_.left() + x;
    if (first == last) {
        blend(*pixel, color, static_cast<int>(alpha * std::min(1.0, to - from)));
        return;
    }
    blend(*pixel, color, static_cast<int>(alpha * (first + 1 - from)));
    pixel += stride_;
    if (alpha == 255) {
        for (int y = first + 1; y < last; ++y, pixel += stride_)
            *pixel = color | 0xff000000u;
    } else {
        for (int y = first + 1; y < last; ++y, pixel += stride_)
            blend(*pixel, color, alpha);
    }
    blend(*pixel, color, static_cast<int>(alpha * std::min(1.0, to - last)));
}

void CurveRaster::dots(const std::vector<Column>& columns, const ValueMap& map, QColor color,
                       double size) {
    if (columns.size() * 2 * size > static_cast<double>(extents_.size())) return;
    for (const Column& c : columns) {
        if (std::isnan(c.first)) continue;
        const double y = map.y(c.first);
        const int left = static_cast<int>(std::floor(c.x * perColumn_ - size / 2 + 0.5));
        for (int x = left; x < left + static_cast<int>(size); ++x) {
            if (x < 0 || x >= plot_.width()) continue;
            fillColumn(x, y - size / 2, y + size / 2, color.rgb(), 255);
        }
    }
}

void CurveRaster::stroke(double x, double width, double height, QColor color, int every) {
    const int left = static_cast<int>(std::floor(x * perColumn_));
    const double bottom = plot_.bottom() + 1, top = std::max<double>(plot_.top(), bottom - height);
    for (int pixel = left; pixel < left + std::max(1, static_cast<int>(width)); ++pixel) {
        if (pixel < 0 || pixel >= plot_.width()) continue;
        if (every <= 0) {
            fillColumn(pixel, top, bottom, color.rgb(), color.alpha());
            continue;
        }
        for (double y = top; y < bottom; y += 2 * every) {
            fillColumn(pixel, y, std::min(bottom, y + every), color.rgb(), color.alpha());
        }
    }
}

void CurveRaster::shade(double fromX, double toX, QColor color) {
    const double from = std::max(0.0, fromX * perColumn_);
    const double to = std::min<double>(plot_.width(), toX * perColumn_);
    if (!(to > from)) return;
    const int first = static_cast<int>(from);
    for (int x = first; x < to && x < plot_.width(); ++x) {
        const double share = std::min<double>(to, x + 1) - std::max<double>(from, x);
        fillColumn(x, plot_.top(), plot_.bottom() + 1, color.rgb(),
                   static_cast<int>(color.alpha() * share));
    }
}

} // namespace penstock::app
