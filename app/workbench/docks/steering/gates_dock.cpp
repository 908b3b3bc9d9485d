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
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

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

    filter_ = new QLineEdit(frame_);
    filter_->setPlaceholderText(tr("Filter: queue code, a type, closed"));
    filter_->setClearButtonEnabled(true);
    filter_->setAccessibleName(tr("Filter the gates"));
    filter_->setToolTip(tr("Words of a gate's queue or pool, of its type, or open or closed"));
    connect(filter_, &QLineEdit::textChanged, this, [this] {
        revealed_ = -1;
        showCards();
    });
    auto* filterRow = new QHBoxLayout;
    filterRow->setContentsMargins(4, 3, 4, 3);
    filterRow->addWidget(filter_);
    more_ = new QLabel(frame_);
    more_->setContentsMargins(10, 4, 10, 6);
    more_->setWordWrap(true);

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
    inner->addLayout(filterRow);
    inner->addWidget(scroll_, 1);
    inner->addWidget(more_);
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
    shown_.clear();
    rows_.clear();
    infos_ = info.gates;
    revealed_ = -1;
    filter_->clear();
    filter_->setVisible(infos_.size() > kMostCards);
    showCards();
    if (info.scenario.empty()) {
        empty_->setText(tr("No run yet"), tr("Open a scenario: its gates appear here."));
    } else {
        empty_->setText(tr("This scenario has no gate"),
                        tr("Requests go out as fast as there are workers. Give a queue or the "
                           "pool a gate_type to hold them back."));
    }
    empty_->setVisible(infos_.empty());
    frame_->setVisible(!infos_.empty());
    showLock();
}

GateCard* GatesDock::makeCard(std::size_t gate) {
    auto* card = new GateCard(infos_[gate], knobs_, scroll_->widget());
    const int index = static_cast<int>(gate);
    connect(card, &GateCard::chosen, this, [this, index] { Q_EMIT gateChosen(index); });
    connect(card, &GateCard::parameterChosen, this, &GatesDock::parameterChosen);
    if (gate < rows_.size()) card->setRow(rows_[gate]);
    return card;
}

bool GatesDock::matches(std::size_t gate, const QStringList& words) const {
    if (words.isEmpty()) return true;
    const RunInfo::Gate& info = infos_[gate];
    QString all = text(info.owner) + QLatin1Char(' ') + text(info.type);
    if (gate < rows_.size()) {
        all += rows_[gate].open ? QStringLiteral(" open") : QStringLiteral(" closed");
    }
    return std::all_of(words.begin(), words.end(), [&](const QString& word) {
        return all.contains(word, Qt::CaseInsensitive);
    });
}

void GatesDock::showCards() {
    // The gate that the user was led to and the one in use stay; then as many as there is room for.
    std::vector<std::size_t> wanted;
    if (revealed_ >= 0) wanted.push_back(static_cast<std::size_t>(revealed_));
    const QWidget* focus = focusWidget();
    for (std::size_t i = 0; i < cards_.size(); ++i) {
        const bool used = focus && focus->hasFocus() && cards_[i]->isAncestorOf(focus);
        if (used && static_cast<int>(shown_[i]) != revealed_) wanted.push_back(shown_[i]);
    }
    const QStringList words = filter_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    std::size_t hidden = 0, closed = 0;
    for (std::size_t gate = 0; gate < infos_.size(); ++gate) {
        if (std::find(wanted.begin(), wanted.end(), gate) != wanted.end()) continue;
        if (!matches(gate, words)) continue;
        if (wanted.size() < kMostCards) {
            wanted.push_back(gate);
        } else {
            ++hidden;
            if (gate < rows_.size() && !rows_[gate].open) ++closed;
        }
    }
    std::sort(wanted.begin(), wanted.end());
    if (wanted != shown_) {
        std::vector<GateCard*> cards;
        for (std::size_t place = 0; place < wanted.size(); ++place) {
            GateCard* known = card(static_cast<int>(wanted[place]));
            if (!known) {
                known = makeCard(wanted[place]);
                column_->insertWidget(static_cast<int>(place), known);
            }
            cards.push_back(known);
        }
        for (GateCard* old : cards_) {
            if (std::find(cards.begin(), cards.end(), old) == cards.end()) delete old;
        }
        cards_ = std::move(cards);
        shown_ = std::move(wanted);
    }
    QString left;
    if (hidden > 0) left = tr("and %1 more, %2 of them closed").arg(hidden).arg(closed);
    if (cards_.empty() && !words.isEmpty()) left = tr("No gate has these words.");
    if (more_->text() != left) more_->setText(left);
    more_->setVisible(!left.isEmpty());
}

GateCard* GatesDock::card(int gate) const {
    const auto at = std::find(shown_.begin(), shown_.end(), static_cast<std::size_t>(gate));
    return at == shown_.end() ? nullptr : cards_[static_cast<std::size_t>(at - shown_.begin())];
}

QString GatesDock::more() const {
    return more_->text();
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
    if (infos_.size() > kMostCards) showCards(); // what is closed is other gates now
    for (std::size_t i = 0; i < cards_.size(); ++i) {
        if (shown_[i] < rows_.size()) cards_[i]->setRow(rows_[shown_[i]]);
    }
}

void GatesDock::reveal(int gate) {
    if (gate < 0 || static_cast<std::size_t>(gate) >= infos_.size()) return;
    if (!card(gate)) {
        revealed_ = gate;
        showCards();
        column_->activate(); // a new card has no place before
    }
    scroll_->ensureWidgetVisible(card(gate));
}

void GatesDock::showLock() {
    const QString because = knobs_.lockedBecause();
    const bool armed = knobs_.needsArming() && knobs_.armed();
    lockRow_->setVisible(!infos_.empty() && (!because.isEmpty() || knobs_.needsArming()));
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
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!rows_[i].open) {
                gate = static_cast<int>(i);
                break;
            }
        }
        if (infos_.empty()) {
            Q_EMIT said(tr("There is no gate. Open a scenario that has one."));
            return;
        }
        Q_EMIT gateChosen(gate);
        Q_EMIT asked();
        reveal(gate);
        Q_EMIT said(tr("%1: %2").arg(card(gate)->owner(), card(gate)->spoken()));
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
