// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One curve in a chart's heading: its colour, its name and its value now or at the crosshair.
// Pressing it hides or shows the curve. Names give way before values when room is short.
#include <QAbstractButton>

namespace penstock::app {

class LegendEntry : public QAbstractButton {
    Q_OBJECT
  public:
    enum class Swatch { line, dashes, area };

    LegendEntry(QString name, int color, Swatch swatch, QWidget* parent = nullptr);

    // Repaints only if the text differs.
    void setValue(const QString& text);
    // The values of other runs that are laid over this one; `count` is for the room they take.
    void setOthers(int count, const QStringList& values);
    const QString& value() const { return value_; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent*) override;
    bool event(QEvent*) override;

  private:
    int valueWidth() const;

    QString name_, value_, others_;
    int otherCount_ = 0, widest_ = 0;
    int color_;
    Swatch swatch_;
};

// A reason for which a gate was closed: its shade, its name, and its share of the visible time.
class ReasonEntry : public QWidget {
    Q_OBJECT
  public:
    ReasonEntry(QString name, int color, QWidget* parent = nullptr);
    void setShare(double share);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {28, sizeHint().height()}; }

  protected:
    void paintEvent(QPaintEvent*) override;

  private:
    QString text() const;

    QString name_;
    int color_;
    int percent_ = 0;
};

} // namespace penstock::app
