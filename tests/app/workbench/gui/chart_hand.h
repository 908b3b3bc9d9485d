// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A hand with a mouse on a chart: times in, events of the pointer out.
#include "app/workbench/charts/time_chart.h"

#include <QApplication>
#include <QMouseEvent>
#include <QTest>
#include <QWheelEvent>

namespace penstock::app {

class ChartHand {
  public:
    explicit ChartHand(TimeChart& chart) : chart_(chart) {}

    QPoint at(Time t, int y = 20) const { return {qRound(chart_.scene().xAt(t)), y}; }

    void hover(Time t) {
        QTest::mouseMove(&view(), at(t));
        move(at(t), Qt::NoButton, Qt::NoModifier);
    }
    void click(Time t) { QTest::mouseClick(&view(), Qt::LeftButton, {}, at(t)); }
    void doubleClick(Time t) {
        click(t);
        QTest::mouseDClick(&view(), Qt::LeftButton, {}, at(t));
    }
    void wheel(Time t, int steps, Qt::KeyboardModifiers keys = Qt::NoModifier) {
        const QPointF p = at(t);
        QWheelEvent event(p, view().mapToGlobal(p), {}, {0, 120 * steps}, Qt::NoButton, keys,
                          Qt::NoScrollPhase, false);
        QApplication::sendEvent(&view(), &event);
    }
    void drag(Time from, Time to, Qt::MouseButton button = Qt::LeftButton) {
        const QPoint a = at(from), b = at(to);
        QTest::mousePress(&view(), button, {}, a);
        for (int i = 1; i <= 4; ++i)
            move(a + (b - a) * i / 4, button, Qt::NoModifier);
        QTest::mouseRelease(&view(), button, {}, b);
    }

  private:
    PlotView& view() const { return chart_.view(); }
    void move(QPoint to, Qt::MouseButtons buttons, Qt::KeyboardModifiers keys) {
        QMouseEvent event(QEvent::MouseMove, to, view().mapToGlobal(to), Qt::NoButton, buttons,
                          keys);
        QApplication::sendEvent(&view(), &event);
    }

    TimeChart& chart_;
};

} // namespace penstock::app
