// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/parameter_model.h"

#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QFont>
#include <QRegularExpression>

#include <cmath>

namespace penstock::app {

struct ParameterModel::Node {
    Node* parent = nullptr;
    int row = 0;
    QString title;
    int parameter = -1; // index into parameters_; -1 for a group
    std::vector<std::unique_ptr<Node>> children;
};

namespace {

// A value may come back from the engine by way of a shorter type, or of nanoseconds.
bool sameValue(double a, double b) {
    return std::abs(a - b) <= 1e-9 * std::max({1e-9, std::abs(a), std::abs(b)});
}

// Of a duration, whose number is in its own unit.
double secondsOf(const ParameterRow& row) {
    return row.unit == "ms" ? 1e-3 : 1;
}

QString choiceText(const ParameterRow& row, double v) {
    const auto i = static_cast<std::size_t>(v);
    return v >= 0 && i < row.choices.size() ? text(row.choices[i]) : QString();
}

QString choicesText(const ParameterRow& row) {
    QStringList all;
    for (const std::string& choice : row.choices)
        all << text(choice);
    return all.join(QStringLiteral(", "));
}

} // namespace

ParameterModel::ParameterModel(QObject* parent)
    : QAbstractItemModel(parent), root_(std::make_unique<Node>()) {}

ParameterModel::~ParameterModel() = default;

void ParameterModel::setParameters(std::vector<ParameterRow> parameters) {
    bool same = parameters.size() == parameters_.size();
    for (std::size_t i = 0; same && i < parameters.size(); ++i) {
        same = parameters[i].path == parameters_[i].path;
    }
    if (!same) {
        beginResetModel();
        parameters_ = std::move(parameters);
        pending_.assign(parameters_.size(), std::nullopt);
        build();
        endResetModel();
        return;
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const bool moved = parameters[i].value != parameters_[i].value;
        if (pending_[i] && sameValue(*pending_[i], parameters[i].value)) pending_[i].reset();
        parameters_[i] = std::move(parameters[i]);
        if (!moved) continue;
        announce(i);
    }
}

bool ParameterModel::applied(const QString& path, double now) {
    const int i = position(path);
    if (i < 0) return false;
    const auto k = static_cast<std::size_t>(i);
    if (pending_[k] && sameValue(*pending_[k], now)) pending_[k].reset();
    parameters_[k].value = now;
    announce(k);
    return true;
}

void ParameterModel::announce(std::size_t parameter) {
    const QModelIndex at = indexOf(*leaves_[parameter], name);
    Q_EMIT dataChanged(at, at.siblingAtColumn(columns - 1));
}

void ParameterModel::build() {
    root_ = std::make_unique<Node>();
    leaves_.clear();
    positions_.clear();
    QHash<QString, Node*> groups;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const QString title = text(parameters_[i].group);
        Node*& group = groups[title];
        if (!group) {
            auto node = std::make_unique<Node>();
            node->parent = root_.get();
            node->row = static_cast<int>(root_->children.size());
            node->title = title;
            group = node.get();
            root_->children.push_back(std::move(node));
        }
        auto leaf = std::make_unique<Node>();
        leaf->parent = group;
        leaf->row = static_cast<int>(group->children.size());
        leaf->title = text(parameters_[i].name);
        leaf->parameter = static_cast<int>(i);
        leaves_.push_back(leaf.get());
        positions_.insert(text(parameters_[i].path), static_cast<int>(i));
        group->children.push_back(std::move(leaf));
    }
}

int ParameterModel::position(const QString& path) const {
    return positions_.value(path, -1);
}

const ParameterRow* ParameterModel::find(const QString& path) const {
    const int i = position(path);
    return i < 0 ? nullptr : &parameters_[static_cast<std::size_t>(i)];
}

QModelIndex ParameterModel::indexOf(const Node& node, int column) const {
    return createIndex(node.row, column, const_cast<Node*>(&node));
}

QModelIndex ParameterModel::indexOf(const QString& path) const {
    const int i = position(path);
    return i < 0 ? QModelIndex() : indexOf(*leaves_[static_cast<std::size_t>(i)], name);
}

