// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/runs/runs_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/look/theme.h"

#include <QMessageBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace penstock::app {

RunsDock::RunsDock(QWidget* parent)
    : RunDock(QStringLiteral("runs"), tr("Runs"),
              tr("Runs made before: open, compare, describe, delete"), parent),
      table_(new TableView(tr("Runs"), this)) {
    confirm = [this](const QString& question) {
        return QMessageBox::question(this, tr("Delete runs"), question,
                                     QMessageBox::Yes | QMessageBox::Cancel,
                                     QMessageBox::Cancel) == QMessageBox::Yes;
    };
    rows_.setSourceModel(&model_);
    filter_ = new FilterBar(rows_, tr("Filter: scenario:code tags:base"), nullptr, this);
    const auto button = [&](const QString& image, const QString& title, const QString& tip,
                            auto run) {
        auto* b = new QToolButton(this);
        if (!image.isEmpty()) b->setIcon(icon(image));
        if (!title.isEmpty()) b->setText(title);
        b->setAutoRaise(true);
        b->setToolTip(tip);
        b->setAccessibleName(tip);
        connect(b, &QToolButton::clicked, this, run);
        filter_->addTool(b);
        return b;
    };
    open_ = button(QStringLiteral("open"), {}, tr("Open the chosen run (Enter)"),
                   [this] { openChosen(); });
    overlay_ = button(QStringLiteral("compare"), {},
                      tr("Lay the chosen run over the charts, as pale curves"), [this] {
                          const auto runs = chosen();
                          if (!runs.isEmpty()) Q_EMIT overlaid(runs.first());
                      });
    markA_ = button({}, QStringLiteral("A"), tr("Compare: the chosen run is A"),
                    [this] { markChosen(QStringLiteral("A")); });
    markB_ = button({}, QStringLiteral("B"), tr("Compare: the chosen run is B"),
                    [this] { markChosen(QStringLiteral("B")); });
    delete_ = button(QStringLiteral("delete"), {}, tr("Delete the chosen runs (Delete)"),
                     [this] { deleteChosen(); });
    table_->setModel(&rows_);
    table_->setSortingEnabled(true);
    table_->sortByColumn(-1, Qt::AscendingOrder);
    table_->setColumnWidths({2, 15, 5, 17, 10, 10, 6, 12, 20, 18});
    table_->setDispensable({9, 6, 8, 5, 7, 3, 2, 4});
    table_->setEmptyText(tr("No runs yet"), tr("Every run that you make is kept here."));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(filter_);
    column->addWidget(table_, 1);
    connect(&model_, &RunModel::described, this, &RunsDock::described);
    connect(table_, &TableView::rowChosen, this, &RunsDock::showButtons);
    connect(table_, &TableView::rowEntered, this, [this] {
        // A double click on tags or notes edits them.
        const int column_ = table_->currentIndex().column();
        if (column_ != RunModel::tags && column_ != RunModel::notes) openChosen();
    });
    showButtons();
}

void RunsDock::setRuns(std::vector<RunRow> runs) {
    const auto gone = [&](std::optional<qint64> id) {
        return id &&
               std::none_of(runs.begin(), runs.end(), [&](const RunRow& r) { return r.id == *id; });
    };
    if (gone(a_)) a_.reset();
    if (gone(b_)) b_.reset();
    for (RunRow& run : runs) {
        run.compared = run.id == a_ ? "A" : run.id == b_ ? "B" : "";
    }
    model_.setRows(std::move(runs));
    showButtons();
}

void RunsDock::showMarks() {
    setRuns({model_.rows().begin(), model_.rows().end()});
}

void RunsDock::mark(qint64 run, const QString& as) {
    auto& mine = as == QStringLiteral("A") ? a_ : b_;
    auto& other = as == QStringLiteral("A") ? b_ : a_;
    if (mine == run) {
        mine.reset();
        showMarks();
        return;
    }
    if (other == run) other.reset();
    mine = run;
    showMarks();
    if (a_ && b_) {
        Q_EMIT compared(*a_, *b_);
    } else {
        Q_EMIT said(
            tr("Now mark another run as %1 to compare them.")
                .arg(as == QStringLiteral("A") ? QStringLiteral("B") : QStringLiteral("A")));
    }
}

std::optional<qint64> RunsDock::marked(const QString& as) const {
    return as == QStringLiteral("A") ? a_ : b_;
}

QList<qint64> RunsDock::chosen() const {
    QList<qint64> runs;
    for (const QModelIndex& at : table_->selectionModel()->selectedRows())
        runs << at.data(KeyRole).toLongLong();
    return runs;
}

void RunsDock::openChosen() {
    const auto runs = chosen();
    if (runs.size() == 1) {
        Q_EMIT opened(runs.first());
    } else {
        Q_EMIT said(tr("Choose one run to open it."));
    }
}

void RunsDock::deleteChosen() {
    const auto runs = chosen();
    if (runs.isEmpty()) {
        Q_EMIT said(tr("Choose the runs to delete first."));
        return;
    }
    const QString question =
        runs.size() == 1
            ? tr("Delete this run? Its data cannot be brought back.")
            : tr("Delete %1 runs? Their data cannot be brought back.").arg(runs.size());
    if (confirm(question)) Q_EMIT deleted(runs);
}

void RunsDock::markChosen(const QString& as) {
    const auto runs = chosen();
    if (runs.size() == 1) {
        mark(runs.first(), as);
    } else {
        Q_EMIT said(tr("Choose one run to mark it as %1.").arg(as));
    }
}

void RunsDock::showButtons() {
    const auto count = table_->selectionModel() ? chosen().size() : 0;
    for (QToolButton* b : {open_, overlay_, markA_, markB_})
        b->setEnabled(count == 1);
    delete_->setEnabled(count > 0);
}

void RunsDock::addActions(ActionRegistry& registry) {
    const auto add = [&](const char* id, const QString& title, const QString& help,
                         const char* image, const QList<QKeySequence>& keys, auto run) {
        ActionSpec spec{QString::fromLatin1(id),    tr("Runs"), title, help,
                        QString::fromLatin1(image), keys};
        spec.scope = keys.isEmpty() ? nullptr : this;
        table_->addMenuAction(registry.add(spec, [run](bool) { run(); }));
    };
    add("runs.open", tr("&Open the chosen run"), tr("From the history"), "open", {},
        [this] { openChosen(); });
    add("runs.markA", tr("Compare: the chosen run is &A"), {}, "compare", {Qt::Key_A},
        [this] { markChosen(QStringLiteral("A")); });
    add("runs.markB", tr("Compare: the chosen run is &B"), {}, "compare", {Qt::Key_B},
        [this] { markChosen(QStringLiteral("B")); });
    add("runs.overlay", tr("&Lay the chosen run over the charts"), tr("As pale curves"), "compare",
        {}, [this] {
            const auto runs = chosen();
            if (runs.size() == 1) {
                Q_EMIT overlaid(runs.first());
            } else {
                Q_EMIT said(tr("Choose one run to lay it over the charts."));
            }
        });
    add("runs.delete", tr("&Delete the chosen runs"), tr("Asks first"), "delete", {Qt::Key_Delete},
        [this] { deleteChosen(); });
}

QByteArray RunsDock::viewState() const {
    return table_->columnState();
}

void RunsDock::setViewState(const QByteArray& state) {
    table_->setColumnState(state);
}

} // namespace penstock::app
