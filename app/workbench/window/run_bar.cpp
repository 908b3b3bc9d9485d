// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/run_bar.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"
#include "app/workbench/window/runs/run_desk.h"
#include "app/workbench/window/runs/until.h"
#include "engine/types/check.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QToolButton>

#include <cmath>

namespace penstock::app {
namespace {

constexpr qint64 kDigitsEveryMs = 90; // digits that change faster cannot be read
constexpr int kProgressSteps = 1000;

QString speedText(double speed) {
    return QStringLiteral("×%1").arg(QString::number(speed, 'g', 4));
}

std::optional<double> speedOf(QString typed) {
    typed.remove(QChar(u'×')).remove(QLatin1Char('x')).remove(QLatin1Char(','));
    bool ok = false;
    const double speed = typed.trimmed().toDouble(&ok);
    if (!ok || !(speed > 0) || speed > 1e6) return std::nullopt;
    return speed;
}

QFrame* separator(QWidget* parent) {
    auto* line = new QFrame(parent);
    line->setFrameShape(QFrame::VLine);
    line->setFrameShadow(QFrame::Sunken);
    return line;
}

} // namespace

RunBar::RunBar(RunDesk& desk, const ActionRegistry& registry, QWidget* parent)
    : QWidget(parent), desk_(desk), registry_(registry), scenarios_(new QComboBox(this)),
      speed_(new QComboBox(this)), until_(new QComboBox(this)), progress_(new QProgressBar(this)) {
    setObjectName(QStringLiteral("runBar"));
    setAccessibleName(tr("Run"));
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(4);
    scenarios_->setAccessibleName(tr("Scenario"));
    scenarios_->setToolTip(tr("The scenario on the screen; choose another to run it"));
    scenarios_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    scenarios_->setMinimumContentsLength(18);
    buttons->addWidget(scenarios_);
    addButton(*buttons, QStringLiteral("run.restart"), Qt::ToolButtonIconOnly);
    buttons->addWidget(separator(this));
    addButton(*buttons, QStringLiteral("run.toggle"), Qt::ToolButtonTextBesideIcon);
    speed_->setEditable(true);
    speed_->setInsertPolicy(QComboBox::NoInsert);
    speed_->setAccessibleName(tr("Speed"));
    speed_->setToolTip(tr("Engine seconds a second; type any number, or use the keys [ and ]"));
    for (const double s : RunDesk::speeds())
        speed_->addItem(speedText(s), s);
    speed_->setMinimumContentsLength(5);
    speed_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    buttons->addWidget(speed_);
    addButton(*buttons, QStringLiteral("run.fast"), Qt::ToolButtonTextBesideIcon);
    addButton(*buttons, QStringLiteral("run.step"), Qt::ToolButtonTextBesideIcon);
    buttons->addWidget(separator(this));
    addButton(*buttons, QStringLiteral("run.until"), Qt::ToolButtonTextBesideIcon);
    until_->setEditable(true);
    until_->setInsertPolicy(QComboBox::NoInsert);
    until_->setAccessibleName(tr("Run until"));
    until_->setToolTip(tr("A time from the start (20 min), from now (+90 s), or a condition over "
                          "the report (queues.batch.succeeded >= 1000)"));
    until_->addItems({tr("+1 min"), tr("+5 min"), tr("20 min"), tr("1 h"), tr("the end")});
    until_->setCurrentIndex(1);
    until_->setMinimumContentsLength(10);
    until_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    buttons->addWidget(until_);
    buttons->addWidget(separator(this));
    addButton(*buttons, QStringLiteral("run.stop"), Qt::ToolButtonTextBesideIcon);
    buttons->addStretch(1);
    addButton(*buttons, QStringLiteral("overlay.perfect"), Qt::ToolButtonTextBesideIcon);
    addButton(*buttons, QStringLiteral("overlay.base"), Qt::ToolButtonTextBesideIcon);
    buttons->addWidget(separator(this));
    addButton(*buttons, QStringLiteral("help.palette"), Qt::ToolButtonIconOnly);

    auto* readings = new QHBoxLayout;
    readings->setSpacing(14);
    status_ = addReading(*readings, tr("Status"), tr("What the run is doing"), 9);
    time_ = addReading(*readings, tr("Time"), tr("Engine time since the run began"), 16);
    pace_ = addReading(*readings, tr("Pace"),
                       tr("Engine seconds a second: wanted, and what this machine achieves"), 24);
    left_ = addReading(*readings, tr("Left"),
                       tr("Wall time until the run has come to its target, or to its end"), 14);
    events_ = addReading(*readings, tr("Events"), tr("Decisions a second of wall time"), 16);
    seed_ = addReading(*readings, tr("Seed"),
                       tr("The same seed and the same moves make exactly the same run"), 8);
    progress_->setRange(0, kProgressSteps);
    progress_->setTextVisible(false);
    progress_->setFixedHeight(8);
    progress_->setAccessibleName(tr("Progress"));
    progress_->setToolTip(tr("How much of the way to its target, or to its end, is done"));
    readings->addWidget(progress_, 1, Qt::AlignVCenter);

    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(8, 4, 8, 4);
    rows->setSpacing(3);
    rows->addLayout(buttons);
    rows->addLayout(readings);

    connect(scenarios_, &QComboBox::activated, this,
            [this](int i) { Q_EMIT scenarioChosen(scenarios_->itemData(i).toString()); });
    const auto takeSpeed = [this] {
        if (const auto speed = speedOf(speed_->currentText())) {
            desk_.setSpeed(*speed);
        } else {
            Q_EMIT said(tr("“%1” is no speed: a number above 0 is, such as 20.")
                            .arg(speed_->currentText()));
        }
        showSpeed();
    };
    connect(speed_, &QComboBox::activated, this, takeSpeed);
    connect(speed_->lineEdit(), &QLineEdit::editingFinished, this, takeSpeed);
    connect(until_->lineEdit(), &QLineEdit::returnPressed, this, &RunBar::runUntil);
    connect(&desk_, &RunDesk::speedChanged, this, &RunBar::showSpeed);
    connect(&desk_, &RunDesk::making, this,
            [this](const QString& name) { status_->setText(tr("Making %1").arg(name)); });
    connect(&desk_, &RunDesk::begun, this, [this] {
        showScenario();
        showNow(true);
    });
    connect(&desk_, &RunDesk::failed, this, [this] {
        showScenario();
        showNow(true);
    });
    connect(&desk_, &RunDesk::came, this, [this] { showNow(false); });
    sinceShown_.start();
    showSpeed();
    showNow(true);
}

QToolButton* RunBar::addButton(QLayout& row, const QString& action, Qt::ToolButtonStyle style) {
    QAction* known = registry_.find(action);
    PENSTOCK_CHECK(known != nullptr);
    auto* button = new QToolButton(this);
    button->setObjectName(QStringLiteral("button.") + action);
    button->setDefaultAction(known);
    button->setToolButtonStyle(style);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::TabFocus);
    button->setAccessibleName(ActionRegistry::plainText(*known));
    row.addWidget(button);
    return button;
}