bool ParameterModel::request(const QString& path, double wanted) {
    const int i = position(path);
    if (i < 0 || std::isnan(wanted) || locked_) return false;
    const auto k = static_cast<std::size_t>(i);
    const ParameterRow& row = parameters_[k];
    if (!row.live) return false;
    wanted = std::clamp(wanted, row.min, row.max);
    if (row.kind == ParameterKind::integer || row.kind == ParameterKind::choice ||
        row.kind == ParameterKind::flag) {
        wanted = std::round(wanted);
    }
    const double before = pending_[k].value_or(row.value);
    if (sameValue(wanted, before)) return false;
    pending_[k] = wanted;
    if (sameValue(wanted, row.value)) pending_[k].reset();
    announce(k);
    Q_EMIT requested(path, wanted, before);
    return true;
}

bool ParameterModel::reset(const QString& path) {
    const ParameterRow* row = find(path);
    return row && request(path, row->fallback);
}

double ParameterModel::shown(const QString& path) const {
    const int i = position(path);
    if (i < 0) return kUnknown;
    const auto k = static_cast<std::size_t>(i);
    return pending_[k].value_or(parameters_[k].value);
}

bool ParameterModel::pending(const QString& path) const {
    const int i = position(path);
    return i >= 0 && pending_[static_cast<std::size_t>(i)].has_value();
}

void ParameterModel::setLocked(bool locked) {
    if (locked == locked_) return;
    locked_ = locked;
    if (locked) pending_.assign(parameters_.size(), std::nullopt);
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        announce(i);
}

QString ParameterModel::valueText(const ParameterRow& row, double v) {
    switch (row.kind) {
    case ParameterKind::flag:
        return v != 0 ? tr("on") : tr("off");
    case ParameterKind::choice:
        return choiceText(row, v);
    case ParameterKind::duration:
        return QString::fromStdString(durationLabel(fromSeconds(v * secondsOf(row))));
    case ParameterKind::integer:
        return QString::number(static_cast<qint64>(v));
    case ParameterKind::number:
        return number(v);
    }
    return {};
}

std::optional<double> ParameterModel::parse(const ParameterRow& row, const QString& typed) {
    QString plain = typed.trimmed();
    const auto inRange = [&](double v) -> std::optional<double> {
        if (std::isnan(v) || v < row.min || v > row.max) return std::nullopt;
        return v;
    };
    if (row.kind == ParameterKind::choice) {
        const auto it = std::find(row.choices.begin(), row.choices.end(), plain.toStdString());
        if (it == row.choices.end()) return std::nullopt;
        return static_cast<double>(it - row.choices.begin());
    }
    if (row.kind == ParameterKind::flag) {
        static const QStringList yes{QStringLiteral("on"), QStringLiteral("true"),
                                     QStringLiteral("yes"), QStringLiteral("1")};
        static const QStringList no{QStringLiteral("off"), QStringLiteral("false"),
                                    QStringLiteral("no"), QStringLiteral("0")};
        if (yes.contains(plain, Qt::CaseInsensitive)) return 1;
        if (no.contains(plain, Qt::CaseInsensitive)) return 0;
        return std::nullopt;
    }
    bool fine = false;
    if (row.kind == ParameterKind::duration) {
        // Go's form and ours: a sum of numbers with units; a bare number is in the row's unit.
        static const QRegularExpression part(
            QStringLiteral("\\s*([0-9]*\\.?[0-9]+)\\s*(ns|us|µs|ms|s|min|m|h)?"));
        double total = 0;
        qsizetype at = 0;
        while (at < plain.size()) {
            const auto m = part.match(plain, at, QRegularExpression::NormalMatch,
                                      QRegularExpression::AnchorAtOffsetMatchOption);
            if (!m.hasMatch()) return std::nullopt;
            const QString u = m.captured(2);
            const double scale = u == QStringLiteral("ns")        ? 1e-9
                                 : u == QStringLiteral("us")      ? 1e-6
                                 : u == QStringLiteral("µs")      ? 1e-6
                                 : u == QStringLiteral("ms")      ? 1e-3
                                 : u == QStringLiteral("h")       ? 3600
                                 : u.startsWith(QLatin1Char('m')) ? 60
                                 : u.isEmpty()                    ? secondsOf(row)
                                                                  : 1;
            total += m.captured(1).toDouble() * scale;
            at = m.capturedEnd();
        }
        return plain.isEmpty() ? std::nullopt : inRange(total / secondsOf(row));
    }
    plain.remove(QLatin1Char(','));
    if (!row.unit.empty() && plain.endsWith(text(row.unit))) plain.chop(text(row.unit).size());
    const double v = plain.trimmed().toDouble(&fine);
    if (!fine) return std::nullopt;
    if (row.kind == ParameterKind::integer && v != std::round(v)) return std::nullopt;
    return inRange(v);
}

