// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The parameter registry as a tree: a group for each queue, pool and gate, a parameter a leaf. An
// edit is a wish: it is announced as a command and shown as pending until the run reports the new
// value, so that the tree never claims what the engine does not do. GUI thread only.
#include "app/session/view/rows.h"
#include "app/workbench/models/row_model.h"

#include <QAbstractItemModel>
#include <QHash>

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
    // The run has this value now; a wish for it is then fulfilled. False if there is no such
    // parameter.
    bool applied(const QString& path, double now);
    const std::vector<ParameterRow>& parameters() const { return parameters_; }
    const ParameterRow* find(const QString& path) const;
    QModelIndex indexOf(const QString& path) const;

    // Asks for a value: clamped to the range, rounded for integers. Announces it and shows it as
    // pending. False if there is no such parameter, it may not be moved, or nothing would change.
    bool request(const QString& path, double value);
    bool reset(const QString& path);
    // The value asked for, or that in force.
    double shown(const QString& path) const;
    bool pending(const QString& path) const;

    // Locked: nothing may be moved.
    void setLocked(bool locked);
    bool locked() const { return locked_; }

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
    // `before` is what was shown until now.
    void requested(const QString& path, double value, double before);

  private:
    struct Node;
    Node* nodeOf(const QModelIndex& index) const;
    QModelIndex indexOf(const Node& node, int column) const;
    void build();
    int position(const QString& path) const;
    void announce(std::size_t parameter);

    std::vector<ParameterRow> parameters_;
    std::vector<std::optional<double>> pending_; // as parameters_
    std::unique_ptr<Node> root_;
    std::vector<Node*> leaves_; // as parameters_
    QHash<QString, int> positions_;
    bool locked_ = false;
};

} // namespace penstock::app
