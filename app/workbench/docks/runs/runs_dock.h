// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The history of runs: open, tag, annotate, delete, mark two as A and B to compare them. The window
// keeps the store; this dock shows rows and says what the user wants.
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/table_models.h"

#include <functional>
#include <optional>

class QToolButton;

namespace penstock::app {

class FilterBar;
class TableView;

class RunsDock : public RunDock {
    Q_OBJECT
  public:
    explicit RunsDock(QWidget* parent = nullptr);

    void begin(const RunInfo&) override {}
    void add(const Frame&) override {}
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // What the store has, newest first. The marks A and B are this dock's own and stay.
    void setRuns(std::vector<RunRow> runs);
    // Marks a run as "A" or "B", or takes the mark away if it has it; the mark leaves the run that
    // had it before. Announces `compared` when both are given.
    void mark(qint64 run, const QString& as);
    std::optional<qint64> marked(const QString& as) const;
    // Asks whether to delete; replaced in tests. Default: a message box.
    std::function<bool(const QString& question)> confirm;

    TableView& table() { return *table_; }

  Q_SIGNALS:
    void opened(qint64 run);
    // Confirmed by the user.
    void deleted(const QList<qint64>& runs);
    void described(qint64 run, const QString& tags, const QString& notes);
    void compared(qint64 a, qint64 b);
    // Lay this run over the one that is shown.
    void overlaid(qint64 run);

  private:
    QList<qint64> chosen() const;
    void openChosen();
    void deleteChosen();
    void markChosen(const QString& as);
    void showMarks();
    void showButtons();

    RunModel model_;
    FilterModel rows_;
    FilterBar* filter_;
    TableView* table_;
    QToolButton *open_, *markA_, *markB_, *overlay_, *delete_;
    std::optional<qint64> a_, b_;
};

} // namespace penstock::app
