// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A bar that shows at a glance how far a gate's reading is from its threshold: the reading filled,
// the true value as a tick below, the threshold as a line across.
#include "app/session/view/rows.h"

#include <QWidget>

namespace penstock::app {

class GateGauge : public QWidget {
    Q_OBJECT
  public:
    explicit GateGauge(QWidget* parent = nullptr);

    void show(const GateRow& row);
    // The value at the right end: grows at once, shrinks slowly, so that the bar does not hop.
    double full() const { return full_; }

    QSize sizeHint() const override { return {200, 26}; }
    QSize minimumSizeHint() const override { return {80, 26}; }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    GateRow row_;
    double full_ = 1;
};

} // namespace penstock::app
