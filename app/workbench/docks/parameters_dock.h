// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Every parameter of the run in a tree by owner, with search, editing in place and reset.
#include "app/workbench/docks/run_dock.h"

#include <QSortFilterProxyModel>

class QLabel;
class QLineEdit;
class QTreeView;

namespace penstock::app {

class EmptyState;
class Knobs;

class ParametersDock : public RunDock {
    Q_OBJECT
  public:
    // `knobs` must outlive the dock.
    explicit ParametersDock(Knobs& knobs, QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // Shows, selects and focuses a parameter, clearing a search that hides it. False if there is
    // no such parameter.
    bool reveal(const QString& path);
    QString current() const;
    QLineEdit& search() { return *search_; }
    QTreeView& tree() { return *tree_; }

  private:
    void filter();
    void showHelp();
    void resetCurrent();

    Knobs& knobs_;
    QSortFilterProxyModel* proxy_;
    QLineEdit* search_;
    QTreeView* tree_;
    QLabel* helpText_;
    EmptyState* empty_;
};

} // namespace penstock::app
