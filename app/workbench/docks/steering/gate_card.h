// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One gate: its state, the answer to "why is it closed?" with every number behind it, a gauge of
// reading, truth and threshold, and its knobs.
#include "app/session/view/run_view.h"

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
    // The gate as it is now.
    void setRow(const GateRow& row);
    void refreshKnobs();
    void refreshKnob(const QString& path);
    // Null if the gate has no such knob.
    Knob* knob(const QString& path) const;
    const std::vector<Knob*>& knobs() const { return knobs_; }
    // The card in a few sentences, for screen readers.
    QString spoken() const;

  Q_SIGNALS:
    // The card was clicked or has the focus.
    void chosen();
    void parameterChosen(const QString& path);

  protected:
    void changeEvent(QEvent*) override;
    void mousePressEvent(QMouseEvent*) override;

  private:
    struct Line {
        QLabel *name, *value;
    };

    Line addLine(QGridLayout& grid, const QString& name, const QString& help);
    void addKnobs(Knobs& knobs, QWidget* into);
    void dress();

    QString owner_, type_;
    GateRow row_;
    bool known_ = false;
    QLabel *image_, *state_, *why_, *remedy_;
    QToolButton* goTo_ = nullptr;
    GateGauge* gauge_;
    Line read_{}, truth_{}, threshold_{}, budget_{}, source_{}, fallback_{};
    std::vector<Knob*> knobs_;
};

} // namespace penstock::app
