// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The guided tour: a small card that stands beside the real part of the window that it speaks of,
// with a frame around that part. Everything stays usable while it is there. GUI thread only.
#include "app/workbench/window/parts/tour_steps.h"

#include <QFrame>
#include <QTimer>

class QLabel;
class QPushButton;

namespace penstock::app {

class MainWindow;
struct RunInfo;

class Tour : public QFrame {
    Q_OBJECT
  public:
    // A child of `window`, hidden until begin().
    explicit Tour(MainWindow& window);

    void begin();
    void next();
    void back();
    void end();
    int step() const { return step_; } // -1: not on tour
    QString words() const;
    // The part that the card speaks of; null if the run has no such part.
    QWidget* anchor() const;
    QPushButton& nextButton() { return *next_; }

  protected:
    void keyPressEvent(QKeyEvent*) override;
    void changeEvent(QEvent*) override;

  private:
    class Frame;
    void enter(int step);
    void showWords();
    void place();
    void dress();

    MainWindow& window_;
    Frame* frame_;
    QLabel *title_, *words_, *count_;
    QPushButton *back_, *next_;
    QTimer follow_; // parts of the window move
    int step_ = -1;
};

} // namespace penstock::app