ParameterModel::Node* ParameterModel::nodeOf(const QModelIndex& index) const {
    return index.isValid() ? static_cast<Node*>(index.internalPointer()) : root_.get();
}

QModelIndex ParameterModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) return {};
    return createIndex(row, column, nodeOf(parent)->children[static_cast<std::size_t>(row)].get());
}

QModelIndex ParameterModel::parent(const QModelIndex& child) const {
    if (!child.isValid()) return {};
    const Node* above = nodeOf(child)->parent;
    if (!above || above == root_.get()) return {};
    return indexOf(*above, 0);
}

int ParameterModel::rowCount(const QModelIndex& parent) const {
    if (parent.column() > 0) return 0;
    return static_cast<int>(nodeOf(parent)->children.size());
}

int ParameterModel::columnCount(const QModelIndex&) const {
    return columns;
}

QVariant ParameterModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Node& node = *nodeOf(index);
    if (node.parameter < 0) {
        if (role == Qt::DisplayRole && index.column() == name) return node.title;
        return {};
    }
    const auto k = static_cast<std::size_t>(node.parameter);
    const ParameterRow& row = parameters_[k];
    const double now = pending_[k].value_or(row.value);
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case name:
            return text(row.name);
        case value:
            return valueText(row, now);
        case unit:
            return row.kind == ParameterKind::duration ? QString() : text(row.unit);
        case range:
            if (row.kind == ParameterKind::choice) return choicesText(row);
            if (row.kind == ParameterKind::flag) return tr("on, off");
            return tr("%1 to %2").arg(valueText(row, row.min), valueText(row, row.max));
        case standard:
            return valueText(row, row.fallback);
        default:
            return {};
        }
    case Qt::EditRole:
        return index.column() == value ? QVariant(valueText(row, now)) : QVariant();
    case Qt::ToolTipRole:
    case Qt::StatusTipRole:
        return text(row.help);
    case Qt::AccessibleTextRole:
        return tr("%1 %2 %3").arg(text(row.name), valueText(row, now), text(row.unit));
    case Qt::FontRole: {
        if (index.column() != value || now == row.fallback) return {};
        QFont font;
        font.setBold(true); // moved from its default
        return font;
    }
    case PathRole:
        return text(row.path);
    case PendingRole:
        return pending_[k].has_value();
    case RowRole:
        return node.parameter;
    default:
        return {};
    }
}

QVariant ParameterModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    switch (section) {
    case name:
        return tr("Parameter");
    case value:
        return tr("Value");
    case unit:
        return tr("Unit");
    case range:
        return tr("Range");
    case standard:
        return tr("Default");
    default:
        return {};
    }
}

Qt::ItemFlags ParameterModel::flags(const QModelIndex& index) const {
    if (!index.isValid()) return Qt::NoItemFlags;
    const Node& node = *nodeOf(index);
    if (node.parameter < 0) return Qt::ItemIsEnabled | Qt::ItemIsSelectable;
    Qt::ItemFlags f = Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
    const bool live = parameters_[static_cast<std::size_t>(node.parameter)].live;
    if (index.column() == value && live && !locked_) f |= Qt::ItemIsEditable;
    return f;
}

bool ParameterModel::setData(const QModelIndex& index, const QVariant& wanted, int role) {
    if (!index.isValid() || role != Qt::EditRole || index.column() != value) return false;
    const Node& node = *nodeOf(index);
    if (node.parameter < 0) return false;
    const ParameterRow& row = parameters_[static_cast<std::size_t>(node.parameter)];
    const auto v = parse(row, wanted.toString());
    return v && request(text(row.path), *v);
}

} // namespace penstock::app
