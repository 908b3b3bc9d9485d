// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The gallery: every scenario that comes with the program, what it is about, and what it teaches.
#include "app/workbench/window/runs/scenarios.h"

#include <QWidget>

class QLineEdit;
class QPushButton;
class QVBoxLayout;

namespace penstock::app {

class StartPage : public QWidget {
    Q_OBJECT
  public:
    explicit StartPage(QWidget* parent = nullptr);

    void setScenarios(const std::vector<ScenarioCard>& cards);
    // The button that opens a scenario; null if it is not in the gallery.
    QPushButton* opener(const QString& name) const;
    QLineEdit& search() { return *search_; }

  Q_SIGNALS:
    void chosen(const QString& file);
    void tourWanted();
    void fileWanted();
    void closed();

  protected:
    void keyPressEvent(QKeyEvent*) override;
    void changeEvent(QEvent*) override;

  private:
    void filter();
    void dress();

    QLineEdit* search_;
    QVBoxLayout* column_;
    QList<QWidget*> cards_;
};

} // namespace penstock::app
