// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/tour.h"

#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/steering/gate_card.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/main_window.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/run_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QToolButton>

namespace penstock::app {
namespace {

constexpr int kWidth = 340, kGap = 12, kFollowMs = 120;

// Scrolls whatever holds the widget until it is in view.
void bringIntoView(QWidget* widget) {
    for (QWidget* w = widget->parentWidget(); w; w = w->parentWidget()) {
        auto* area = qobject_cast<QScrollArea*>(w);
        if (!area || !area->widget()) continue;
        const QRect at(widget->mapTo(area->widget(), QPoint()), widget->size());
        const int x = area->horizontalScrollBar()->value();
        area->ensureVisible(x, at.bottom(), 0, kGap);
        area->ensureVisible(x, at.top(), 0, kGap);
    }
}

// The part of the widget that its ancestors let through, in the window's coordinates.
QRect seen(const QWidget& widget, const QWidget& window) {
    QRect at = widget.rect();
    const QWidget* w = &widget;
    while (w && w != &window) {
        at.translate(w->pos());
        w = w->parentWidget();
        if (w) at &= w->rect();
    }
    return at;
}

} // namespace

// Lies over the part that is spoken of and lets the mouse through.
class Tour::Frame : public QWidget {
  public:
    explicit Frame(QWidget* parent) : QWidget(parent) {
        setAttribute(Qt::WA_TransparentForMouseEvents);
        hide();
    }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(currentTheme().moveMark, 3));
        painter.drawRoundedRect(QRectF(rect()).adjusted(2, 2, -2, -2), 5, 5);
    }
};

