// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// For every gate: is it open, why not, what would open it, and the knobs that its type has. Of many
// gates a few have cards at a time, and a line finds the others. On a live system knobs are locked
// until armed, and then have a red frame around them.
#include "app/workbench/docks/parts/run_dock.h"

#include <QElapsedTimer>

#include <vector>

class QLabel;
class QLineEdit;
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

    // More gates than this are filtered: a card has some forty widgets, and no one reads hundreds.
    static constexpr std::size_t kMostCards = 12;

    // Those that are shown, in the order of RunInfo::gates.
    const std::vector<GateCard*>& cards() const { return cards_; }
    // Of this gate, by its place in RunInfo::gates; null if it is not shown.
    GateCard* card(int gate) const;
    // Brings a gate's card into view, whatever the filter says.
    void reveal(int gate);
    // Shows gates whose owner, type and state ("open", "closed") have all the words.
    QLineEdit& filter() { return *filter_; }
    // How many gates are not shown; empty if all are.
    QString more() const;
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
    void showCards();
    bool matches(std::size_t gate, const QStringList& words) const;
    GateCard* makeCard(std::size_t gate);

    Knobs& knobs_;
    std::vector<RunInfo::Gate> infos_;
    std::vector<std::size_t> shown_; // the gate of each card
    std::vector<GateCard*> cards_;
    std::vector<GateRow> rows_; // as of the last frame; none before the first
    int revealed_ = -1;         // a gate that is shown whatever the filter says
    QWidget *frame_, *lockRow_;
    QLineEdit* filter_;
    QLabel *lockText_, *more_;
    QPushButton* arm_;
    QScrollArea* scroll_;
    QVBoxLayout* column_;
    EmptyState* empty_;
    QElapsedTimer sinceShown_;
};

} // namespace penstock::app
