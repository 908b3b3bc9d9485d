// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The filter line under the tables: "queue:code reason:gate_closed id:123 tries>1 late". A word
// with a colon wants that column to contain it; with < or > it compares numbers; a bare word may
// stand in any column; a minus before a word turns it round. All words must hold.
#include <QSortFilterProxyModel>
#include <QString>

#include <optional>
#include <vector>

namespace penstock::app {

struct FilterTerm {
    enum class Test { contains, less, greater };
    QString column; // lower case title; empty: any
    Test test = Test::contains;
    QString text;
    double number = 0;
    bool negated = false;
};

// Quotes keep spaces: reason:"no endpoints".
std::vector<FilterTerm> parseFilter(const QString& text);

class FilterModel : public QSortFilterProxyModel {
    Q_OBJECT
  public:
    explicit FilterModel(QObject* parent = nullptr);

    void setFilterText(const QString& text);
    // Words of the filter that name no column; shown to the user as such.
    QStringList unknownColumns() const;
    // Rows of that time range only; from the charts' brush. None: all.
    void setTimeRange(std::optional<std::pair<qint64, qint64>> nanoseconds);
    // Rows whose cell in this column is not empty, only. None: all.
    void setOnly(std::optional<int> column);
    void setSourceModel(QAbstractItemModel* source) override;

  protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

  private:
    int columnOf(const QString& title) const;
    void findColumns();
    bool holds(std::size_t term, int row, const QModelIndex& parent) const;

    QString text_;
    std::vector<FilterTerm> terms_;
    std::vector<int> columns_; // of each term; -1: any, or none of that name
    std::optional<int> only_;
    std::optional<std::pair<qint64, qint64>> range_;
};

} // namespace penstock::app
