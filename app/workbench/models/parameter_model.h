// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The parameter registry as a tree: a group for each queue, pool and gate, a parameter a leaf. An
// edit is a wish: it is announced as a command and shown as pending until the run reports the new
// value, so that the tree never claims what the engine does not do. GUI thread only.
#include "app/workbench/models/row_model.h"
#include "app/workbench/models/rows.h"

#include <QAbstractItemModel>

#include <memory>
#include <optional>

namespace penstock::app {

class ParameterModel : public QAbstractItemModel {
    Q_OBJECT
  public:
    enum Column { name, value, unit, range, standard, columns };
    enum Role { PathRole = KeyRole, PendingRole = Qt::UserRole + 100, RowRole };

    explicit ParameterModel(QObject* parent = nullptr);
    ~ParameterModel() override;

    // The registry, in its own order. Values alone changed: rows stay; paths changed: reset.
    void setParameters(std::vector<ParameterRow> parameters);
    const std::vector<ParameterRow>& parameters() const { return parameters_; }
    const ParameterRow* find(const QString& path) const;
    QModelIndex indexOf(const QString& path) const;

    // Asks for a value: clamped to the range, rounded for integers. Announces it and shows it as
    // pending. False if there is no such parameter or nothing would change.
    bool request(const QString& path, double value);
    bool reset(const QString& path);
    // The value asked for, or that in force.
    double shown(const QString& path) const;

    static QString valueText(const ParameterRow& row, double value);
    // What a person typed; none if it is no value of this parameter. Durations take "250 ms", "2m".
    static std::optional<double> parse(const ParameterRow& row, const QString& text);

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

  Q_SIGNALS:
    void requested(const QString& path, double value);

  private:
    struct Node;
    Node* nodeOf(const QModelIndex& index) const;
    QModelIndex indexOf(const Node& node, int column) const;
    void build();
    int position(const QString& path) const;

    std::vector<ParameterRow> parameters_;
    std::vector<std::optional<double>> pending_; // as parameters_
    std::unique_ptr<Node> root_;
};

} // namespace penstock::app
