// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/time_ruler.h"

#include "app/workbench/charts/plot_scene.h"
#include "app/workbench/series/time_ticks.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <cmath>

namespace penstock::app {

TimeRuler::TimeRuler(TimeAxis& axis, QWidget* parent) : QWidget(parent), axis_(axis) {
    setFont(smallFont());
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Time axis"));
    setCursor(Qt::OpenHandCursor);
    setToolTip(tr("Drag to pan, turn the wheel to zoom"));
    ticket_ = axis_.listen([this](TimeAxis::Change) { update(); });
}

TimeRuler::~TimeRuler() {
    axis_.unlisten(ticket_);
}

QSize TimeRuler::sizeHint() const {
    return {600, fontMetrics().height() + 8};
}

TimeScale TimeRuler::scale() const {
    const double width = std::max(1, this->width() - PlotScene::kLeft - PlotScene::kRight);
    return TimeScale(axis_, width, devicePixelRatioF());
}

void TimeRuler::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = currentTheme();
    const TimeScale s = scale();
    const double left = PlotScene::kLeft;
    struct Flag {
        QRectF box;
        QString text;
        QColor color;
    };
    std::vector<Flag> flags;
    const auto flag = [&](std::optional<Time> at, QColor color, const QString& prefix) {
        if (!at) return;
        const double x = left + s.x(*at);
        if (x < left || x > left + s.width()) return;
        const QString text = prefix + QString::fromStdString(s.label(*at));
        const double width = fontMetrics().horizontalAdvance(text) + 10;
        flags.push_back(
            {QRectF(std::clamp(x - width / 2, 0.0, this->width() - width), 1, width, height() - 2),
             text, color});
    };
    flag(axis_.cursor(TimeAxis::Cursor::a), theme.cursorA, QStringLiteral("A "));
    flag(axis_.cursor(TimeAxis::Cursor::b), theme.cursorB, QStringLiteral("B "));
    flag(axis_.crosshair(), theme.crosshair, QString());
    painter.setPen(theme.axisText);
    for (const TimeTick& tick : s.ticks()) {
        const QString text = QString::fromStdString(tick.text);
        const double width = fontMetrics().horizontalAdvance(text);
        const double x = std::clamp(left + tick.x - width / 2, 0.0, this->width() - width - 2);
        const QRectF box(x, 4, width + 2, height() - 4);
        painter.fillRect(QRectF(left + tick.x, 0, 1, 3), theme.axisText);
        const bool covered = std::any_of(flags.begin(), flags.end(),
                                         [&](const Flag& f) { return f.box.intersects(box); });
        if (!covered) painter.drawText(box, Qt::AlignTop, text);
    }
    for (const Flag& f : flags) {
        painter.fillRect(f.box, f.color);
        painter.setPen(theme.plotBackground);
        painter.drawText(f.box, Qt::AlignCenter, f.text);
    }
}

void TimeRuler::mousePressEvent(QMouseEvent* event) {
    last_ = event->position().x();
    setCursor(Qt::ClosedHandCursor);
}

void TimeRuler::mouseMoveEvent(QMouseEvent* event) {
    const double x = event->position().x();
    axis_.panBy(fromSeconds(toSeconds(scale().pixel()) * (last_ - x)));
    last_ = x;
}

void TimeRuler::mouseReleaseEvent(QMouseEvent*) {
    axis_.endGesture();
    setCursor(Qt::OpenHandCursor);
}

void TimeRuler::wheelEvent(QWheelEvent* event) {
    const TimeScale s = scale();
    axis_.zoom(std::pow(1.25, -event->angleDelta().y() / 120.0),
               s.at(event->position().x() - PlotScene::kLeft));
    event->accept();
}

} // namespace penstock::app
