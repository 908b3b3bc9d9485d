// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What stands where there is nothing to show yet: a line that says so, and one that says what to
// do about it.
#include <QWidget>

class QLabel;

namespace penstock::app {

class EmptyState : public QWidget {
    Q_OBJECT
  public:
    EmptyState(const QString& title, const QString& whatToDo, QWidget* parent);

    void setText(const QString& title, const QString& whatToDo);
    QString text() const;
    // Lies over `area` and keeps its size.
    void cover(QWidget* area);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent*) override;

  private:
    void dress();

    QLabel *title_, *whatToDo_;
};

} // namespace penstock::app
