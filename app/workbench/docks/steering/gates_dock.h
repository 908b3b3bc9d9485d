// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// For every gate: is it open, why not, what would open it, and the knobs that its type has. On a
// live system knobs are locked until armed, and then have a red frame around them.
#include "app/workbench/docks/parts/run_dock.h"

#include <QElapsedTimer>

#include <vector>

class QLabel;
class QPushButton;
class QScrollArea;
class QVBoxLayout;

namespace penstock::app {

class EmptyState;
class GateCard;
class Knobs;

class GatesDock : public RunDock {
    Q_OBJECT
  public:
    // `knobs` must outlive the dock; its begin() and add() are called before the dock's.
    explicit GatesDock(Knobs& knobs, QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;

    // In the order of RunInfo::gates.
    const std::vector<GateCard*>& cards() const { return cards_; }
    // Brings a gate's card into view.
    void reveal(int gate);
    QPushButton& armButton() { return *arm_; }

  Q_SIGNALS:
    // The user looks at this gate; the gate chart may follow.
    void gateChosen(int gate);
    // The user asked why a gate is closed: this dock should come to the front.
    void asked();
    // The user wants to see this parameter among all.
    void parameterChosen(const QString& path);

  protected:
    void showEvent(QShowEvent*) override;

  private:
    void showLock();
    void showRows();

    Knobs& knobs_;
    std::vector<GateCard*> cards_;
    std::vector<GateRow> rows_; // as of the last frame
    QWidget *frame_, *lockRow_;
    QLabel* lockText_;
    QPushButton* arm_;
    QScrollArea* scroll_;
    QVBoxLayout* column_;
    EmptyState* empty_;
    QElapsedTimer sinceShown_;
};

} // namespace penstock::app
