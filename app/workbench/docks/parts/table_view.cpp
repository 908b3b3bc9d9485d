// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/parts/table_view.h"

#include "app/workbench/docks/parts/empty_state.h"
#include "app/workbench/docks/parts/tone_delegate.h"
#include "app/workbench/models/row_model.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QDataStream>
#include <QHeaderView>
#include <QIODevice>
#include <QKeyEvent>
#include <QMenu>
#include <QScopedValueRollback>
#include <QScrollBar>

#include <algorithm>
#include <utility>

namespace penstock::app {
namespace {

constexpr int kRowPadding = 5;
constexpr quint32 kTableState = 1;

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
    wanted_.clear();
    for (std::size_t i = 0; i < characters.size(); ++i) {
        const int column = static_cast<int>(i);
        const QString title = model()->headerData(column, Qt::Horizontal).toString();
        const int heading = fontMetrics().horizontalAdvance(title) + arrow;
        wanted_.push_back(std::max(heading, characters[i] * digit + 10));
        setColumnWidth(column, wanted_.back());
    }
    // A number at the far edge of a wide table would be far from all others.
    const auto alignment =
        model()->headerData(model()->columnCount() - 1, Qt::Horizontal, Qt::TextAlignmentRole);
    horizontalHeader()->setStretchLastSection(!(alignment.toInt() & Qt::AlignRight));
    fitColumns();
}

void TableView::setDispensable(std::vector<int> columns) {
    dispensable_ = std::move(columns);
    fitColumns();
}

void TableView::fitColumns() {
    if (fitting_) return; // a scroll bar came or went on the way
    const QScopedValueRollback guard(fitting_, true);
    for (const int column : std::exchange(gaveWay_, {}))
        setColumnHidden(column, false);
    const QHeaderView& header = *horizontalHeader();
    int needed = 0;
    for (int column = 0; column < header.count(); ++column) {
        if (isColumnHidden(column)) continue;
        // The last column takes what is left: its width does not say what it needs.
        const bool last =
            header.stretchLastSection() && header.visualIndex(column) == header.count() - 1;
        const auto i = static_cast<std::size_t>(column);
        needed += last && i < wanted_.size() ? wanted_[i] : columnWidth(column);
    }
    for (const int column : dispensable_) {
        if (needed <= viewport()->width()) break;
        if (isColumnHidden(column) || kept_.count(column) > 0) continue;
        needed -= columnWidth(column);
        setColumnHidden(column, true);
        gaveWay_.insert(column);
    }
}

void TableView::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    if (!dispensable_.empty()) fitColumns();
}

void TableView::chooseColumn(int column, bool shown) {
    gaveWay_.erase(column);
    if (shown) {
        kept_.insert(column);
    } else {
        kept_.erase(column);
    }
    setColumnHidden(column, !shown);
    fitColumns();
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
                [this, column](bool on) { chooseColumn(column, on); });
    }
}

QByteArray TableView::columnState() const {
    QByteArray state;
    QDataStream out(&state, QIODevice::WriteOnly);
    out << kTableState << horizontalHeader()->saveState()
        << QList<int>(gaveWay_.begin(), gaveWay_.end()) << QList<int>(kept_.begin(), kept_.end());
    return state;
}

void TableView::setColumnState(const QByteArray& state) {
    QDataStream in(state);
    quint32 version = 0;
    QByteArray header;
    QList<int> gaveWay, kept;
    in >> version >> header >> gaveWay >> kept;
    if (in.status() != QDataStream::Ok || version != kTableState) return;
    if (!horizontalHeader()->restoreState(header)) return;
    gaveWay_.clear();
    kept_.clear();
    for (int column = 0; column < model()->columnCount(); ++column) {
        if (gaveWay.contains(column)) gaveWay_.insert(column);
        if (kept.contains(column)) kept_.insert(column);
    }
    fitColumns();
}

} // namespace penstock::app
