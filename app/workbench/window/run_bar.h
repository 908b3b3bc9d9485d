// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The bar over the charts: which scenario, the buttons that steer the run, and how it goes: time,
// target and achieved speed, time left, seed, events a second, progress. GUI thread only.
#include "app/workbench/window/runs/scenarios.h"

#include <QElapsedTimer>
#include <QWidget>

class QComboBox;
class QLabel;
class QProgressBar;
class QToolButton;

namespace penstock::app {

class ActionRegistry;
class RunDesk;

class RunBar : public QWidget {
    Q_OBJECT
  public:
    // Buttons are made of the registry's actions, which must be there. Both must outlive the bar.
    RunBar(RunDesk& desk, const ActionRegistry& registry, QWidget* parent = nullptr);

    void setScenarios(const std::vector<ScenarioCard>& cards);
    QComboBox& scenarios() { return *scenarios_; }
    QComboBox& speed() { return *speed_; }
    QComboBox& until() { return *until_; }
    QProgressBar& progress() { return *progress_; }
    QToolButton* button(const QString& action) const;
    // Everything it says about the run in one line, for screen readers and tests.
    QString spoken() const;

    // Starts what the Until field says.
    void runUntil();

  Q_SIGNALS:
    void scenarioChosen(const QString& file);
    void said(const QString& text);

  private:
    QToolButton* addButton(QLayout& row, const QString& action, Qt::ToolButtonStyle style);
    QLabel* addReading(QLayout& row, const QString& name, const QString& help, int characters);
    void showScenario();
    void showSpeed();
    void showNow(bool atOnce);

    RunDesk& desk_;
    const ActionRegistry& registry_;
    QComboBox *scenarios_, *speed_, *until_;
    QLabel *time_, *pace_, *left_, *seed_, *events_, *status_;
    QProgressBar* progress_;
    QElapsedTimer sinceShown_;
};

} // namespace penstock::app
