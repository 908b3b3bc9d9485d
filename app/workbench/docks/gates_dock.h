// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// For every gate: is it open, why not, what would open it, and the knobs that its type has.
#include "app/workbench/docks/run_dock.h"

#include <vector>

class QFrame;
class QLabel;
class QPushButton;
class QVBoxLayout;

namespace penstock::app {

class EmptyState;
class GateCard;
class Knobs;

class GatesDock : public RunDock {
    Q_OBJECT
  public:
    // `knobs` must outlive the dock.
    explicit GatesDock(Knobs& knobs, QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;

    const std::vector<GateCard*>& cards() const { return cards_; }
    // Brings a gate's card into view and gives it the focus.
    void reveal(int gate);

  Q_SIGNALS:
    // The user looks at this gate; the gate chart may follow.
    void gateChosen(int gate);
    // The user wants to see this parameter among all.
    void parameterChosen(const QString& path);

  private:
    void showLock();

    Knobs& knobs_;
    std::vector<GateCard*> cards_;
    QFrame* frame_;
    QLabel* lockText_;
    QPushButton* armButton_;
    QVBoxLayout* layout_;
    EmptyState* empty_;
};

} // namespace penstock::app
