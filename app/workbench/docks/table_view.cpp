// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/table_view.h"

#include "app/workbench/docks/empty_state.h"
#include "app/workbench/docks/tone_delegate.h"
#include "app/workbench/models/row_model.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QScrollBar>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr int kRowPadding = 5;

} // namespace

TableView::TableView(const QString& accessibleName, QWidget* parent)
    : QTableView(parent), empty_(new EmptyState({}, {}, this)) {
    setAccessibleName(accessibleName);
    setItemDelegate(new ToneDelegate(this));
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setEditTriggers(EditKeyPressed | DoubleClicked);
    setAlternatingRowColors(true);
    setShowGrid(false);
    setWordWrap(false);
    setTabKeyNavigation(false); // Tab leaves the table, as everywhere else
    setHorizontalScrollMode(ScrollPerPixel);
    setFrameShape(QFrame::NoFrame);
    setMinimumSize(120, 60);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setMinimumSectionSize(12);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + kRowPadding);
    QHeaderView& header = *horizontalHeader();
    header.setStretchLastSection(true);
    header.setSectionsMovable(true);
    header.setHighlightSections(false);
    header.setSortIndicatorClearable(true); // a third press: as the rows came
    header.setMinimumSectionSize(24);
    header.setContextMenuPolicy(Qt::CustomContextMenu);
    header.setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    connect(&header, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu;
        fillColumnMenu(menu);
        menu.exec(horizontalHeader()->mapToGlobal(at));
    });
    connect(this, &QAbstractItemView::doubleClicked, this,
            [this](const QModelIndex& at) { Q_EMIT rowEntered(at.row()); });
    empty_->cover(viewport());
}

void TableView::setEmptyText(const QString& title, const QString& whatToDo) {
    empty_->setText(title, whatToDo);
}

QString TableView::emptyText() const {
    return empty_->isVisibleTo(this) ? empty_->text() : QString();
}

void TableView::setModel(QAbstractItemModel* newModel) {
    if (model()) disconnect(model(), nullptr, this, nullptr);
    QTableView::setModel(newModel);
    connect(newModel, &QAbstractItemModel::rowsInserted, this, &TableView::showEmpty);
    connect(newModel, &QAbstractItemModel::rowsRemoved, this, &TableView::showEmpty);
    connect(newModel, &QAbstractItemModel::modelReset, this, &TableView::showEmpty);
    connect(newModel, &QAbstractItemModel::layoutChanged, this, &TableView::showEmpty);
    showEmpty();
}

void TableView::showEmpty() {
    empty_->setVisible(model()->rowCount() == 0);
}

void TableView::setColumnWidths(const std::vector<int>& characters) {
    const int digit = fontMetrics().horizontalAdvance(QLatin1Char('0'));
    const int arrow = isSortingEnabled() ? 24 : 12;
    for (std::size_t i = 0; i < characters.size(); ++i) {
        const int column = static_cast<int>(i);
        const QString title = model()->headerData(column, Qt::Horizontal).toString();
        const int heading = fontMetrics().horizontalAdvance(title) + arrow;
        setColumnWidth(column, std::max(heading, characters[i] * digit + 10));
    }
    // A number at the far edge of a wide table would be far from all others.
    const auto alignment =
        model()->headerData(model()->columnCount() - 1, Qt::Horizontal, Qt::TextAlignmentRole);
    horizontalHeader()->setStretchLastSection(!(alignment.toInt() & Qt::AlignRight));
}

bool TableView::choose(const QVariant& key) {
    for (int row = 0; row < model()->rowCount(); ++row) {
        if (model()->index(row, 0).data(KeyRole) != key) continue;
        chooseRow(row);
        return true;
    }
    return false;
}

void TableView::chooseRow(int row) {
    if (row < 0 || row >= model()->rowCount()) return;
    const QModelIndex at = model()->index(row, std::max(0, currentIndex().column()));
    selectionModel()->setCurrentIndex(at, QItemSelectionModel::ClearAndSelect |
                                              QItemSelectionModel::Rows);
    scrollTo(at);
}

