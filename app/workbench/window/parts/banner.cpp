// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/banner.h"

#include "app/workbench/look/theme.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

namespace penstock::app {
namespace {

constexpr int kImage = 16;

} // namespace

Banner::Banner(QWidget* parent)
    : QFrame(parent), row_(new QHBoxLayout(this)), image_(new QLabel(this)),
      words_(new QLabel(this)), close_(new QToolButton(this)) {
    setObjectName(QStringLiteral("banner"));
    setAutoFillBackground(true);
    words_->setWordWrap(true);
    words_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    close_->setAutoRaise(true);
    close_->setToolTip(tr("Close this message"));
    close_->setAccessibleName(tr("Close this message"));
    connect(close_, &QToolButton::clicked, this, &Banner::close);
    row_->setContentsMargins(10, 5, 6, 5);
    row_->setSpacing(8);
    row_->addWidget(image_, 0, Qt::AlignVCenter);
    row_->addWidget(words_, 1);
    row_->addWidget(close_, 0, Qt::AlignTop);
    hide();
}

bool Banner::say(Severity severity, const QString& words, std::vector<Answer> answers) {
    // Severity counts from the gravest.
    if (shown() && severity > severity_) return false;
    severity_ = severity;
    words_->setText(words);
    setAccessibleName(words);
    for (QPushButton* button : buttons_)
        button->deleteLater();
    buttons_.clear();
    for (Answer& answer : answers) {
        auto* button = new QPushButton(answer.text, this);
        connect(button, &QPushButton::clicked, this, [this, run = std::move(answer.run)] {
            const auto mine = run; // closing lets go of the button
            close();
            if (mine) mine();
        });
        row_->insertWidget(row_->count() - 1, button);
        buttons_.push_back(button);
    }
    dress();
    show();
    return true;
}

void Banner::close() {
    hide();
    words_->clear();
}

QString Banner::words() const {
    return words_->text();
}

void Banner::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) dress();
    QFrame::changeEvent(event);
}

void Banner::dress() {
    const Theme& theme = currentTheme();
    const QColor tone = severity_ == Severity::error     ? theme.bad
                        : severity_ == Severity::warning ? theme.warning
                                                         : theme.palette.color(QPalette::Link);
    // A tint that leaves the text its contrast.
    const QColor window = theme.palette.color(QPalette::Base);
    const auto mix = [](int a, int b) { return (a * 86 + b * 14) / 100; };
    QPalette colors; // the other roles follow the application
    colors.setColor(QPalette::Window,
                    QColor(mix(window.red(), tone.red()), mix(window.green(), tone.green()),
                           mix(window.blue(), tone.blue())));
    if (palette().color(QPalette::Window) != colors.color(QPalette::Window)) setPalette(colors);
    const char* name = severity_ == Severity::error     ? "error"
                       : severity_ == Severity::warning ? "warning"
                                                        : "info";
    image_->setPixmap(
        icon(QString::fromLatin1(name)).pixmap(QSize(kImage, kImage), devicePixelRatioF()));
    close_->setIcon(icon(QStringLiteral("close")));
}

} // namespace penstock::app
