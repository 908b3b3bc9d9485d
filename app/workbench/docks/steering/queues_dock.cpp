// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/queues_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

constexpr std::size_t kMostToScan = 12; // more are filtered and sorted

} // namespace

QueuesDock::QueuesDock(QWidget* parent)
    : RunDock(QStringLiteral("queues"), tr("Queues"),
              tr("The queues as they stand; each can be paused"), parent),
      table_(new TableView(tr("Queues"), this)), pause_(new QToolButton(this)) {
    rows_.setSourceModel(&model_);
    filter_ = new FilterBar(rows_, tr("Filter: name depth>100 paused"), nullptr, this);
    table_->setModel(&rows_);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setColumnWidths({9, 6, 11, 5, 5, 11, 4, 4});
    table_->setDispensable({6, 7, 5, 3, 2, 4});
    pause_->setAutoRaise(true);
    pause_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    connect(pause_, &QToolButton::clicked, this, &QueuesDock::togglePause);
    connect(table_, &TableView::rowChosen, this, &QueuesDock::showPause);
    connect(table_, &TableView::rowEntered, this, &QueuesDock::togglePause);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(4, 3, 4, 3);
    bar->addWidget(pause_);
    bar->addStretch(1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(filter_);
    column->addWidget(table_, 1);
    column->addLayout(bar);
    begin({});
}

void QueuesDock::begin(const RunInfo& info) {
    canPause_ = info.can.knobs && !info.queues.empty();
    ended_ = false;
    if (info.scenario.empty()) {
        table_->setEmptyText(tr("No run yet"), tr("Open a scenario: its queues appear here."));
    } else {
        table_->setEmptyText(tr("This scenario has no queue"),
                             tr("All its traffic is interactive and goes straight to the router."));
    }
    std::vector<QueueRow> rows(info.queues.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].id = info.queues[i];
    newest_.clear();
    const bool many = rows.size() > kMostToScan;
    filter_->setVisible(many);
    table_->setSortingEnabled(many);
    if (!many) {
        filter_->setText({});
        table_->sortByColumn(-1, Qt::AscendingOrder);
    }
    model_.setRows(std::move(rows));
    showPause();
}

void QueuesDock::add(const Frame& frame) {
    ended_ = frame.status == RunStatus::finished || frame.status == RunStatus::stopped ||
             frame.status == RunStatus::failed;
    if (!frame.queues.empty()) newest_ = frame.queues;
    const bool soon = frame.status == RunStatus::running && sinceShown_.isValid() &&
                      sinceShown_.elapsed() < kShowEveryMs;
    if (isVisible() && !soon) showRows();
}

void QueuesDock::showRows() {
    sinceShown_.start();
    if (!newest_.empty()) model_.setRows(newest_);
    showPause();
}

void QueuesDock::showEvent(QShowEvent* event) {
    RunDock::showEvent(event);
    showRows();
}

const QueueRow* QueuesDock::chosen() const {
    const int row = table_->chosenRow();
    return row < 0 ? nullptr : &model_.row(rows_.mapToSource(rows_.index(row, 0)).row());
}

void QueuesDock::showPause() {
    const QueueRow* row = chosen();
    const bool paused = row && row->paused;
    const QString words = !row     ? tr("Choose a queue to pause it")
                          : paused ? tr("Let %1 go on").arg(text(row->id))
                                   : tr("Pause %1").arg(text(row->id));
    if (pause_->text() != words) {
        pause_->setText(words);
        pause_->setAccessibleName(words);
        pause_->setIcon(icon(paused ? QStringLiteral("run") : QStringLiteral("pause")));
        pause_->setToolTip(tr("A paused queue keeps its requests and sends none (P)"));
    }
    pause_->setEnabled(canPause_ && !ended_ && row);
    pause_->setVisible(canPause_);
}

void QueuesDock::togglePause() {
    const QueueRow* row = chosen();
    if (!row || !canPause_ || ended_) {
        Q_EMIT said(!row ? tr("Choose a queue first.")
                         : tr("This run takes no commands: it has ended or was recorded."));
        return;
    }
    Q_EMIT command(PauseQueue{row->id, !row->paused});
}

void QueuesDock::addActions(ActionRegistry& registry) {
    ActionSpec spec{QStringLiteral("queues.pause"),
                    tr("Table"),
                    tr("Pause the &queue, or let it go on"),
                    tr("The chosen one"),
                    QStringLiteral("pause"),
                    {Qt::Key_P}};
    spec.scope = this;
    table_->addMenuAction(registry.add(spec, [this](bool) { togglePause(); }));
}

QByteArray QueuesDock::viewState() const {
    return table_->columnState();
}

void QueuesDock::setViewState(const QByteArray& state) {
    table_->setColumnState(state);
}

} // namespace penstock::app