QToolButton* RunBar::button(const QString& action) const {
    return findChild<QToolButton*>(QStringLiteral("button.") + action);
}

QLabel* RunBar::addReading(QLayout& row, const QString& name, const QString& help, int characters) {
    auto* label = new QLabel(this);
    label->setFont(numberFont());
    // A width of its own, so that nothing hops while digits come and go.
    label->setMinimumWidth(QFontMetrics(numberFont()).horizontalAdvance(QLatin1Char('0')) *
                           characters);
    label->setAccessibleName(name);
    label->setToolTip(help);
    row.addWidget(label);
    return label;
}

void RunBar::setScenarios(const std::vector<ScenarioCard>& cards) {
    scenarios_->clear();
    for (const ScenarioCard& card : cards) {
        scenarios_->addItem(card.name, card.file);
        scenarios_->setItemData(scenarios_->count() - 1, card.about, Qt::ToolTipRole);
    }
    showScenario();
}

// The scenario of the run on the screen, though it may be none of those that came with the program.
void RunBar::showScenario() {
    const QString name = text(desk_.info().scenario);
    int index = scenarios_->findText(name);
    if (index < 0 && !name.isEmpty()) {
        const QString file = desk_.order() ? text(desk_.order()->scenario) : QString();
        scenarios_->insertItem(0, name, file);
        index = 0;
    }
    scenarios_->setCurrentIndex(index);
}

void RunBar::showSpeed() {
    if (speed_->lineEdit()->hasFocus() && speed_->lineEdit()->isModified()) return;
    speed_->setEditText(speedText(desk_.speed()));
}

void RunBar::showNow(bool atOnce) {
    const RunNow& now = desk_.now();
    const bool quiet = desk_.running() && !atOnce && sinceShown_.elapsed() < kDigitsEveryMs;
    if (quiet) return;
    sinceShown_.start();
    if (!desk_.hasRun()) {
        for (QLabel* label : {time_, pace_, left_, events_, seed_})
            label->clear();
        status_->setText(tr("No run"));
        progress_->setValue(0);
        return;
    }
    const RunInfo& info = desk_.info();
    status_->setText(text(runStatusName(now.status)));
    time_->setText(tr("t = %1").arg(text(clockLabel(now.head - info.start))));
    const auto achieved = [&] { return speedText(std::round(now.achievedSpeed * 10) / 10); };
    if (!desk_.running()) {
        pace_->clear();
    } else if (now.targetSpeed > 0) {
        pace_->setText(tr("%1 (achieved %2)").arg(speedText(now.targetSpeed), achieved()));
    } else {
        pace_->setText(tr("fast (%1)").arg(speedText(std::round(now.achievedSpeed))));
    }
    left_->setText(desk_.running() && now.remainingSeconds
                       ? tr("%1 left").arg(text(durationLabel(fromSeconds(*now.remainingSeconds))))
                       : QString());
    events_->setText(desk_.running() ? tr("%1 events/s").arg(text(numberLabel(now.eventsPerSecond)))
                                     : QString());
    seed_->setText(tr("seed %1").arg(info.seed));
    progress_->setValue(static_cast<int>(std::lround(now.progress * kProgressSteps)));
}

QString RunBar::spoken() const {
    QStringList words{text(desk_.info().scenario)};
    for (const QLabel* label : {status_, time_, pace_, left_, events_, seed_}) {
        if (!label->text().isEmpty()) words << label->text();
    }
    return words.join(QStringLiteral(", "));
}

void RunBar::runUntil() {
    const auto until = parseUntil(until_->currentText(), desk_.info(), desk_.now().head);
    if (until) {
        desk_.send(*until);
    } else {
        Q_EMIT said(text(until.error().text()));
    }
}

} // namespace penstock::app
