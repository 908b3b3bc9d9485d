// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/gate_card.h"

#include "app/workbench/docks/steering/gate_gauge.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/knobs.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace penstock::app {
namespace {

constexpr int kWidestName = 120; // pixels; a longer one is elided, and whole in its tool tip

void setTextOf(QLabel* label, const QString& words) {
    if (label->text() != words) label->setText(words);
}

// "gate_closed" → "gate closed"
QString reasonWords(const std::string& reason) {
    return text(reason).replace(QLatin1Char('_'), QLatin1Char(' '));
}

// Whether a parameter belongs to this gate's documents: its group is "OWNER, TYPE", or OWNER with
// a path through the gate's own section.
bool belongs(const ParameterRow& row, const QString& owner) {
    const QString group = text(row.group);
    if (group.startsWith(owner + QLatin1Char(','))) return true;
    return group == owner && text(row.path).contains(QStringLiteral(".gate"));
}

} // namespace

GateCard::GateCard(const RunInfo::Gate& gate, Knobs& knobs, QWidget* parent)
    : QFrame(parent), owner_(text(gate.owner)), type_(text(gate.type)) {
    setObjectName(QStringLiteral("gate.") + owner_);
    setFrameShape(QFrame::StyledPanel);
    setAccessibleName(tr("Gate of %1").arg(owner_));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 8, 10, 10);
    column->setSpacing(4);

    auto* heading = new QHBoxLayout;
    heading->setSpacing(6);
    image_ = new QLabel(this);
    auto* title = new QLabel(QStringLiteral("<b>%1</b>").arg(owner_.toHtmlEscaped()), this);
    state_ = new QLabel(this);
    heading->addWidget(image_);
    heading->addWidget(title);
    heading->addStretch(1);
    heading->addWidget(state_);
    column->addLayout(heading);
    auto* type = new QLabel(type_, this);
    type->setFont(smallFont());
    type->setToolTip(tr("The gate's type in the documents"));
    column->addWidget(type);

    gauge_ = new GateGauge(this);
    column->addWidget(gauge_);
    why_ = new QLabel(this);
    why_->setWordWrap(true);
    column->addWidget(why_);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(10);
    grid->setVerticalSpacing(1);
    grid->setColumnStretch(1, 1);
    read_ = addLine(*grid, tr("Read"), tr("The value it decided on, and how old it was"));
    truth_ = addLine(*grid, tr("True now"),
                     tr("The same quantity in the simulated world at this moment; the gate does "
                        "not see it. A live system cannot know it."));
    threshold_ = addLine(*grid, tr("Threshold"), tr("What the reading is held against"));
    budget_ = addLine(*grid, tr("Budget"), tr("The share of the limit that it lets through"));
    source_ = addLine(*grid, tr("Source"), tr("Where the value came from"));
    source_.value->setTextInteractionFlags(Qt::NoTextInteraction); // it holds places to break
    fallback_ =
        addLine(*grid, tr("Fallback"), tr("What the gate does while its source does not answer"));
    column->addLayout(grid);
    auto* bottom = new QHBoxLayout;
    remedy_ = new QLabel(this);
    remedy_->setWordWrap(true);
    goTo_ = new QToolButton(this);
    goTo_->setText(tr("Show"));
    goTo_->setAutoRaise(true);
    goTo_->setToolTip(tr("Show the parameter that would change this first"));
    goTo_->setAccessibleName(goTo_->toolTip());
    goTo_->hide();
    connect(goTo_, &QToolButton::clicked, this, [this] {
        const QString path = text(row_.parameterPath);
        if (Knob* own = knob(path)) {
            (own->slider() ? static_cast<QWidget*>(own->slider()) : own)
                ->setFocus(Qt::OtherFocusReason);
        } else {
            Q_EMIT parameterChosen(path);
        }
    });
    bottom->addWidget(remedy_, 1);
    bottom->addWidget(goTo_, 0, Qt::AlignTop);
    column->addLayout(bottom);
    addKnobs(knobs, this);
    dress();
    setTextOf(why_, tr("It has not decided anything yet."));
}

GateCard::Line GateCard::addLine(QGridLayout& grid, const QString& name, const QString& help) {
    Line line{new QLabel(name, this), new QLabel(this)};
    line.name->setToolTip(help);
    line.name->setMinimumWidth(0);
    line.value->setToolTip(help);
    line.value->setWordWrap(true);
    line.value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    line.value->setAccessibleName(name);
    const int row = grid.rowCount();
    grid.addWidget(line.name, row, 0, Qt::AlignTop | Qt::AlignLeft);
    grid.addWidget(line.value, row, 1);
    return line;
}

