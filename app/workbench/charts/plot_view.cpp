// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/plot_view.h"

#include "app/workbench/charts/value_text.h"
#include "app/workbench/series/time_ticks.h"

#include <QEvent>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>

#include <cmath>

namespace penstock::app {
namespace {

constexpr double kDragStart = 4;  // pixels before a press is a drag
constexpr double kCursorGrip = 5; // pixels either side of a cursor's line
constexpr double kZoomStep = 1.25;
constexpr double kMostCovered = 0.55; // of a chart's width, by a readout

} // namespace

PlotView::PlotView(TimeAxis& axis, ValueAxisSpec values, QWidget* parent)
    : QWidget(parent), axis_(axis), scene_(axis, std::move(values)) {
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    // A pointer moves at once; a view is redrawn with the next frame, or at once while no run goes.
    ticket_ = axis_.listen([this](TimeAxis::Change) { update(); });
}

PlotView::~PlotView() {
    axis_.unlisten(ticket_);
}

void PlotView::refresh() {
    if (isVisible() && scene_.update()) update();
}

void PlotView::paintPicture(QPainter& painter) {
    scene_.update();
    painter.drawImage(QPointF(0, 0), scene_.image());
    painter.setClipRect(scene_.plot().adjusted(-PlotScene::kLeft, 0, PlotScene::kRight, 0));
    paintBrush(painter);
    paintPointers(painter);
    paintReadouts(painter);
}

void PlotView::paintEvent(QPaintEvent*) {
    scene_.setGeometry(size(), devicePixelRatioF());
    QPainter painter(this);
    paintPicture(painter);
    if (hasFocus()) {
        painter.setClipping(false);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
        painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
    }
}

void PlotView::resizeEvent(QResizeEvent*) {
    scene_.setGeometry(size(), devicePixelRatioF());
}

void PlotView::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) {
        scene_.touch();
        update();
    }
    QWidget::changeEvent(event);
}

void PlotView::paintFlag(QPainter& painter, double x, const QString& text,
                         const QColor& color) const {
    const QRectF plot = scene_.plot();
    painter.setPen(QPen(color, 1));
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    const QRectF flag(x, plot.top(), 12, 13);
    painter.fillRect(flag, color);
    painter.setFont(smallFont());
    painter.setPen(currentTheme().plotBackground);
    painter.drawText(flag, Qt::AlignCenter, text);
}

void PlotView::paintPointers(QPainter& painter) const {
    const Theme& theme = currentTheme();
    const QRectF plot = scene_.plot();
    const auto inside = [&](double x) { return x >= plot.left() && x <= plot.right(); };
    for (const auto which : {TimeAxis::Cursor::a, TimeAxis::Cursor::b}) {
        const auto at = axis_.cursor(which);
        if (!at || !inside(scene_.xAt(*at))) continue;
        const bool a = which == TimeAxis::Cursor::a;
        paintFlag(painter, std::floor(scene_.xAt(*at)) + 0.5,
                  a ? QStringLiteral("A") : QStringLiteral("B"), a ? theme.cursorA : theme.cursorB);
    }
    const auto at = axis_.crosshair();
    if (!at || !inside(scene_.xAt(*at))) return;
    const double x = std::floor(scene_.xAt(*at)) + 0.5;
    painter.setPen(QPen(theme.crosshair, 1, axis_.crosshairLocked() ? Qt::SolidLine : Qt::DotLine));
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    painter.setRenderHint(QPainter::Antialiasing);
    for (const ChartSeries& s : scene_.series()) {
        if (!s.visible || s.style == CurveStyle::band || *at > axis_.head()) continue;
        const double y = scene_.yAt(PlotScene::reading(s, *at));
        if (std::isnan(y) || y < plot.top() || y > plot.bottom()) continue;
        painter.setPen(QPen(theme.plotBackground, 1));
        painter.setBrush(PlotScene::colorOf(s));
        painter.drawEllipse(QPointF(x, y), 3, 3);
    }
    painter.setRenderHint(QPainter::Antialiasing, false);
    if (!pointerY_ || *pointerY_ < plot.top() || *pointerY_ > plot.bottom()) return;
    painter.setPen(QPen(theme.crosshair, 1, Qt::DotLine));
    const double y = std::floor(*pointerY_) + 0.5;
    painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
    const QString text = valueText(scene_.valueAt(*pointerY_));
    const QFontMetricsF metrics(smallFont());
    const double width = metrics.horizontalAdvance(text) + 8;
    const QRectF box(plot.left() - width, y - metrics.height() / 2, width, metrics.height());
    painter.fillRect(box, theme.crosshair);
    painter.setPen(theme.plotBackground);
    painter.setFont(smallFont());
    painter.drawText(box, Qt::AlignCenter, text);
}