Tour::Tour(MainWindow& window)
    : QFrame(&window), window_(window), frame_(new Frame(&window)), title_(new QLabel(this)),
      words_(new QLabel(this)), count_(new QLabel(this)), back_(new QPushButton(tr("Back"), this)),
      next_(new QPushButton(this)) {
    setObjectName(QStringLiteral("tour"));
    setFrameShape(QFrame::StyledPanel);
    setAutoFillBackground(true);
    setFixedWidth(kWidth);
    QFont bold = font();
    bold.setBold(true);
    bold.setPointSizeF(bold.pointSizeF() * 1.1);
    title_->setFont(bold);
    words_->setWordWrap(true);
    words_->setTextFormat(Qt::PlainText);
    auto* skip = new QToolButton(this);
    skip->setText(tr("End the tour"));
    skip->setToolTip(tr("Esc; it stays under Help"));
    skip->setAutoRaise(true);
    next_->setDefault(true);
    connect(skip, &QToolButton::clicked, this, &Tour::end);
    connect(back_, &QPushButton::clicked, this, &Tour::back);
    connect(next_, &QPushButton::clicked, this, &Tour::next);
    auto* head = new QHBoxLayout;
    head->addWidget(title_, 1);
    head->addWidget(count_);
    auto* foot = new QHBoxLayout;
    foot->addWidget(skip);
    foot->addStretch(1);
    foot->addWidget(back_);
    foot->addWidget(next_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(14, 10, 10, 10);
    column->setSpacing(8);
    column->addLayout(head);
    column->addWidget(words_);
    column->addLayout(foot);
    follow_.setInterval(kFollowMs);
    connect(&follow_, &QTimer::timeout, this, &Tour::place);
    connect(&window.desk(), &RunDesk::begun, this, [this] {
        if (step_ >= 0) showWords();
    });
    hide();
}

void Tour::begin() {
    enter(0);
}

void Tour::next() {
    if (step_ + 1 < static_cast<int>(tourSteps().size())) {
        enter(step_ + 1);
    } else {
        end();
    }
}

void Tour::back() {
    if (step_ > 0) enter(step_ - 1);
}

void Tour::end() {
    step_ = -1;
    follow_.stop();
    hide();
    frame_->hide();
    window_.layouts().bringUp(window_.docks().charts);
}

void Tour::enter(int step) {
    step_ = step;
    const TourStep& now = tourSteps()[static_cast<std::size_t>(step)];
    window_.showScenarios(false);
    if (!now.scenario.isEmpty() && text(window_.desk().info().scenario) != now.scenario) {
        window_.openShipped(now.scenario);
    }
    switch (now.place) {
    case TourStep::Place::gates:
    case TourStep::Place::knob:
        window_.layouts().bringUp(window_.docks().gates, false);
        break;
    case TourStep::Place::panel:
        for (RunDock* dock : window_.docks().all()) {
            if (dock->id() == now.which) window_.layouts().bringUp(dock, false);
        }
        break;
    case TourStep::Place::chart:
        window_.docks().charts->setChartShown(now.which, true);
        break;
    case TourStep::Place::charts:
    case TourStep::Place::button:
        break;
    }
    showWords();
    follow_.start();
    next_->setFocus(Qt::OtherFocusReason);
}

void Tour::showWords() {
    const TourStep& now = tourSteps()[static_cast<std::size_t>(step_)];
    const RunInfo& info = window_.desk().info();
    QString words = now.words;
    // The scenario may still be on its way.
    if (text(info.scenario) == now.scenario && now.borrowed != TourStep::Borrowed::nothing) {
        const std::string& own =
            now.borrowed == TourStep::Borrowed::about ? info.about : info.lesson;
        if (!words.isEmpty()) words += QStringLiteral("\n\n");
        words += text(own).simplified();
    }
    title_->setText(now.title);
    words_->setText(words);
    count_->setText(tr("%1 of %2").arg(step_ + 1).arg(tourSteps().size()));
    setAccessibleName(now.title + QLatin1Char(' ') + words);
    back_->setEnabled(step_ > 0);
    next_->setText(step_ + 1 == static_cast<int>(tourSteps().size()) ? tr("Done") : tr("Next"));
    dress();
    show();
    if (QWidget* part = anchor()) bringIntoView(part);
    place();
}

QString Tour::words() const {
    return title_->text() + QLatin1Char('\n') + words_->text();
}

QWidget* Tour::anchor() const {
    if (step_ < 0) return nullptr;
    const TourStep& now = tourSteps()[static_cast<std::size_t>(step_)];
    DockSet& docks = window_.docks();
    switch (now.place) {
    case TourStep::Place::charts:
        return docks.charts;
    case TourStep::Place::chart:
        return docks.charts->chart(now.which);
    case TourStep::Place::gates:
        return docks.gates->cards().empty() ? nullptr : docks.gates->cards().front();
    case TourStep::Place::knob:
        for (const GateCard* card : docks.gates->cards()) {
            for (Knob* knob : card->knobs()) {
                if (knob->path().endsWith(QLatin1Char('.') + now.which)) return knob;
            }
        }
        return nullptr;
    case TourStep::Place::panel:
        for (RunDock* dock : docks.all()) {
            if (dock->id() == now.which) return dock;
        }
        return nullptr;
    case TourStep::Place::button:
        return window_.runBar().button(now.which);
    }
    return nullptr;
}

// Beside the part, on the side where there is room; else in the middle of it.
void Tour::place() {
    if (step_ < 0) return;
    adjustSize();
    const QRect all = window_.rect().adjusted(kGap, kGap, -kGap, -kGap);
    QWidget* part = anchor();
    if (!part || !part->isVisible()) {
        frame_->hide();
        move(all.center() - rect().center());
        raise();
        return;
    }
    const QRect at = seen(*part, window_);
    const QRect framed = at.adjusted(-3, -3, 3, 3) & window_.rect();
    if (frame_->geometry() != framed) frame_->setGeometry(framed);
    frame_->show();
    frame_->raise();
    QPoint corner;
    if (at.left() - kGap - width() >= all.left()) {
        corner = {at.left() - kGap - width(), at.top()};
    } else if (at.right() + kGap + width() <= all.right()) {
        corner = {at.right() + kGap, at.top()};
    } else if (at.bottom() + kGap + height() <= all.bottom()) {
        corner = {at.left(), at.bottom() + kGap};
    } else if (at.top() - kGap - height() >= all.top()) {
        corner = {at.left(), at.top() - kGap - height()};
    } else {
        corner = at.bottomRight() - QPoint(width() + 2 * kGap, height() + 2 * kGap);
    }
    corner.setX(std::clamp(corner.x(), all.left(), std::max(all.left(), all.right() - width())));
    corner.setY(std::clamp(corner.y(), all.top(), std::max(all.top(), all.bottom() - height())));
    if (pos() != corner) move(corner);
    raise();
}

void Tour::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) {
        end();
    } else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        next();
    } else {
        QFrame::keyPressEvent(event);
    }
}

void Tour::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange && step_ >= 0) dress();
    QFrame::changeEvent(event);
}

void Tour::dress() {
    QPalette colors; // the other roles follow the application
    colors.setColor(QPalette::Window, currentTheme().palette.color(QPalette::Base));
    if (palette().color(QPalette::Window) != colors.color(QPalette::Window)) setPalette(colors);
    QPalette weak = colors;
    weak.setColor(QPalette::WindowText, currentTheme().weakText);
    count_->setPalette(weak);
}

} // namespace penstock::app