void TableView::chooseNone() {
    selectionModel()->clear();
}

int TableView::chosenRow() const {
    if (!selectionModel()) return -1;
    const QModelIndex at = currentIndex();
    return at.isValid() && selectionModel()->isRowSelected(at.row(), {}) ? at.row() : -1;
}

void TableView::selectionChanged(const QItemSelection& now, const QItemSelection& before) {
    QTableView::selectionChanged(now, before);
    const int row = chosenRow();
    if (row == lastChosen_ && row < 0) return;
    lastChosen_ = row;
    Q_EMIT rowChosen(row);
}

void TableView::rowsInserted(const QModelIndex& parent, int first, int last) {
    const QScrollBar& bar = *verticalScrollBar();
    const bool atEnd = bar.value() >= bar.maximum() - 1;
    QTableView::rowsInserted(parent, first, last);
    const bool inOrder = horizontalHeader()->sortIndicatorSection() < 0 || !isSortingEnabled();
    if (followsEnd_ && atEnd && inOrder && chosenRow() < 0) scrollToBottom();
}

QString TableView::asText() const {
    std::vector<int> columns;
    for (int visual = 0; visual < model()->columnCount(); ++visual) {
        const int column = horizontalHeader()->logicalIndex(visual);
        if (!isColumnHidden(column)) columns.push_back(column);
    }
    QStringList lines, cells;
    for (const int column : columns)
        cells << model()->headerData(column, Qt::Horizontal).toString();
    lines << cells.join(QLatin1Char('\t'));
    const bool any = selectionModel()->hasSelection();
    for (int row = 0; row < model()->rowCount(); ++row) {
        if (any && !selectionModel()->isRowSelected(row, {})) continue;
        cells.clear();
        for (const int column : columns)
            cells << model()->index(row, column).data().toString();
        lines << cells.join(QLatin1Char('\t'));
    }
    return lines.join(QLatin1Char('\n')) + QLatin1Char('\n');
}

void TableView::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) {
        QApplication::clipboard()->setText(asText());
        return;
    }
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && state() != EditingState && chosenRow() >= 0) {
        Q_EMIT rowEntered(chosenRow());
        return;
    }
    if (event->key() == Qt::Key_Escape && selectionModel()->hasSelection()) {
        chooseNone();
        return;
    }
    QTableView::keyPressEvent(event);
}

void TableView::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu;
    menu.addActions(menuActions_);
    if (!menuActions_.isEmpty()) menu.addSeparator();
    QAction* copy = menu.addAction(selectionModel()->hasSelection() ? tr("Copy chosen rows")
                                                                    : tr("Copy all rows"));
    copy->setEnabled(model()->rowCount() > 0);
    connect(copy, &QAction::triggered, this,
            [this] { QApplication::clipboard()->setText(asText()); });
    fillColumnMenu(*menu.addMenu(tr("Columns")));
    menu.exec(event->globalPos());
}

void TableView::fillColumnMenu(QMenu& menu) {
    for (int column = 0; column < model()->columnCount(); ++column) {
        const QString title = model()->headerData(column, Qt::Horizontal).toString();
        if (title.isEmpty()) continue;
        QAction* action = menu.addAction(title);
        action->setCheckable(true);
        action->setChecked(!isColumnHidden(column));
        // The last visible column stays, or there would be no header left to bring others back.
        const int hidden = horizontalHeader()->hiddenSectionCount();
        action->setEnabled(isColumnHidden(column) || hidden + 1 < model()->columnCount());
        connect(action, &QAction::toggled, this,
                [this, column](bool on) { setColumnHidden(column, !on); });
    }
}

QByteArray TableView::columnState() const {
    return horizontalHeader()->saveState();
}

void TableView::setColumnState(const QByteArray& state) {
    if (!state.isEmpty()) horizontalHeader()->restoreState(state);
}

} // namespace penstock::app
