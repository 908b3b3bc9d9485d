// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/parts/empty_state.h"

#include "app/workbench/look/theme.h"

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

namespace penstock::app {

EmptyState::EmptyState(const QString& title, const QString& whatToDo, QWidget* parent)
    : QWidget(parent), title_(new QLabel(this)), whatToDo_(new QLabel(this)) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(4);
    layout->addStretch(1);
    for (QLabel* label : {title_, whatToDo_}) {
        label->setAlignment(Qt::AlignCenter);
        label->setWordWrap(true);
        layout->addWidget(label);
    }
    layout->addStretch(1);
    QFont bold = font();
    bold.setBold(true);
    title_->setFont(bold);
    dress();
    setText(title, whatToDo);
}

void EmptyState::setText(const QString& title, const QString& whatToDo) {
    title_->setText(title);
    whatToDo_->setText(whatToDo);
    setAccessibleName(text());
}

QString EmptyState::text() const {
    return title_->text() + QLatin1Char(' ') + whatToDo_->text();
}

void EmptyState::cover(QWidget* area) {
    setParent(area);
    area->installEventFilter(this);
    setGeometry(area->rect());
    raise();
}

bool EmptyState::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize) setGeometry(static_cast<QWidget*>(watched)->rect());
    return false;
}

void EmptyState::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) dress();
    QWidget::changeEvent(event);
}

void EmptyState::dress() {
    QPalette colors; // the other roles follow the application
    colors.setColor(QPalette::WindowText, currentTheme().weakText);
    for (QLabel* label : {title_, whatToDo_})
        label->setPalette(colors);
}

} // namespace penstock::app