void PlotView::paintBrush(QPainter& painter) const {
    const auto brush = axis_.brush();
    if (!brush) return;
    const QRectF plot = scene_.plot();
    const double from = std::max(plot.left(), scene_.xAt(brush->from));
    const double to = std::min(plot.right(), scene_.xAt(brush->to));
    if (!(to > from)) return;
    const QRectF area(from, plot.top(), to - from, plot.height());
    painter.fillRect(area, currentTheme().brush);
    painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
    painter.drawLine(area.topLeft(), area.bottomLeft());
    painter.drawLine(area.topRight(), area.bottomRight());
}

Readout PlotView::brushReadout(TimeRange brush) const {
    Readout readout;
    readout.title = tr("%1 selected").arg(QString::fromStdString(durationLabel(brush.span())));
    readout.headings = {tr("min"), tr("mean"), tr("p50"), tr("p95"), tr("p99"), tr("max")};
    for (const ChartSeries& s : scene_.series()) {
        if (!s.visible || !s.data || s.style == CurveStyle::band || s.overlayOf >= 0) continue;
        const auto st = s.data->statistics({brush.from, std::min(brush.to, axis_.head())});
        if (!st) continue;
        const QString about = st->exact ? QString() : QStringLiteral("≈");
        readout.rows.push_back(
            {PlotScene::colorOf(s),
             {s.name, valueText(st->min), valueText(st->mean), about + valueText(st->p50),
              about + valueText(st->p95), about + valueText(st->p99), valueText(st->max)}});
    }
    return readout;
}

Readout PlotView::cursorReadout(Time a, Time b) const {
    Readout readout;
    readout.title = tr("Δt %1").arg(QString::fromStdString(durationLabel(b - a)));
    readout.headings = {tr("A"), tr("B"), tr("Δ")};
    for (const ChartSeries& s : scene_.series()) {
        if (!s.visible || s.style == CurveStyle::band || s.overlayOf >= 0) continue;
        const double va = PlotScene::reading(s, a), vb = PlotScene::reading(s, b);
        readout.rows.push_back(
            {PlotScene::colorOf(s), {s.name, valueText(va), valueText(vb), valueText(vb - va)}});
    }
    return readout;
}

void PlotView::paintReadouts(QPainter& painter) {
    if (const auto brush = axis_.brush()) {
        // While a range is drawn, only the chart it is drawn on does the sums.
        if (!axis_.brushSettled() && drag_ != Drag::brush) return;
        std::int64_t appended = 0;
        for (const ChartSeries& s : scene_.series()) {
            if (!s.visible || !s.data) continue;
            const auto last = s.data->last();
            appended += last && last->t >= brush->to ? -1 : s.data->appended();
        }
        if (brushed_.range != brush || brushed_.appended != appended) {
            brushed_ = {brush, appended, brushReadout(*brush)};
        }
        paintOne(painter, (scene_.xAt(brush->from) + scene_.xAt(brush->to)) / 2, brushed_.readout);
        return;
    }
    const auto a = axis_.cursor(TimeAxis::Cursor::a), b = axis_.cursor(TimeAxis::Cursor::b);
    if (!a || !b) return;
    paintOne(painter, (scene_.xAt(*a) + scene_.xAt(*b)) / 2, cursorReadout(*a, *b));
}

bool PlotView::attended() const {
    return underMouse() || hasFocus() || drag_ != Drag::none;
}

void PlotView::paintOne(QPainter& painter, double avoid, const Readout& readout) const {
    // Numbers that cover the curves they are of no help: a small chart has them only while it
    // is the one that is looked at.
    const ReadoutFit fit = fitReadout(scene_.plot(), readout);
    const bool small = fit.complete && fit.width() <= kMostCovered * scene_.plot().width();
    if (small || attended()) paintReadout(painter, scene_.plot(), avoid, readout);
}

