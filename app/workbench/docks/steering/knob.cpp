// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/knob.h"

#include "app/workbench/docks/steering/knobs.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "engine/types/check.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSlider>
#include <QToolButton>

#include <cmath>

namespace penstock::app {
namespace {

constexpr int kEditorCharacters = 9;

QString aboutOf(const ParameterRow& row) {
    QString about = text(row.help);
    if (!about.isEmpty()) about += QLatin1Char('\n');
    return about + Knob::rangeText(row) + QLatin1Char('\n') + text(row.path);
}

} // namespace

QString Knob::rangeText(const ParameterRow& row) {
    const QString unit = row.unit.empty() || row.kind == ParameterKind::duration
                             ? QString()
                             : QLatin1Char(' ') + text(row.unit);
    QString out;
    if (row.kind != ParameterKind::choice && row.kind != ParameterKind::flag) {
        out = tr("From %1 to %2%3. ")
                  .arg(ParameterModel::valueText(row, row.min),
                       ParameterModel::valueText(row, row.max), unit);
    }
    return out + tr("Default: %1%2.").arg(ParameterModel::valueText(row, row.fallback), unit);
}

Knob::Knob(Knobs& knobs, const QString& path, QWidget* parent)
    : QWidget(parent), knobs_(knobs), path_(path), name_(new QLabel(this)),
      reset_(new QToolButton(this)) {
    const ParameterRow* row = knobs_.model().find(path);
    PENSTOCK_CHECK(row != nullptr);
    scale_ = KnobScale(*row);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    name_->setText(text(row->name));
    layout->addWidget(name_);
    const QString spoken = tr("%1 of %2").arg(text(row->name), text(row->group));
    const QString about = aboutOf(*row);
    setToolTip(about);
    if (row->kind == ParameterKind::choice) {
        choice_ = new QComboBox(this);
        for (const std::string& choice : row->choices)
            choice_->addItem(text(choice));
        layout->addWidget(choice_, 1);
        name_->setBuddy(choice_);
        connect(choice_, &QComboBox::activated, this, [this](int i) { knobs_.move(path_, i); });
    } else if (row->kind == ParameterKind::flag) {
        flag_ = new QCheckBox(this);
        layout->addWidget(flag_, 1);
        name_->setBuddy(flag_);
        connect(flag_, &QCheckBox::clicked, this,
                [this](bool on) { knobs_.move(path_, on ? 1 : 0); });
    } else {
        slider_ = new QSlider(Qt::Horizontal, this);
        slider_->setRange(0, kSteps);
        slider_->setPageStep(kSteps / 20);
        slider_->setMinimumWidth(48);
        slider_->setFocusPolicy(Qt::StrongFocus); // the wheel scrolls the dock instead
        slider_->installEventFilter(this);
        layout->addWidget(slider_, 1);
        editor_ = new QLineEdit(this);
        editor_->setAlignment(Qt::AlignRight);
        editor_->setFixedWidth(fontMetrics().averageCharWidth() * kEditorCharacters + 12);
        editor_->setToolTip(about);
        layout->addWidget(editor_);
        auto* unit =
            new QLabel(row->kind == ParameterKind::duration ? QString() : text(row->unit), this);
        unit->setFont(smallFont());
        unit->setVisible(!unit->text().isEmpty());
        layout->addWidget(unit);
        name_->setBuddy(slider_);
        connect(slider_, &QSlider::valueChanged, this, [this](int position) {
            if (!refreshing_) knobs_.move(path_, scale_.value(position / double{kSteps}));
        });
        connect(slider_, &QSlider::sliderReleased, this, [this] { knobs_.endGesture(); });
        connect(editor_, &QLineEdit::editingFinished, this, &Knob::typed);
        connect(editor_, &QLineEdit::textEdited, this, [this](const QString& now) {
            const ParameterRow* r = knobs_.model().find(path_);
            showProblem(r && !ParameterModel::parse(*r, now));
        });
    }
    for (QWidget* control : {static_cast<QWidget*>(slider_), static_cast<QWidget*>(editor_),
                             static_cast<QWidget*>(choice_), static_cast<QWidget*>(flag_)}) {
        if (!control) continue;
        control->setAccessibleName(spoken);
        control->setAccessibleDescription(about);
    }
    reset_->setIcon(icon(QStringLiteral("reset")));
    reset_->setAutoRaise(true);
    reset_->setAccessibleName(tr("Reset %1").arg(spoken));
    reset_->setToolTip(
        tr("Back to the default, %1").arg(ParameterModel::valueText(*row, row->fallback)));
    connect(reset_, &QToolButton::clicked, this, [this] {
        knobs_.endGesture();
        knobs_.reset(path_);
    });
    layout->addWidget(reset_);
    refresh();
}

int Knob::nameWidth() const {
    QFont bold = name_->font();
    bold.setBold(true);
    return QFontMetrics(bold).horizontalAdvance(name_->text() + QStringLiteral(" …"));
}

void Knob::setNameWidth(int width) {
    nameRoom_ = width;
    name_->setFixedWidth(width);
    refresh();
}

void Knob::refresh() {
    const ParameterRow* row = knobs_.model().find(path_);
    if (!row) return; // another run: this knob is about to go
    refreshing_ = true;
    const double now = knobs_.model().shown(path_);
    const bool pending = knobs_.model().pending(path_);
    const bool free = row->live && !knobs_.model().locked();
    if (slider_) {
        const int position = static_cast<int>(std::lround(scale_.position(now) * kSteps));
        // While it is dragged the hand knows better than the rounding.
        if (!slider_->isSliderDown()) slider_->setValue(position);
        slider_->setEnabled(free);
        const QString text = ParameterModel::valueText(*row, now);
        if (!editor_->hasFocus() || !editor_->isModified()) {
            if (editor_->text() != text) editor_->setText(text);
            showProblem(false);
        }
        editor_->setEnabled(free);
    }
    if (choice_) {
        choice_->setCurrentIndex(static_cast<int>(now));
        choice_->setEnabled(free);
    }
    if (flag_) {
        flag_->setChecked(now != 0);
        flag_->setEnabled(free);
    }
    const bool moved = now != row->fallback;
    reset_->setEnabled(free && moved);
    QFont font = name_->font();
    if (font.bold() != moved) {
        font.setBold(moved);
        name_->setFont(font);
    }
    QString name = text(row->name);
    const QString waits = pending ? QStringLiteral(" …") : QString();
    if (nameRoom_ > 0) {
        const QFontMetrics metrics(name_->font());
        name =
            metrics.elidedText(name, Qt::ElideMiddle, nameRoom_ - metrics.horizontalAdvance(waits));
    }
    name += waits;
    if (name_->text() != name) name_->setText(name);
    if (!row->live) {
        setToolTip(tr("%1\nFixed for the life of a run: restart to change it.").arg(aboutOf(*row)));
    }
    refreshing_ = false;
}

void Knob::typed() {
    const ParameterRow* row = knobs_.model().find(path_);
    if (!row || !editor_->isModified()) return;
    const auto value = ParameterModel::parse(*row, editor_->text());
    editor_->setModified(false);
    knobs_.endGesture();
    if (value) knobs_.move(path_, *value);
    knobs_.endGesture();
    refresh(); // what is no value goes back to what is
}

void Knob::showProblem(bool problem) {
    QPalette colors; // the other roles follow the application
    if (problem) colors.setColor(QPalette::Text, currentTheme().bad);
    editor_->setPalette(colors);
}

bool Knob::eventFilter(QObject* watched, QEvent* event) {
    if (watched == slider_ && event->type() == QEvent::Wheel && !slider_->hasFocus()) {
        event->ignore();
        return true;
    }
    if (watched == slider_ && event->type() == QEvent::FocusOut) knobs_.endGesture();
    return QWidget::eventFilter(watched, event);
}

} // namespace penstock::app
