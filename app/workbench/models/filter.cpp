// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/filter.h"

#include "app/workbench/models/row_model.h"

namespace penstock::app {
namespace {

// Splits at spaces outside quotes; the quotes go.
QStringList words(const QString& text) {
    QStringList out;
    QString word;
    bool quoted = false;
    for (const QChar c : text) {
        if (c == QLatin1Char('"')) {
            quoted = !quoted;
        } else if (c.isSpace() && !quoted) {
            if (!word.isEmpty()) out << word;
            word.clear();
        } else {
            word += c;
        }
    }
    if (!word.isEmpty()) out << word;
    return out;
}

} // namespace

std::vector<FilterTerm> parseFilter(const QString& text) {
    std::vector<FilterTerm> terms;
    for (QString word : words(text)) {
        FilterTerm term;
        if (word.size() > 1 && word.startsWith(QLatin1Char('-'))) {
            term.negated = true;
            word.remove(0, 1);
        }
        qsizetype cut = -1;
        for (qsizetype i = 1; i < word.size() && cut < 0; ++i) {
            if (word[i] == QLatin1Char(':') || word[i] == QLatin1Char('<') ||
                word[i] == QLatin1Char('>')) {
                cut = i;
            }
        }
        if (cut < 0) {
            term.text = word;
            terms.push_back(term);
            continue;
        }
        term.column = word.left(cut).toLower();
        term.text = word.mid(cut + 1);
        if (word[cut] != QLatin1Char(':')) {
            bool fine = false;
            term.number = term.text.toDouble(&fine);
            if (!fine) continue; // still being typed
            term.test =
                word[cut] == QLatin1Char('<') ? FilterTerm::Test::less : FilterTerm::Test::greater;
        }
        terms.push_back(term);
    }
    return terms;
}

FilterModel::FilterModel(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(SortRole);
}

void FilterModel::setFilterText(const QString& text) {
    if (text == text_) return;
    text_ = text;
    terms_ = parseFilter(text);
    findColumns();
    invalidateFilter();
}

void FilterModel::setSourceModel(QAbstractItemModel* source) {
    QSortFilterProxyModel::setSourceModel(source);
    findColumns();
}

void FilterModel::findColumns() {
    columns_.clear();
    for (const FilterTerm& term : terms_)
        columns_.push_back(term.column.isEmpty() ? -1 : columnOf(term.column));
}

void FilterModel::setOnly(std::optional<int> column) {
    if (column == only_) return;
    only_ = column;
    invalidateFilter();
}

void FilterModel::setTimeRange(std::optional<std::pair<qint64, qint64>> nanoseconds) {
    if (range_ == nanoseconds) return;
    range_ = nanoseconds;
    invalidateFilter();
}

int FilterModel::columnOf(const QString& title) const {
    if (!sourceModel()) return -1;
    for (int i = 0; i < sourceModel()->columnCount(); ++i) {
        QString name = sourceModel()->headerData(i, Qt::Horizontal).toString().toLower();
        if (name.remove(QLatin1Char(' ')) == title) return i;
    }
    return -1;
}

QStringList FilterModel::unknownColumns() const {
    QStringList out;
    for (const FilterTerm& term : terms_) {
        if (!term.column.isEmpty() && columnOf(term.column) < 0) out << term.column;
    }
    return out;
}

bool FilterModel::holds(std::size_t index, int row, const QModelIndex& parent) const {
    const FilterTerm& term = terms_[index];
    const QAbstractItemModel& source = *sourceModel();
    if (term.column.isEmpty()) {
        for (int i = 0; i < source.columnCount(parent); ++i) {
            const QString cell = source.index(row, i, parent).data().toString();
            if (cell.contains(term.text, Qt::CaseInsensitive)) return true;
        }
        return false;
    }
    const int column = columns_[index];
    if (column < 0) return true; // named as unknown instead
    const QModelIndex at = source.index(row, column, parent);
    switch (term.test) {
    case FilterTerm::Test::contains:
        return at.data().toString().contains(term.text, Qt::CaseInsensitive);
    case FilterTerm::Test::less:
        return at.data(SortRole).toDouble() < term.number;
    case FilterTerm::Test::greater:
        return at.data(SortRole).toDouble() > term.number;
    }
    return true;
}

bool FilterModel::filterAcceptsRow(int row, const QModelIndex& parent) const {
    if (range_) {
        const QVariant at = sourceModel()->index(row, 0, parent).data(TimeRole);
        if (at.isValid()) {
            const qint64 t = at.toLongLong();
            if (t < range_->first || t >= range_->second) return false;
        }
    }
    if (only_ && sourceModel()->index(row, *only_, parent).data().toString().isEmpty()) {
        return false;
    }
    for (std::size_t i = 0; i < terms_.size(); ++i) {
        if (holds(i, row, parent) == terms_[i].negated) return false;
    }
    return true;
}

} // namespace penstock::app
