// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The one row of time labels under all charts, in line with their plots, with the crosshair's
// time, the cursors' times and their distance. Dragging it pans; the wheel zooms.
#include "app/workbench/series/time_scale.h"

#include <QWidget>

namespace penstock::app {

class TimeRuler : public QWidget {
    Q_OBJECT
  public:
    explicit TimeRuler(TimeAxis& axis, QWidget* parent = nullptr);
    ~TimeRuler() override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {100, sizeHint().height()}; }

  protected:
    void paintEvent(QPaintEvent*) override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void wheelEvent(QWheelEvent*) override;

  private:
    TimeScale scale() const;

    TimeAxis& axis_;
    int ticket_;
    double last_ = 0;
};

} // namespace penstock::app
