// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/heat_strip.h"

#include "app/workbench/charts/plot_scene.h"
#include "app/workbench/series/time_ticks.h"
#include "engine/record/measures/round_step.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock::app {
namespace {

constexpr int kRowHeight = 9, kLeastRowHeight = 2, kScaleWidth = 80;

// "pool-default-12" → "12": the margin has room for what differs, the tool tip for the whole.
QString shortName(const QString& name, int width, const QFontMetrics& metrics) {
    if (metrics.horizontalAdvance(name) <= width) return name;
    const QString last = name.section(QLatin1Char('-'), -1);
    return metrics.elidedText(last.isEmpty() ? name : last, Qt::ElideLeft, width);
}

} // namespace

HeatStrip::HeatStrip(QString title, double full, TimeAxis& axis, QWidget* parent)
    : QWidget(parent), title_(std::move(title)), full_(full), axis_(axis) {
    setMouseTracking(true);
    setFont(smallFont());
    setAccessibleName(tr("Heat strip %1").arg(title_));
    ticket_ = axis_.listen([this](TimeAxis::Change) { update(); });
}

HeatStrip::~HeatStrip() {
    axis_.unlisten(ticket_);
}

void HeatStrip::setData(const HeatBuffer* data, QStringList rowNames) {
    data_ = data;
    rowNames_ = std::move(rowNames);
    drawnRevision_ = 0;
    drawnSize_ = {};
    updateGeometry();
    update();
}

int HeatStrip::headingHeight() const {
    return fontMetrics().height() + 6;
}

QSize HeatStrip::sizeHint() const {
    const int rows = data_ ? static_cast<int>(data_->rows()) : 1;
    return {600, headingHeight() + std::clamp(rows * kRowHeight, 12, 110) + 6};
}

QSize HeatStrip::minimumSizeHint() const {
    const int rows = data_ ? static_cast<int>(data_->rows()) : 1;
    return {160, headingHeight() + std::clamp(rows * kLeastRowHeight, 10, 60) + 6};
}

QRect HeatStrip::plot() const {
    return {PlotScene::kLeft, headingHeight(),
            std::max(1, width() - PlotScene::kLeft - PlotScene::kRight),
            std::max(1, height() - headingHeight() - 4)};
}

TimeScale HeatStrip::scale() const {
    return TimeScale(axis_, plot().width(), devicePixelRatioF());
}

int HeatStrip::lines() const {
    const int pixels = static_cast<int>(plot().height() * devicePixelRatioF());
    return std::clamp(static_cast<int>(data_->rows()), 1, std::max(1, pixels));
}

HeatStrip::Rows HeatStrip::rowsOf(int line) const {
    const std::size_t all = data_->rows(), parts = static_cast<std::size_t>(lines()),
                      at = static_cast<std::size_t>(line);
    return {at * all / parts, (at + 1) * all / parts};
}

QString HeatStrip::nameOf(std::size_t row) const {
    const auto i = static_cast<qsizetype>(row);
    return i < rowNames_.size() ? rowNames_[i] : QString::number(row);
}

QString HeatStrip::heading() const {
    const int rows = data_ ? static_cast<int>(data_->rows()) : 0;
    if (rows == 0 || lines() >= rows) return title_;
    return tr("%1 · %2 of them, busiest of every %3")
        .arg(title_)
        .arg(rows)
        .arg((rows + lines() - 1) / lines());
}

void HeatStrip::refresh() {
    if (!isVisible() || !data_) return;
    if (data_->revision() != drawnRevision_ || !(scale() == drawnScale_)) update();
}

void HeatStrip::redraw() {
    const TimeScale s = scale();
    if (s == drawnScale_ && data_->revision() == drawnRevision_ && size() == drawnSize_) return;
    drawnScale_ = s;
    drawnRevision_ = data_->revision();
    drawnSize_ = size();
    const int columns = s.columns();
    if (image_.size() != QSize(columns, lines())) {
        image_ = QImage(columns, lines(), QImage::Format_ARGB32);
    }
    std::vector<float> values;
    data_->resample(s.view(), columns, values);
    // Beyond the run's head nothing is known, though the last column would seem to hold.
    const int known = static_cast<int>(std::ceil(s.x(axis_.head()) * columns / s.width()));
    const auto width = static_cast<std::size_t>(columns);
    std::vector<float> busiest(width);
    for (int y = 0; y < lines(); ++y) {
        const Rows rows = rowsOf(y);
        std::fill(busiest.begin(), busiest.end(), std::numeric_limits<float>::quiet_NaN());
        for (std::size_t row = rows.first; row < rows.end; ++row) {
            for (std::size_t x = 0; x < width; ++x) {
                const float value = values[row * width + x];
                if (value > busiest[x] || std::isnan(busiest[x])) busiest[x] = value;
            }
        }
        auto* line = reinterpret_cast<QRgb*>(image_.scanLine(y));
        for (int x = 0; x < columns; ++x) {
            const float share = busiest[static_cast<std::size_t>(x)] / static_cast<float>(full_);
            line[x] = x < known ? heatColor(share) : 0;
        }
    }
}

void HeatStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = currentTheme();
    const QRect area = plot();
    painter.fillRect(rect(), palette().color(QPalette::Window));
    QFont bold = font();
    bold.setPointSizeF(QWidget::font().pointSizeF() + 1);
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(8, 0, width(), headingHeight()), Qt::AlignVCenter, heading());
    painter.setFont(font());
    // The colour scale, with its ends named.
    const QString top = QString::fromStdString(numberLabel(full_));
    const int right = area.right() + 1 - fontMetrics().horizontalAdvance(top) - 4;
    for (int x = 0; x < kScaleWidth; ++x) {
        painter.fillRect(right - kScaleWidth + x, headingHeight() / 2 - 4, 1, 8,
                         QColor::fromRgb(heatColor(static_cast<float>(x) / (kScaleWidth - 1))));
    }
    painter.setPen(theme.axisText);
    painter.drawText(QRect(right + 4, 0, 60, headingHeight()), Qt::AlignVCenter, top);
    painter.drawText(QRect(right - kScaleWidth - 64, 0, 60, headingHeight()),
                     Qt::AlignVCenter | Qt::AlignRight, QStringLiteral("0"));
    painter.fillRect(area, theme.plotBackground);
    if (!data_ || data_->rows() == 0) return;
    redraw();
    painter.drawImage(area, image_);
    const double rowHeight = area.height() / static_cast<double>(data_->rows());
    painter.setPen(theme.axisText);
    // Rows too thin for a label each: as many as there is room for, and a round number apart.
    const double least = fontMetrics().height();
    const auto every = static_cast<std::size_t>(roundUp(std::max(1.0, least / rowHeight)));
    for (std::size_t row = 0; row < data_->rows(); row += every) {
        const QRectF place(0, area.top() + static_cast<double>(row) * rowHeight, area.left() - 6,
                           std::max(rowHeight, least));
        if (row > 0 && place.bottom() > height()) break;
        painter.drawText(place, Qt::AlignRight | Qt::AlignVCenter,
                         shortName(nameOf(row), area.left() - 8, fontMetrics()));
    }
    painter.setPen(theme.frame);
    painter.drawRect(area.adjusted(-1, -1, 0, 0));
    const auto at = axis_.crosshair();
    if (!at) return;
    const double x = area.left() + scale().x(*at);
    if (x < area.left() || x > area.right()) return;
    painter.setPen(QPen(theme.plotBackground, 1));
    painter.drawLine(QPointF(std::floor(x) + 0.5, area.top()),
                     QPointF(std::floor(x) + 0.5, area.bottom()));
}

QString HeatStrip::tipAt(QPoint point) const {
    const QRect area = plot();
    if (!data_ || data_->rows() == 0 || !area.contains(point)) return {};
    const Rows rows = rowsOf((point.y() - area.top()) * lines() / area.height());
    const Time t = scale().at(point.x() - area.left());
    std::size_t busiest = rows.first;
    for (std::size_t row = rows.first + 1; row < rows.end; ++row) {
        const float value = data_->at(row, t), best = data_->at(busiest, t);
        if (value > best || (std::isnan(best) && !std::isnan(value))) busiest = row;
    }
    const QString words = QStringLiteral("%1 · %2").arg(
        nameOf(busiest), QString::fromStdString(numberLabel(data_->at(busiest, t))));
    if (rows.end - rows.first == 1) return words;
    return words + tr("\nthe busiest from %1 to %2").arg(nameOf(rows.first), nameOf(rows.end - 1));
}

bool HeatStrip::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        if (const QString tip = tipAt(help->pos()); !tip.isEmpty()) {
            QToolTip::showText(help->globalPos(), tip, this);
            return true;
        }
    }
    if (event->type() == QEvent::PaletteChange) update();
    return QWidget::event(event);
}

void HeatStrip::mouseMoveEvent(QMouseEvent* event) {
    axis_.hover(scale().at(event->position().x() - plot().left()));
}

void HeatStrip::leaveEvent(QEvent*) {
    axis_.hover(std::nullopt);
}

void HeatStrip::wheelEvent(QWheelEvent* event) {
    axis_.zoom(std::pow(1.25, -event->angleDelta().y() / 120.0),
               scale().at(event->position().x() - plot().left()));
    event->accept();
}

} // namespace penstock::app
