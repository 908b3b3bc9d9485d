// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/chart_frame.h"

#include <QGraphicsLayout>
#include <QGraphicsScene>
#include <QPainter>
#include <QtCharts/QChart>
#include <QtCharts/QLogValueAxis>
#include <QtCharts/QValueAxis>

namespace penstock::app {

struct ChartFrame::Parts {
    QGraphicsScene scene;
    QChart* chart = nullptr; // owned by the scene
    QValueAxis* linear = nullptr;
    QLogValueAxis* logarithm = nullptr;
    QSize size;
    QRectF plot;
    double low = 0, high = 0, step = 0;
    bool logarithmic = false;
    ThemeKind theme = ThemeKind::light;
    bool themed = false;
};

namespace {

// Decimals that tell neighbouring labels apart.
QString labelFormat(double step) {
    int decimals = 0;
    for (double s = step; decimals < 6 && std::abs(s - std::round(s)) > 1e-6 * s; s *= 10) {
        ++decimals;
    }
    return QStringLiteral("%.%1f").arg(decimals);
}

void dress(QAbstractAxis& axis, const Theme& theme) {
    axis.setLabelsColor(theme.axisText);
    axis.setLabelsFont(smallFont());
    axis.setLinePen(QPen(theme.frame, 1));
    axis.setGridLinePen(QPen(theme.grid, 1));
    axis.setMinorGridLineVisible(false);
}

} // namespace

ChartFrame::ChartFrame() : parts_(std::make_unique<Parts>()) {
    Parts& p = *parts_;
    p.chart = new QChart;
    p.scene.addItem(p.chart);
    p.chart->setMinimumSize(0, 0); // else Qt Charts makes it 200 pixels high at least
    p.chart->legend()->hide();
    p.chart->setMargins(QMargins());
    p.chart->setBackgroundRoundness(0);
    // Qt Charts 6.4 paints a fixed plot area's background in the wrong place: render() does it.
    p.chart->setBackgroundVisible(false);
    p.chart->layout()->setContentsMargins(0, 0, 0, 0);
    p.linear = new QValueAxis;
    p.linear->setTickType(QValueAxis::TicksDynamic);
    p.chart->addAxis(p.linear, Qt::AlignLeft);
}

ChartFrame::~ChartFrame() = default;

void ChartFrame::touch() {
    stale_ = true;
    ++revision_;
}

void ChartFrame::setGeometry(QSize size, QRectF plot) {
    Parts& p = *parts_;
    if (size == p.size && plot == p.plot) return;
    p.size = size;
    p.plot = plot;
    p.chart->resize(size);
    p.chart->setPlotArea(plot);
    touch();
}

void ChartFrame::setTheme(const Theme& theme) {
    Parts& p = *parts_;
    if (p.themed && p.theme == theme.kind) return;
    p.themed = true;
    p.theme = theme.kind;
    dress(*p.linear, theme);
    if (p.logarithm) dress(*p.logarithm, theme);
    touch();
}

void ChartFrame::setValueAxis(double low, double high, double step, bool logarithmic) {
    Parts& p = *parts_;
    if (low == p.low && high == p.high && step == p.step && logarithmic == p.logarithmic) return;
    p.low = low;
    p.high = high;
    p.step = step;
    if (logarithmic != p.logarithmic) {
        p.logarithmic = logarithmic;
        if (logarithmic && !p.logarithm) {
            p.logarithm = new QLogValueAxis;
            p.logarithm->setLabelFormat(QStringLiteral("%g"));
            p.logarithm->setMinorTickCount(0);
            dress(*p.logarithm, themeOf(p.theme));
            p.chart->addAxis(p.logarithm, Qt::AlignLeft);
        }
        p.linear->setVisible(!logarithmic);
        if (p.logarithm) p.logarithm->setVisible(logarithmic);
    }
    if (logarithmic) {
        p.logarithm->setBase(step);
        p.logarithm->setRange(low, high);
    } else {
        // Each of these lays the axis out anew: a wide range must not meet a narrow interval, not
        // even for a moment, or a hundred thousand ticks are made.
        const bool widens = step > p.linear->tickInterval();
        if (widens) p.linear->setTickInterval(step);
        p.linear->setRange(low, high);
        p.linear->setTickAnchor(0);
        if (!widens) p.linear->setTickInterval(step);
        p.linear->setLabelFormat(labelFormat(step));
    }
    touch();
}

const QImage& ChartFrame::image(qreal ratio) {
    const QSize pixels = parts_->size * ratio;
    if (!stale_ && image_.size() == pixels) return image_;
    stale_ = false;
    image_ = QImage(pixels, QImage::Format_RGB32);
    image_.setDevicePixelRatio(ratio);
    QPainter painter(&image_);
    render(painter);
    return image_;
}

void ChartFrame::render(QPainter& painter) {
    Parts& p = *parts_;
    // Qt Charts 6.4 lays its axis out late after a change of size: at once, and from scratch.
    p.chart->layout()->invalidate();
    p.chart->layout()->activate();
    const QRectF all(QPointF(), QSizeF(p.size));
    const Theme& theme = themeOf(p.theme);
    painter.fillRect(all, theme.palette.color(QPalette::Window));
    painter.fillRect(p.plot.adjusted(-1, -1, 1, 1), theme.frame);
    painter.fillRect(p.plot, theme.plotBackground);
    p.scene.setSceneRect(all);
    p.scene.render(&painter, all, all);
}

} // namespace penstock::app