bool PlotView::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const Mark* mark = nullptr;
        if (scene_.marks()) {
            mark =
                scene_.marks()->nearest(scene_.timeAt(help->pos().x()), scene_.scale().pixel() * 3);
        }
        if (mark) {
            QToolTip::showText(help->globalPos(), QString::fromStdString(mark->text), this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    if (event->type() == QEvent::Enter) update();
    return QWidget::event(event);
}

std::optional<TimeAxis::Cursor> PlotView::cursorNear(double x) const {
    for (const auto which : {TimeAxis::Cursor::a, TimeAxis::Cursor::b}) {
        const auto at = axis_.cursor(which);
        if (at && std::abs(scene_.xAt(*at) - x) <= kCursorGrip) return which;
    }
    return std::nullopt;
}

void PlotView::mousePressEvent(QMouseEvent* event) {
    pressed_ = last_ = event->position();
    const bool left = event->button() == Qt::LeftButton;
    if (event->button() == Qt::MiddleButton || (left && event->modifiers() & Qt::ShiftModifier)) {
        drag_ = Drag::pan;
        setCursor(Qt::ClosedHandCursor);
    } else if (left) {
        const auto cursor = cursorNear(pressed_.x());
        drag_ = !cursor                          ? Drag::undecided
                : *cursor == TimeAxis::Cursor::a ? Drag::cursorA
                                                 : Drag::cursorB;
    }
}

void PlotView::mouseMoveEvent(QMouseEvent* event) {
    const QPointF at = event->position();
    const Time t = scene_.timeAt(at.x());
    pointerY_ = at.y();
    axis_.hover(t);
    switch (drag_) {
    case Drag::none:
        setCursor(cursorNear(at.x()) ? Qt::SplitHCursor : Qt::CrossCursor);
        break;
    case Drag::undecided:
        if (std::abs(at.x() - pressed_.x()) >= kDragStart) drag_ = Drag::brush;
        break;
    case Drag::pan:
        axis_.panBy(scene_.timeAt(last_.x()) - t);
        break;
    case Drag::cursorA:
        axis_.setCursor(TimeAxis::Cursor::a, t);
        break;
    case Drag::cursorB:
        axis_.setCursor(TimeAxis::Cursor::b, t);
        break;
    case Drag::brush:
        break;
    }
    if (drag_ == Drag::brush) axis_.setBrush(orderedRange(scene_.timeAt(pressed_.x()), t), false);
    last_ = at;
    update();
}

void PlotView::mouseReleaseEvent(QMouseEvent* event) {
    const Time t = scene_.timeAt(event->position().x());
    if (drag_ == Drag::undecided) {
        if (axis_.brush()) {
            // A click beside the range drops it; one inside may be half of a double click.
            if (!axis_.brush()->contains(t)) axis_.setBrush(std::nullopt);
        } else if (axis_.crosshairLocked()) {
            axis_.unlockCrosshair();
        } else {
            axis_.lockCrosshair(t);
        }
        if (scene_.marks() && scene_.marks()->nearest(t, scene_.scale().pixel() * 3)) {
            Q_EMIT markActivated(scene_.marks()->nearest(t, scene_.scale().pixel() * 3)->t);
        }
    }
    if (drag_ == Drag::pan) axis_.endGesture();
    if (drag_ == Drag::brush) axis_.setBrush(axis_.brush());
    drag_ = Drag::none;
    setCursor(Qt::CrossCursor);
}

void PlotView::mouseDoubleClickEvent(QMouseEvent* event) {
    // The second press of a double click inside a brushed range zooms to it.
    const auto brush = axis_.brush();
    if (brush && brush->contains(scene_.timeAt(event->position().x()))) {
        axis_.zoomTo(*brush);
        axis_.setBrush(std::nullopt);
    }
}

void PlotView::wheelEvent(QWheelEvent* event) {
    const QPoint turn = event->angleDelta();
    const bool sideways = std::abs(turn.x()) > std::abs(turn.y());
    if (sideways || event->modifiers() & Qt::ShiftModifier) {
        axis_.pan(-(sideways ? turn.x() : turn.y()) / 120.0 * 0.1);
    } else if (turn.y() != 0) {
        axis_.zoom(std::pow(kZoomStep, -turn.y() / 120.0), scene_.timeAt(event->position().x()));
    }
    event->accept();
}

void PlotView::leaveEvent(QEvent*) {
    pointerY_.reset();
    axis_.hover(std::nullopt);
    axis_.endGesture();
    update();
}

} // namespace penstock::app
