// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/runs/advice_dock.h"

#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/models/text.h"

#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace penstock::app {

AdviceDock::AdviceDock(QWidget* parent)
    : RunDock(QStringLiteral("advice"), tr("Advice"),
              tr("What the linter found in the run's documents"), parent),
      table_(new TableView(tr("Advice"), this)), detail_(new QLabel(this)),
      go_(new QPushButton(tr("Go to the parameter"), this)) {
    rows_.setSourceModel(&model_);
    table_->setModel(&rows_);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setSortingEnabled(true);
    table_->sortByColumn(0, Qt::AscendingOrder); // errors first
    table_->setColumnWidths({11, 20, 22, 60, 40});
    table_->setDispensable({1, 2});
    // Findings are few, and each is a sentence or two: to be read, not to be hunted for.
    table_->setWordWrap(true);
    table_->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    detail_->setWordWrap(true);
    detail_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    go_->setAccessibleName(tr("Go to the parameter that the finding is about"));
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(8, 4, 8, 6);
    bottom->addWidget(detail_, 1);
    bottom->addWidget(go_, 0, Qt::AlignBottom);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(table_, 1);
    column->addLayout(bottom);
    connect(table_, &TableView::rowChosen, this, &AdviceDock::showChosen);
    const auto go = [this] {
        const AdviceRow* advice = chosen();
        if (!advice) return;
        if (advice->parameterPath.empty()) {
            Q_EMIT said(tr("This finding is about the documents: %1").arg(text(advice->where)));
        } else {
            Q_EMIT parameterChosen(text(advice->parameterPath));
        }
    };
    connect(table_, &TableView::rowEntered, this, go);
    connect(go_, &QPushButton::clicked, this, go);
    begin({});
}

void AdviceDock::begin(const RunInfo& info) {
    urgent_ = static_cast<int>(
        std::count_if(info.advice.begin(), info.advice.end(),
                      [](const AdviceRow& r) { return r.severity != Severity::info; }));
    if (info.scenario.empty()) {
        table_->setEmptyText(tr("No run yet"), tr("Open a scenario: what is wrong with its "
                                                  "documents is said here before it runs."));
    } else {
        table_->setEmptyText(tr("Nothing to say"),
                             tr("The linter found no trap in these documents."));
    }
    model_.setRows(info.advice);
    showChosen();
}

const AdviceRow* AdviceDock::chosen() const {
    const int row = table_->chosenRow();
    return row < 0 ? nullptr : &model_.row(rows_.mapToSource(rows_.index(row, 0)).row());
}

void AdviceDock::showChosen() {
    const AdviceRow* advice = chosen();
    detail_->setText(advice ? text(advice->finding + '\n' + advice->remedy) : QString());
    detail_->setVisible(advice != nullptr);
    go_->setVisible(advice && !advice->parameterPath.empty());
}

QByteArray AdviceDock::viewState() const {
    return table_->columnState();
}

void AdviceDock::setViewState(const QByteArray& state) {
    table_->setColumnState(state);
}

} // namespace penstock::app
