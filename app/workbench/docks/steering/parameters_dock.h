// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Every parameter of the run in a tree by owner, with search, editing in place and reset.
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/parameter_model.h"

#include <array>

class QLabel;
class QLineEdit;
class QSortFilterProxyModel;
class QToolButton;
class QTreeView;

namespace penstock::app {

class EmptyState;
class Knobs;

class ParametersDock : public RunDock {
    Q_OBJECT
  public:
    // `knobs` must outlive the dock; its begin() and add() are called before the dock's.
    explicit ParametersDock(Knobs& knobs, QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame&) override {}
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // Shows, chooses and focuses a parameter, clearing a search that hides it. False if there is
    // no such parameter.
    bool reveal(const QString& path);
    // Of the chosen row; empty if none.
    QString current() const;
    QLineEdit& search() { return *search_; }
    QTreeView& tree() { return *tree_; }

  Q_SIGNALS:
    // The user wants to search: this dock should come to the front.
    void asked();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent*) override;

  private:
    void filter();
    void fitColumns();
    void showCurrent();
    void resetCurrent();

    Knobs& knobs_;
    QSortFilterProxyModel* proxy_;
    QLineEdit* search_;
    QToolButton *moved_, *reset_;
    QTreeView* tree_;
    QLabel* help_ = nullptr;
    EmptyState* empty_;
    std::array<int, ParameterModel::columns> widths_{}; // pixels
};

} // namespace penstock::app
