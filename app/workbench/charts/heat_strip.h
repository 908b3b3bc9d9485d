// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One row of colour a replica over the shared time axis: how full or busy each one was. Painted
// into an image of one pixel a cell and stretched; where there are more replicas than lines of
// pixels, neighbours share a line, which shows the busiest of them. GUI thread.
#include "app/workbench/series/heat_buffer.h"
#include "app/workbench/series/time_scale.h"

#include <QImage>
#include <QString>
#include <QWidget>

namespace penstock::app {

class HeatStrip : public QWidget {
    Q_OBJECT
  public:
    // `axis` must outlive the strip. Values from 0 to `full` run from dark to bright.
    HeatStrip(QString title, double full, TimeAxis& axis, QWidget* parent = nullptr);
    ~HeatStrip() override;

    // `rowNames` name the rows in tips; may be empty. `data` must outlive the strip or be replaced.
    void setData(const HeatBuffer* data, QStringList rowNames);
    void refresh();
    const HeatBuffer* data() const { return data_; }
    // What the tip at this point says; empty outside the plot.
    QString tipAt(QPoint point) const;
    const QString& title() const { return title_; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent*) override;
    bool event(QEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void leaveEvent(QEvent*) override;
    void wheelEvent(QWheelEvent*) override;

  private:
    // Rows that share a line of the picture.
    struct Rows {
        std::size_t first, end;
    };

    QRect plot() const;
    TimeScale scale() const;
    int lines() const;
    Rows rowsOf(int line) const;
    QString nameOf(std::size_t row) const;
    QString heading() const;
    void redraw();
    int headingHeight() const;

    QString title_;
    double full_;
    TimeAxis& axis_;
    const HeatBuffer* data_ = nullptr;
    QStringList rowNames_;
    int ticket_;
    QImage image_;
    TimeScale drawnScale_;
    std::uint64_t drawnRevision_ = 0;
    QSize drawnSize_;
};

} // namespace penstock::app
