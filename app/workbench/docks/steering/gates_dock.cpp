// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/gates_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/parts/empty_state.h"
#include "app/workbench/docks/steering/gate_card.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/knobs.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"

#include <QFrame>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

constexpr int kFrame = 3;

// Has a red edge while the knobs act on a live system. Not by a style sheet: that would take the
// colours of the labels inside.
class ArmedFrame : public QWidget {
  public:
    using QWidget::QWidget;

  protected:
    void paintEvent(QPaintEvent*) override {
        if (!property("armed").toBool()) return;
        QPainter painter(this);
        painter.setPen(
            QPen(currentTheme().armed, kFrame, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
        painter.drawRect(
            QRectF(rect()).adjusted(kFrame / 2.0, kFrame / 2.0, -kFrame / 2.0, -kFrame / 2.0));
    }
};

} // namespace

GatesDock::GatesDock(Knobs& knobs, QWidget* parent)
    : RunDock(QStringLiteral("gates"), tr("Gates"),
              tr("Every gate: open or closed, why, and its knobs"), parent),
      knobs_(knobs) {
    frame_ = new ArmedFrame(this);
    lockRow_ = new QWidget(frame_);
    lockText_ = new QLabel(lockRow_);
    lockText_->setWordWrap(true);
    arm_ = new QPushButton(lockRow_);
    arm_->setCheckable(true);
    connect(arm_, &QPushButton::clicked, this, [this](bool on) { knobs_.setArmed(on); });
    auto* lockLayout = new QHBoxLayout(lockRow_);
    lockLayout->setContentsMargins(10, 6, 10, 6);
    lockLayout->addWidget(lockText_, 1);
    lockLayout->addWidget(arm_, 0, Qt::AlignTop);

    auto* list = new QWidget;
    column_ = new QVBoxLayout(list);
    column_->setContentsMargins(6, 6, 6, 6);
    column_->setSpacing(8);
    column_->addStretch(1);
    scroll_ = new QScrollArea(frame_);
    scroll_->setWidget(list);
    scroll_->setWidgetResizable(true);
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setFocusPolicy(Qt::NoFocus);
    auto* inner = new QVBoxLayout(frame_);
    inner->setContentsMargins(0, 0, 0, 0);
    inner->setSpacing(0);
    inner->addWidget(lockRow_);
    inner->addWidget(scroll_, 1);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(frame_);
    empty_ = new EmptyState({}, {}, this);
    empty_->cover(this);
    connect(&knobs_, &Knobs::changed, this, [this] {
        showLock();
        for (GateCard* card : cards_)
            card->refreshKnobs();
    });
    connect(&knobs_, &Knobs::moved, this, [this](const QString& path) {
        for (GateCard* card : cards_)
            card->refreshKnob(path);
    });
    begin({});
}

void GatesDock::begin(const RunInfo& info) {
    for (GateCard* card : cards_)
        delete card;
    cards_.clear();
    rows_.clear();
    for (const RunInfo::Gate& gate : info.gates) {
        auto* card = new GateCard(gate, knobs_, scroll_->widget());
        const int index = static_cast<int>(cards_.size());
        connect(card, &GateCard::chosen, this, [this, index] { Q_EMIT gateChosen(index); });
        connect(card, &GateCard::parameterChosen, this, &GatesDock::parameterChosen);
        column_->insertWidget(index, card);
        cards_.push_back(card);
    }
    if (info.scenario.empty()) {
        empty_->setText(tr("No run yet"), tr("Open a scenario: its gates appear here."));
    } else {
        empty_->setText(tr("This scenario has no gate"),
                        tr("Requests go out as fast as there are workers. Give a queue or the "
                           "pool a gate_type to hold them back."));
    }
    empty_->setVisible(cards_.empty());
    frame_->setVisible(!cards_.empty());
    showLock();
}

void GatesDock::add(const Frame& frame) {
    if (frame.gates.empty()) return;
    rows_ = frame.gates;
    // A run that goes on has another frame soon; the last frame before a pause must be shown.
    const bool soon = frame.status == RunStatus::running && sinceShown_.isValid() &&
                      sinceShown_.elapsed() < kShowEveryMs;
    if (isVisible() && !soon) showRows();
}

void GatesDock::showEvent(QShowEvent* event) {
    RunDock::showEvent(event);
    showRows();
}

void GatesDock::showRows() {
    sinceShown_.start();
    for (const GateRow& row : rows_) {
        for (GateCard* card : cards_) {
            if (card->owner() == text(row.owner)) card->setRow(row);
        }
    }
}

void GatesDock::reveal(int gate) {
    if (gate < 0 || static_cast<std::size_t>(gate) >= cards_.size()) return;
    scroll_->ensureWidgetVisible(cards_[static_cast<std::size_t>(gate)]);
}

void GatesDock::showLock() {
    const QString because = knobs_.lockedBecause();
    const bool armed = knobs_.needsArming() && knobs_.armed();
    lockRow_->setVisible(!cards_.empty() && (!because.isEmpty() || knobs_.needsArming()));
    lockText_->setText(armed ? tr("Armed: knobs act on the live system.") : because);
    arm_->setVisible(knobs_.needsArming());
    arm_->setChecked(armed);
    arm_->setText(armed ? tr("Disarm") : tr("Arm"));
    arm_->setIcon(icon(QStringLiteral("lock")));
    arm_->setAccessibleName(armed ? tr("Disarm the knobs") : tr("Arm the knobs"));
    const int edge = armed ? kFrame : 0;
    frame_->setProperty("armed", armed);
    frame_->layout()->setContentsMargins(edge, edge, edge, edge);
    frame_->update();
}

void GatesDock::addActions(ActionRegistry& registry) {
    ActionSpec spec{QStringLiteral("gates.why"),
                    tr("Gate"),
                    tr("&Why is it closed?"),
                    tr("The first closed gate, with the numbers behind its decision"),
                    QStringLiteral("why"),
                    {QKeySequence(Qt::CTRL | Qt::Key_G)}};
    registry.add(spec, [this](bool) {
        int gate = 0;
        for (std::size_t i = 0; i < rows_.size() && i < cards_.size(); ++i) {
            if (!rows_[i].open) {
                gate = static_cast<int>(i);
                break;
            }
        }
        if (cards_.empty()) {
            Q_EMIT said(tr("There is no gate. Open a scenario that has one."));
            return;
        }
        Q_EMIT gateChosen(gate);
        Q_EMIT asked();
        reveal(gate);
        Q_EMIT said(tr("%1: %2").arg(cards_[static_cast<std::size_t>(gate)]->owner(),
                                     cards_[static_cast<std::size_t>(gate)]->spoken()));
    });
    ActionSpec arm{QStringLiteral("gates.arm"), tr("Gate"), tr("&Arm or disarm the knobs"),
                   tr("On a live system only"), QStringLiteral("lock")};
    registry.add(arm, [this](bool) {
        if (knobs_.needsArming()) {
            knobs_.setArmed(!knobs_.armed());
        } else {
            Q_EMIT said(tr("Only a live system's knobs have to be armed."));
        }
    });
}

} // namespace penstock::app
