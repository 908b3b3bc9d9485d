// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A table as all docks show them: whole rows, quiet grid, tones as colour and icon, columns that
// can be moved and hidden, Ctrl+C for the chosen rows, and a sentence where there are none.
#include <QTableView>

#include <set>
#include <vector>

namespace penstock::app {

class EmptyState;

class TableView : public QTableView {
    Q_OBJECT
  public:
    explicit TableView(const QString& accessibleName, QWidget* parent = nullptr);

    // Shown while the model has no rows.
    void setEmptyText(const QString& title, const QString& whatToDo);
    QString emptyText() const;
    void setModel(QAbstractItemModel* model) override;

    // Widths in average characters, one a column; the last column takes what is left.
    void setColumnWidths(const std::vector<int>& characters);
    // Columns that can be done without, the least important first. They give way, one after the
    // other, while the table is too narrow for all; the menu of columns brings any of them back.
    void setDispensable(std::vector<int> columns);
    // The newest row stays in view unless the user has scrolled away from it or chosen a row.
    void setFollowsEnd(bool follows) { followsEnd_ = follows; }
    // Chooses and shows the row with this KeyRole; false if there is none.
    bool choose(const QVariant& key);
    void chooseRow(int row);
    void chooseNone();
    // Row of the view's model, -1 if none is chosen.
    int chosenRow() const;
    // The chosen rows, or all if none is, as tab-separated text with headings.
    QString asText() const;
    // Further entries of the context menu.
    void addMenuAction(QAction* action) { menuActions_ << action; }

    QByteArray columnState() const;
    void setColumnState(const QByteArray& state);

  Q_SIGNALS:
    // Another row is chosen, or none; row of the view's model or -1.
    void rowChosen(int row);
    // Enter or double click.
    void rowEntered(int row);

  protected:
    void selectionChanged(const QItemSelection& now, const QItemSelection& before) override;
    void rowsInserted(const QModelIndex& parent, int first, int last) override;
    void keyPressEvent(QKeyEvent*) override;
    void contextMenuEvent(QContextMenuEvent*) override;
    void resizeEvent(QResizeEvent*) override;

  private:
    void showEmpty();
    void fitColumns();
    void chooseColumn(int column, bool shown);
    void fillColumnMenu(QMenu& menu);

    EmptyState* empty_;
    QList<QAction*> menuActions_;
    std::vector<int> wanted_; // widths in pixels
    std::vector<int> dispensable_;
    std::set<int> gaveWay_; // hidden for want of room
    std::set<int> kept_;    // brought back by the user: they do not give way
    bool fitting_ = false;
    bool followsEnd_ = false;
    int lastChosen_ = -1;
};

} // namespace penstock::app
