// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One gate: its state, the answer to "why is it closed?" with every number behind it, a gauge of
// reading, truth and threshold, and its knobs.
#include "app/session/run_view.h"

#include <QFrame>

#include <vector>

class QGridLayout;
class QLabel;
class QToolButton;

namespace penstock::app {

class GateGauge;
class Knob;
class Knobs;

class GateCard : public QFrame {
    Q_OBJECT
  public:
    // `knobs` must outlive the card.
    GateCard(const RunInfo::Gate& gate, Knobs& knobs, QWidget* parent = nullptr);

    const QString& owner() const { return owner_; }
    void show(const GateRow& row);
    const std::vector<Knob*>& knobs() const { return knobWidgets_; }
    Knob* knob(const QString& path) const;
    // The card in a few sentences: what a screen reader says, and what tests read.
    QString spoken() const;

  Q_SIGNALS:
    void chosen();
    void parameterChosen(const QString& path);

  protected:
    void changeEvent(QEvent*) override;
    void mousePressEvent(QMouseEvent*) override;

  private:
    QLabel* line(QGridLayout& grid, const QString& name, const QString& help);
    void dress();

    QString owner_, type_;
    bool higherIsBusier_;
    GateRow row_;
    bool known_ = false;
    QLabel *title_, *state_, *why_, *remedy_;
    QToolButton* goTo_;
    GateGauge* gauge_;
    QLabel *read_, *truth_, *threshold_, *budget_, *source_, *fallback_;
    std::vector<Knob*> knobWidgets_;
};

} // namespace penstock::app
