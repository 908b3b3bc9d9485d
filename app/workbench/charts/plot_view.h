// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The plot of one chart on the screen: the scene's image, and over it crosshair, cursors, brush
// and their readouts; and the mouse.
//
//   wheel                zoom about the pointer        Shift+wheel, two fingers   pan
//   drag                 select a range                middle or Shift+drag       pan
//   click                lock or unlock the crosshair  drag A or B                move a cursor
#include "app/workbench/charts/plot_scene.h"
#include "app/workbench/charts/readout.h"

#include <QWidget>

namespace penstock::app {

class PlotView : public QWidget {
    Q_OBJECT
  public:
    // `axis` must outlive the view.
    PlotView(TimeAxis& axis, ValueAxisSpec values, QWidget* parent = nullptr);
    ~PlotView() override;

    PlotScene& scene() { return scene_; }
    const PlotScene& scene() const { return scene_; }
    // Redraws if samples, tracks or the axis have changed; cheap when nothing has.
    void refresh();
    // The picture as it is on the screen, crosshair and all.
    void paintPicture(QPainter& painter);

    QSize sizeHint() const override { return {600, 110}; }
    QSize minimumSizeHint() const override { return {160, 58}; }

  Q_SIGNALS:
    // A mark under the pointer was clicked.
    void markActivated(penstock::Time at);

  protected:
    void paintEvent(QPaintEvent*) override;
    void resizeEvent(QResizeEvent*) override;
    void changeEvent(QEvent*) override;
    bool event(QEvent*) override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void mouseDoubleClickEvent(QMouseEvent*) override;
    void wheelEvent(QWheelEvent*) override;
    void leaveEvent(QEvent*) override;

  private:
    enum class Drag { none, undecided, brush, pan, cursorA, cursorB };

    std::optional<TimeAxis::Cursor> cursorNear(double x) const;
    void paintPointers(QPainter& painter) const;
    void paintFlag(QPainter& painter, double x, const QString& text, const QColor& color) const;
    void paintBrush(QPainter& painter) const;
    void paintReadouts(QPainter& painter);
    Readout brushReadout(TimeRange brush) const;
    Readout cursorReadout(Time a, Time b) const;
    // Under the pointer, with the focus, or being dragged on: the chart that a person looks at.
    bool attended() const;
    void paintOne(QPainter& painter, double avoid, const Readout& readout) const;

    TimeAxis& axis_;
    PlotScene scene_;
    int ticket_ = 0;
    Drag drag_ = Drag::none;
    QPointF pressed_, last_;
    std::optional<double> pointerY_;
    // Statistics cost up to a millisecond a curve, so they are kept until something changes.
    struct {
        std::optional<TimeRange> range;
        std::int64_t appended = -1;
        Readout readout;
    } brushed_;
};

} // namespace penstock::app
