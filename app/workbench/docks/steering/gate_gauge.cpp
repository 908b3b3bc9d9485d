// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/gate_gauge.h"

#include "app/workbench/look/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace penstock::app {
namespace {

constexpr double kHeadroom =
    1.25; // the threshold stands at four fifths, until a reading exceeds it
constexpr int kBar = 12, kTop = 4, kTick = 7;

} // namespace

GateGauge::GateGauge(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setToolTip(
        tr("Filled: what the gate read. Line: its threshold. Triangle: the true value now."));
    setAccessibleName(tr("Reading against threshold"));
}

void GateGauge::show(const GateRow& row) {
    double need = 0;
    for (const double v : {row.read, row.truth, row.threshold * kHeadroom}) {
        if (!std::isnan(v)) need = std::max(need, v);
    }
    if (!(need > 0)) need = 1;
    if (need > full_ || need < 0.5 * full_) full_ = need;
    row_ = row;
    update();
}

void GateGauge::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = currentTheme();
    const QRectF bar(0.5, kTop + 0.5, width() - 1, kBar);
    painter.setPen(theme.frame);
    painter.setBrush(theme.plotBackground);
    painter.drawRect(bar);
    const auto x = [&](double v) {
        return bar.left() + std::clamp(v / full_, 0.0, 1.0) * bar.width();
    };
    if (!std::isnan(row_.read)) {
        QColor fill = row_.open ? theme.good : theme.bad;
        fill.setAlpha(150);
        painter.fillRect(QRectF(bar.left(), bar.top() + 1, x(row_.read) - bar.left(), kBar - 1),
                         fill);
    }
    painter.setRenderHint(QPainter::Antialiasing);
    if (!std::isnan(row_.truth)) {
        const double at = std::clamp(x(row_.truth), bar.left() + 4, bar.right() - 4);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.palette.color(QPalette::WindowText));
        const QPointF triangle[] = {{at, bar.bottom() + 1},
                                    {at - 4, bar.bottom() + 1 + kTick},
                                    {at + 4, bar.bottom() + 1 + kTick}};
        painter.drawPolygon(triangle, 3);
    }
    if (!std::isnan(row_.threshold)) {
        const double at = std::floor(x(row_.threshold));
        painter.fillRect(QRectF(at - 1, bar.top() - 3, 2, kBar + 6),
                         theme.palette.color(QPalette::WindowText));
    }
}

} // namespace penstock::app
