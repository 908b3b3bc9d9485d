// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A table over a vector of plain rows. Columns are described once, as values; a new set of rows is
// taken over by difference, so that selection and scroll position survive a frame every 33 ms.
// GUI thread only.
#include <QAbstractTableModel>
#include <QString>
#include <QVariant>

#include <algorithm>
#include <deque>
#include <functional>
#include <vector>

namespace penstock::app {

// Roles that all our models answer beyond Qt's own.
enum ModelRole {
    SortRole = Qt::UserRole + 1, // a number or text that sorts as a person expects
    KeyRole,                     // what identifies the row
    ToneRole,                    // an int of enum Tone
    TimeRole,                    // the row's engine time in nanoseconds, if it has one
};
// How a cell should look; the view turns it into a colour of the theme and an icon, so that colour
// is never the only sign.
enum Tone { plainTone, goodTone, warningTone, badTone, weakTone };

template <class Row>
struct ColumnSpec {
    using Text = std::function<QString(const Row&)>;
    using Sort = std::function<QVariant(const Row&)>;
    using ToneOf = std::function<Tone(const Row&)>;

    // Without `sort` a column sorts by its text. Numbers are right aligned.
    ColumnSpec(QString title_, QString help_, Text text_, Sort sort_ = nullptr,
               bool number_ = false, ToneOf tone_ = nullptr)
        : title(std::move(title_)), help(std::move(help_)), text(std::move(text_)),
          sort(std::move(sort_)), number(number_), tone(std::move(tone_)) {}

    QString title, help;
    Text text;
    Sort sort;
    bool number;
    ToneOf tone;
};

template <class Row>
class RowModel : public QAbstractTableModel {
  public:
    using Key = std::function<QVariant(const Row&)>;

    RowModel(std::vector<ColumnSpec<Row>> columns, Key key, QObject* parent = nullptr)
        : QAbstractTableModel(parent), columns_(std::move(columns)), key_(std::move(key)) {}

    // Takes over `rows`. Rows of the same key at either end are updated; what is between is
    // removed and inserted anew.
    void setRows(std::vector<Row> rows) {
        const std::size_t most = std::min(rows.size(), rows_.size());
        std::size_t head = 0, tail = 0;
        while (head < most && key_(rows[head]) == key_(rows_[head]))
            ++head;
        while (tail < most - head &&
               key_(rows[rows.size() - 1 - tail]) == key_(rows_[rows_.size() - 1 - tail])) {
            ++tail;
        }
        const auto at = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
        if (const std::size_t end = rows_.size() - tail; end > head) {
            beginRemoveRows({}, static_cast<int>(head), static_cast<int>(end) - 1);
            rows_.erase(rows_.begin() + at(head), rows_.begin() + at(end));
            endRemoveRows();
        }
        if (const std::size_t end = rows.size() - tail; end > head) {
            beginInsertRows({}, static_cast<int>(head), static_cast<int>(end) - 1);
            rows_.insert(rows_.begin() + at(head), rows.begin() + at(head), rows.begin() + at(end));
            endInsertRows();
        }
        if (head + tail == 0) return;
        std::move(rows.begin(), rows.end(), rows_.begin());
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    }

    // Adds rows at the end and forgets the oldest beyond `limit`.
    void append(const std::vector<Row>& rows, std::size_t limit) {
        if (rows.empty()) return;
        const std::size_t skip = rows.size() > limit ? rows.size() - limit : 0;
        const std::size_t added = rows.size() - skip;
        if (rows_.size() + added > limit) {
            const std::size_t gone = std::min(rows_.size(), rows_.size() + added - limit);
            if (gone > 0) {
                beginRemoveRows({}, 0, static_cast<int>(gone) - 1);
                rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(gone));
                endRemoveRows();
            }
        }
        beginInsertRows({}, static_cast<int>(rows_.size()),
                        static_cast<int>(rows_.size() + added) - 1);
        rows_.insert(rows_.end(), rows.begin() + static_cast<std::ptrdiff_t>(skip), rows.end());
        endInsertRows();
    }

    void clear() { setRows({}); }

    const Row& row(int i) const { return rows_[static_cast<std::size_t>(i)]; }
    const std::deque<Row>& rows() const { return rows_; }
    // -1 if there is none.
    int find(const QVariant& key) const {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (key_(rows_[i]) == key) return static_cast<int>(i);
        }
        return -1;
    }

    int rowCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : static_cast<int>(rows_.size());
    }
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : static_cast<int>(columns_.size());
    }

    QVariant data(const QModelIndex& index, int role) const override {
        if (!index.isValid()) return {};
        const Row& r = row(index.row());
        const ColumnSpec<Row>& column = columns_[static_cast<std::size_t>(index.column())];
        switch (role) {
        case Qt::DisplayRole:
            return column.text(r);
        case Qt::TextAlignmentRole:
            return static_cast<int>((column.number ? Qt::AlignRight : Qt::AlignLeft) |
                                    Qt::AlignVCenter);
        case Qt::AccessibleTextRole:
            return column.title + QLatin1Char(' ') + column.text(r);
        case SortRole:
            return column.sort ? column.sort(r) : QVariant(column.text(r));
        case KeyRole:
            return key_(r);
        case ToneRole:
            return column.tone ? static_cast<int>(column.tone(r)) : int{plainTone};
        default:
            return {};
        }
    }

    QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
        if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
        const ColumnSpec<Row>& column = columns_[static_cast<std::size_t>(section)];
        if (role == Qt::DisplayRole) return column.title;
        if (role == Qt::ToolTipRole) return column.help;
        if (role == Qt::TextAlignmentRole) {
            return static_cast<int>((column.number ? Qt::AlignRight : Qt::AlignLeft) |
                                    Qt::AlignVCenter);
        }
        return {};
    }

  protected:
    void touched(int row) { Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1)); }
    Row& rowToEdit(int i) { return rows_[static_cast<std::size_t>(i)]; }

  private:
    std::vector<ColumnSpec<Row>> columns_;
    Key key_;
    std::deque<Row> rows_;
};

} // namespace penstock::app