void GateCard::addKnobs(Knobs& knobs, QWidget* into) {
    int width = 0;
    for (const ParameterRow& row : knobs.model().parameters()) {
        if (!belongs(row, owner_)) continue;
        auto* knob = new Knob(knobs, text(row.path), into);
        width = std::max(width, std::min(knob->nameWidth(), kWidestName));
        knobs_.push_back(knob);
    }
    if (knobs_.empty()) return;
    auto* rule = new QFrame(into);
    rule->setFrameShape(QFrame::HLine);
    rule->setFrameShadow(QFrame::Plain);
    rule->setForegroundRole(QPalette::Mid);
    layout()->addWidget(rule);
    for (Knob* knob : knobs_) {
        knob->setNameWidth(width);
        layout()->addWidget(knob);
    }
}

void GateCard::setRow(const GateRow& row) {
    const bool turned = !known_ || row.open != row_.open;
    row_ = row;
    known_ = true;
    if (turned) dress();
    gauge_->setVisible(!std::isnan(row.read) || !std::isnan(row.threshold));
    gauge_->show(row);
    setTextOf(why_, row.open             ? QString()
                    : row.reason.empty() ? tr("Closed.")
                                         : tr("Closed: %1.").arg(reasonWords(row.reason)));
    why_->setVisible(!row.open);
    QString read = std::isnan(row.read) ? tr("nothing") : number(row.read);
    if (!std::isnan(row.readAgeSeconds)) {
        read += tr(", %1 old").arg(text(durationLabel(fromSeconds(row.readAgeSeconds))));
    }
    const auto show = [](Line line, const QString& words) {
        setTextOf(line.value, words);
        line.name->setVisible(!words.isEmpty());
        line.value->setVisible(!words.isEmpty());
    };
    show(read_, read);
    show(truth_, std::isnan(row.truth) ? QString() : number(row.truth));
    show(threshold_, std::isnan(row.threshold) ? QString() : number(row.threshold));
    show(budget_, number(row.budget));
    show(source_, breakable(text(row.source)));
    source_.value->setToolTip(text(row.source));
    show(fallback_, text(row.fallback));
    setTextOf(remedy_, text(row.remedy));
    remedy_->setVisible(!row.remedy.empty());
    goTo_->setVisible(!row.parameterPath.empty());
    setAccessibleDescription(spoken());
}

void GateCard::refreshKnobs() {
    for (Knob* knob : knobs_)
        knob->refresh();
}

void GateCard::refreshKnob(const QString& path) {
    if (Knob* one = knob(path)) one->refresh();
}

Knob* GateCard::knob(const QString& path) const {
    for (Knob* knob : knobs_) {
        if (knob->path() == path) return knob;
    }
    return nullptr;
}

QString GateCard::spoken() const {
    if (!known_) return why_->text();
    QStringList parts{row_.open ? tr("Open.") : why_->text()};
    for (const Line& line : {read_, truth_, threshold_, budget_, source_, fallback_}) {
        if (!line.value->text().isEmpty()) {
            parts << QStringLiteral("%1 %2.").arg(line.name->text(), line.value->text());
        }
    }
    if (!row_.remedy.empty()) parts << text(row_.remedy);
    return parts.join(QLatin1Char(' '));
}

void GateCard::dress() {
    const Theme& theme = currentTheme();
    const bool open = !known_ || row_.open;
    image_->setPixmap(icon(open ? QStringLiteral("gate-open") : QStringLiteral("gate-closed"))
                          .pixmap(QSize(18, 18), devicePixelRatioF()));
    QPalette colors; // the other roles follow the application
    colors.setColor(QPalette::WindowText, !known_ ? theme.weakText : open ? theme.good : theme.bad);
    state_->setPalette(colors);
    QFont bold = font();
    bold.setBold(true);
    state_->setFont(bold);
    setTextOf(state_, !known_ ? tr("not known") : open ? tr("open") : tr("closed"));
    colors.setColor(QPalette::WindowText, theme.weakText);
    for (const Line& line : {read_, truth_, threshold_, budget_, source_, fallback_}) {
        if (line.name) line.name->setPalette(colors);
    }
}

void GateCard::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange && goTo_) dress();
    QFrame::changeEvent(event);
}

void GateCard::mousePressEvent(QMouseEvent* event) {
    Q_EMIT chosen();
    QFrame::mousePressEvent(event);
}

} // namespace penstock::app
