// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The contract between the window and its docks. A dock is a thin view: it is told once what run
// it shows, is handed a frame every 33 ms, and says what the user wants as commands. It never asks
// the run anything, never blocks for longer than a frame, and may be hidden at any time.
// GUI thread only.
#include "app/session/view/run_view.h"

#include <QMetaType>
#include <QWidget>

namespace penstock::app {

inline constexpr qint64 kShowEveryMs = 100; // numbers that change faster cannot be read

class ActionRegistry;

class RunDock : public QWidget {
    Q_OBJECT
  public:
    // `id` names the dock in layouts, actions and tests ("requests"); `title` is on its tab; `help`
    // says in a sentence what it is for.
    RunDock(QString id, QString title, QString help, QWidget* parent);

    const QString& id() const { return id_; }
    const QString& title() const { return title_; }
    const QString& help() const { return help_; }

    // A new run, or, with an empty RunInfo, none: forgets the one before.
    virtual void begin(const RunInfo& info) = 0;
    // What is new. Called for hidden docks too, which keep it, bounded, until they are shown.
    virtual void add(const Frame& frame) = 0;

    // Adds what can be done here to the registry; once, before the first run.
    virtual void addActions(ActionRegistry&) {}
    // How the user left it (columns, sizes, hidden charts), apart from the run's data. Anything
    // that does not fit is ignored.
    virtual QByteArray viewState() const { return {}; }
    virtual void setViewState(const QByteArray&) {}

  Q_SIGNALS:
    // What the run should do.
    void command(const penstock::app::Command& command);
    // A sentence for the status bar.
    void said(const QString& text);

  private:
    QString id_, title_, help_;
};

} // namespace penstock::app

Q_DECLARE_METATYPE(penstock::app::Command)
