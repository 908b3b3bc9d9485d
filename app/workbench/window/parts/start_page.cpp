// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/start_page.h"

#include "app/workbench/look/theme.h"

#include <QEvent>
#include <QFrame>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

constexpr int kWidest = 860; // a line that can be read without losing the next

} // namespace

StartPage::StartPage(QWidget* parent) : QWidget(parent), search_(new QLineEdit(this)) {
    setObjectName(QStringLiteral("startPage"));
    setAccessibleName(tr("Scenarios"));
    auto* title = new QLabel(tr("What would you like to see?"), this);
    QFont large = font();
    large.setPointSizeF(large.pointSizeF() * 1.5);
    title->setFont(large);
    auto* about = new QLabel(
        tr("Each scenario is a pool of model servers, its traffic, and a dispatch gate, with one "
           "thing to learn from it. Open one: it plays by itself, and every knob can be moved "
           "while "
           "it does."),
        this);
    about->setWordWrap(true);
    search_->setPlaceholderText(tr("Find a scenario: stampede, stale, retry…"));
    search_->setClearButtonEnabled(true);
    search_->setAccessibleName(tr("Find a scenario"));
    connect(search_, &QLineEdit::textChanged, this, &StartPage::filter);
    auto* tour = new QPushButton(icon(QStringLiteral("book")), tr("Guided tour"), this);
    connect(tour, &QPushButton::clicked, this, &StartPage::tourWanted);
    auto* open = new QPushButton(icon(QStringLiteral("open")), tr("Open a file…"), this);
    connect(open, &QPushButton::clicked, this, &StartPage::fileWanted);
    auto* back = new QPushButton(tr("Back to the charts"), this);
    back->setToolTip(tr("Esc"));
    connect(back, &QPushButton::clicked, this, &StartPage::closed);
    auto* row = new QHBoxLayout;
    row->addWidget(search_, 1);
    row->addWidget(tour);
    row->addWidget(open);
    row->addWidget(back);

    auto* list = new QWidget;
    list->setMaximumWidth(kWidest);
    column_ = new QVBoxLayout(list);
    column_->setContentsMargins(0, 0, 0, 0);
    column_->setSpacing(8);
    column_->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(list);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* page = new QVBoxLayout(this);
    page->setContentsMargins(18, 14, 10, 6);
    page->setSpacing(8);
    page->addWidget(title);
    page->addWidget(about);
    page->addLayout(row);
    page->addWidget(scroll, 1);
}

void StartPage::setScenarios(const std::vector<ScenarioCard>& scenarios) {
    qDeleteAll(cards_);
    cards_.clear();
    for (const ScenarioCard& scenario : scenarios) {
        auto* card = new QFrame(this);
        card->setFrameShape(QFrame::StyledPanel);
        card->setAutoFillBackground(true);
        card->setObjectName(QStringLiteral("card.") + scenario.name);
        card->setProperty("words", scenario.name + QLatin1Char(' ') + scenario.about +
                                       QLatin1Char(' ') + scenario.lesson);
        auto* name = new QLabel(scenario.name, card);
        QFont bold = font();
        bold.setBold(true);
        bold.setPointSizeF(bold.pointSizeF() * 1.1);
        name->setFont(bold);
        auto* open = new QPushButton(tr("Open"), card);
        open->setObjectName(QStringLiteral("open.") + scenario.name);
        open->setAccessibleName(tr("Open %1").arg(scenario.name));
        connect(open, &QPushButton::clicked, this,
                [this, file = scenario.file] { Q_EMIT chosen(file); });
        auto* about = new QLabel(scenario.about, card);
        about->setObjectName(QStringLiteral("about"));
        auto* lesson =
            new QLabel(tr("<b>Lesson:</b> %1").arg(scenario.lesson.toHtmlEscaped()), card);
        about->setTextFormat(Qt::PlainText);
        lesson->setTextFormat(Qt::RichText);
        for (QLabel* label : {about, lesson})
            label->setWordWrap(true);
        auto* head = new QHBoxLayout;
        head->addWidget(name, 1);
        head->addWidget(open);
        auto* column = new QVBoxLayout(card);
        column->setContentsMargins(12, 8, 10, 10);
        column->setSpacing(4);
        column->addLayout(head);
        column->addWidget(about);
        column->addWidget(lesson);
        column_->insertWidget(column_->count() - 1, card);
        cards_ << card;
    }
    dress();
    filter();
}

QPushButton* StartPage::opener(const QString& name) const {
    return findChild<QPushButton*>(QStringLiteral("open.") + name);
}

void StartPage::filter() {
    const QStringList words = search_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    for (QWidget* card : cards_) {
        const QString all = card->property("words").toString();
        card->setVisible(std::all_of(words.begin(), words.end(), [&](const QString& word) {
            return all.contains(word, Qt::CaseInsensitive);
        }));
    }
}

void StartPage::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT closed();
    } else {
        QWidget::keyPressEvent(event);
    }
}

void StartPage::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) dress();
    QWidget::changeEvent(event);
}

void StartPage::dress() {
    const Theme& theme = currentTheme();
    QPalette card; // the other roles follow the application
    card.setColor(QPalette::Window, theme.palette.color(QPalette::Base));
    QPalette weak = card;
    weak.setColor(QPalette::WindowText, theme.weakText);
    for (QWidget* each : cards_) {
        each->setPalette(card);
        each->findChild<QLabel*>(QStringLiteral("about"))->setPalette(weak);
    }
}

} // namespace penstock::app
