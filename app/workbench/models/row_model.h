// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A table over a vector of plain rows. Columns are described once, as values; a new set of rows is
// taken over by difference, so that selection and scroll position survive a frame every 33 ms.
// GUI thread only.
#include <QAbstractTableModel>
#include <QString>
#include <QVariant>

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

    // Takes over `rows`. Rows of the same key at the same place are updated; a run of rows that is
    // new or gone is inserted or removed; any other change of order is a reset of the tail.
    void setRows(std::vector<Row> rows) {
        std::size_t same = 0;
        while (same < rows.size() && same < rows_.size() && key_(rows[same]) == key_(rows_[same])) {
            ++same;
        }
        if (same < rows_.size()) {
            // A row that vanished in the middle: if what follows it still fits, remove just it.
            if (same + 1 <= rows_.size() && rows.size() + 1 == rows_.size() &&
                tailMatches(rows, same)) {
                beginRemoveRows({}, static_cast<int>(same), static_cast<int>(same));
                rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(same));
                endRemoveRows();
                same = rows.size();
            } else {
                beginRemoveRows({}, static_cast<int>(same), static_cast<int>(rows_.size()) - 1);
                rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(same), rows_.end());
                endRemoveRows();
            }
        }
        const std::size_t kept = rows_.size();
        if (rows.size() > kept) {
            beginInsertRows({}, static_cast<int>(kept), static_cast<int>(rows.size()) - 1);
            rows_.insert(rows_.end(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end());
            endInsertRows();
        }
        if (kept == 0) return;
        for (std::size_t i = 0; i < kept; ++i)
            rows_[i] = std::move(rows[i]);
        Q_EMIT dataChanged(index(0, 0), index(static_cast<int>(kept) - 1, columnCount() - 1));
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
    bool tailMatches(const std::vector<Row>& rows, std::size_t gone) const {
        for (std::size_t i = gone; i < rows.size(); ++i) {
            if (key_(rows[i]) != key_(rows_[i + 1])) return false;
        }
        return true;
    }

    std::vector<ColumnSpec<Row>> columns_;
    Key key_;
    std::deque<Row> rows_;
};

} // namespace penstock::app
