// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/lives/waterfall.h"

#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QEvent>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr int kPad = 6, kGap = 8, kAxis = 18, kLeastBars = 80;

QString took(const StageRow& stage) {
    return text(durationLabel(stage.to - stage.from));
}

} // namespace

Waterfall::Waterfall(QWidget* parent) : QWidget(parent) {
    setFont(smallFont());
    setAccessibleName(tr("Life of the chosen request"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

void Waterfall::setRequest(const RequestRow& request) {
    request_ = request;
    from_ = request.arrived;
    Time to = from_;
    for (const StageRow& stage : request_.stages) {
        from_ = std::min(from_, stage.from);
        to = std::max(to, stage.to);
    }
    whole_ = to - from_;
    setAccessibleDescription(spoken());
    updateGeometry();
    update();
}

QString Waterfall::nameOf(const StageRow& stage) const {
    const QString name = text(stageName(stage.stage));
    return request_.attempts > 1 ? QStringLiteral("%1. %2").arg(stage.attempt).arg(name) : name;
}

QString Waterfall::spoken() const {
    QStringList lines;
    for (const StageRow& stage : request_.stages) {
        lines << tr("%1: %2, from %3")
                     .arg(nameOf(stage), took(stage), text(durationLabel(stage.from - from_)));
    }
    return lines.join(QLatin1Char('\n'));
}

QColor Waterfall::colorOf(Stage stage) const {
    const Theme& theme = currentTheme();
    switch (stage) {
    case Stage::queue:
        return theme.seriesColor(0);
    case Stage::gate:
        return theme.seriesColor(1);
    case Stage::slot:
        return theme.seriesColor(4);
    case Stage::routerQueue:
        return theme.seriesColor(7);
    case Stage::replicaQueue:
        return theme.seriesColor(3);
    case Stage::prefill:
        return theme.seriesColor(5);
    case Stage::decode:
        return theme.seriesColor(2);
    case Stage::backoff:
        return theme.weakText;
    }
    return theme.weakText;
}

int Waterfall::rowHeight() const {
    return fontMetrics().height() + 4;
}

int Waterfall::nameWidth() const {
    int width = 0;
    for (const StageRow& stage : request_.stages)
        width = std::max(width, fontMetrics().horizontalAdvance(nameOf(stage)));
    return width + 2;
}

QSize Waterfall::sizeHint() const {
    const int rows = static_cast<int>(request_.stages.size());
    return {380, rows == 0 ? 0 : rows * rowHeight() + 2 * kPad + kAxis};
}

QSize Waterfall::minimumSizeHint() const {
    return {nameWidth() + kLeastBars + 2 * kPad + kGap, sizeHint().height()};
}

void Waterfall::paintEvent(QPaintEvent*) {
    if (request_.stages.empty()) return;
    QPainter painter(this);
    const Theme& theme = currentTheme();
    const QFontMetrics metrics = fontMetrics();
    const double left = kPad + nameWidth() + kGap;
    const double width = std::max(1.0, this->width() - left - kPad);
    const double whole = std::max(1e-9, toSeconds(whole_));
    const auto x = [&](Time t) { return left + toSeconds(t - from_) / whole * width; };
    const double bottom = kPad + static_cast<double>(request_.stages.size()) * rowHeight();
    // Round times as grid lines, labelled from the arrival on.
    const Duration step = tickStep(whole_ + Duration{1}, std::max(1, static_cast<int>(width) / 90));
    for (const Time t : ticks({from_, from_ + whole_ + Duration{1}}, step, from_)) {
        painter.fillRect(QRectF(std::floor(x(t)), kPad, 1, bottom - kPad), theme.grid);
        const QString label = text(timeLabel(t - from_, step));
        const double room = metrics.horizontalAdvance(label);
        painter.setPen(theme.axisText);
        painter.drawText(QRectF(std::clamp(x(t) - room / 2, 0.0, this->width() - room - 1),
                                bottom + 2, room + 2, kAxis),
                         Qt::AlignTop, label);
    }
    for (std::size_t i = 0; i < request_.stages.size(); ++i) {
        const StageRow& stage = request_.stages[i];
        const double top = kPad + static_cast<double>(i) * rowHeight();
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(QRectF(kPad, top, nameWidth(), rowHeight()), Qt::AlignVCenter,
                         nameOf(stage));
        const double from = x(stage.from), to = std::max(x(stage.to), from + 2);
        painter.fillRect(QRectF(from, top + 3, to - from, rowHeight() - 6), colorOf(stage.stage));
        // Beside the bar where there is room, else before it, else on it.
        const QString label = took(stage);
        const double room = metrics.horizontalAdvance(label) + 2;
        double at = to + 4;
        if (at + room > this->width()) at = from - 4 - room;
        if (at < left) {
            at = from + 4;
            painter.setPen(theme.plotBackground);
        } else {
            painter.setPen(theme.axisText);
        }
        painter.drawText(QRectF(at, top, room, rowHeight()), Qt::AlignVCenter, label);
    }
}

bool Waterfall::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const auto row = static_cast<std::size_t>(std::max(0, help->pos().y() - kPad) /
                                                  std::max(1, rowHeight()));
        if (row < request_.stages.size()) {
            const StageRow& stage = request_.stages[row];
            QToolTip::showText(
                help->globalPos(),
                tr("%1: %2, %3 after its arrival")
                    .arg(nameOf(stage), took(stage), text(durationLabel(stage.from - from_))),
                this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

} // namespace penstock::app
