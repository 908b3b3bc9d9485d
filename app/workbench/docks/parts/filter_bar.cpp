// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/parts/filter_bar.h"

#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QTimer>
#include <QToolButton>

namespace penstock::app {
namespace {

constexpr int kTypingMs = 120; // twenty thousand rows are not filtered at every key

qint64 nanos(Time t) {
    return t.time_since_epoch().count();
}

} // namespace

FilterBar::FilterBar(FilterModel& rows, const QString& hint, TimeAxis* axis, QWidget* parent)
    : QWidget(parent), rows_(rows), axis_(axis), line_(new QLineEdit(this)),
      brush_(new QToolButton(this)), counts_(new QLabel(this)), typing_(new QTimer(this)) {
    line_->setPlaceholderText(hint);
    line_->setClearButtonEnabled(true);
    line_->setAccessibleName(tr("Filter"));
    line_->setToolTip(tr("Words that a row must contain. column:word looks in one column, "
                         "column>3 and column<3 compare, a minus before a word turns it round.\n"
                         "For example: queue:code reason:gate_closed tries>1 -late"));
    line_->setMinimumWidth(90);
    brush_->setAutoRaise(true);
    brush_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    brush_->setIcon(icon(QStringLiteral("close")));
    brush_->setToolTip(tr("Only what lies in the range chosen on the charts. Press to show all."));
    brush_->setAccessibleName(tr("Show rows of all times"));
    brush_->hide();
    counts_->setFont(smallFont());
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(4, 3, 4, 3);
    layout->setSpacing(6);
    layout->addWidget(line_, 1);
    layout->addWidget(brush_);
    layout->addWidget(counts_);
    typing_->setSingleShot(true);
    typing_->setInterval(kTypingMs);
    connect(line_, &QLineEdit::textChanged, typing_, qOverload<>(&QTimer::start));
    connect(line_, &QLineEdit::returnPressed, this, &FilterBar::apply);
    connect(typing_, &QTimer::timeout, this, &FilterBar::apply);
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(&rows_, signal, this, &FilterBar::showCounts);
    connect(&rows_, &QAbstractItemModel::modelReset, this, &FilterBar::showCounts);
    if (axis_) {
        connect(brush_, &QToolButton::clicked, this, [this] { axis_->setBrush(std::nullopt); });
        ticket_ = axis_->listen([this](TimeAxis::Change change) {
            if (change == TimeAxis::Change::pointer) followBrush();
        });
    }
}

FilterBar::~FilterBar() {
    if (axis_) axis_->unlisten(ticket_);
}

void FilterBar::setText(const QString& text) {
    line_->setText(text);
    apply();
}

void FilterBar::addTool(QWidget* tool) {
    layout()->addWidget(tool);
}

void FilterBar::apply() {
    typing_->stop();
    rows_.setFilterText(line_->text());
    showCounts();
}

void FilterBar::followBrush() {
    if (!axis_->brushSettled()) return;
    const auto brush = axis_->brush();
    brush_->setVisible(brush.has_value());
    if (brush) {
        brush_->setText(tr("%1 chosen").arg(text(durationLabel(brush->span()))));
        rows_.setTimeRange(std::pair{nanos(brush->from), nanos(brush->to)});
    } else {
        rows_.setTimeRange(std::nullopt);
    }
    showCounts();
}

void FilterBar::setLeftOut(std::uint64_t rows) {
    if (rows == leftOut_) return;
    leftOut_ = rows;
    showCounts();
}

QString FilterBar::counts() const {
    return counts_->text();
}

void FilterBar::showCounts() {
    const QStringList unknown = rows_.unknownColumns();
    if (!unknown.isEmpty()) {
        counts_->setText(tr("No column “%1”").arg(unknown.first()));
        counts_->setToolTip(tr("Columns are named by their headings, without spaces."));
        return;
    }
    const QLocale english(QLocale::English);
    const int all = rows_.sourceModel() ? rows_.sourceModel()->rowCount() : 0;
    const int shown = rows_.rowCount();
    QString words = shown == all
                        ? english.toString(all)
                        : tr("%1 of %2").arg(english.toString(shown), english.toString(all));
    QString tip = tr("Rows that pass the filter, of those that are kept");
    if (leftOut_ > 0) {
        words += QLatin1Char('+');
        tip += tr(".\n%1 more went by too fast to be listed; they are counted in the charts and "
                  "the report.")
                   .arg(english.toString(static_cast<qulonglong>(leftOut_)));
    }
    if (counts_->text() != words) counts_->setText(words);
    counts_->setToolTip(tip);
}

} // namespace penstock::app
