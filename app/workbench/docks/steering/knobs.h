// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The parameters of the run and the way they are moved, shared by all docks that move them. Every
// move becomes a command and a step that can be undone; moves of one knob in one gesture are one
// step. Undoing sends the earlier value to the run as a move of its own: the run's log keeps both.
//
// A wish stays pending until the run reports the value. On a live system knobs are locked until the
// user arms them. GUI thread only.
#include "app/session/view/run_view.h"
#include "app/workbench/models/parameter_model.h"

#include <QElapsedTimer>
#include <QObject>
#include <QUndoStack>

namespace penstock::app {

class Knobs : public QObject {
    Q_OBJECT
  public:
    // Moves of one knob that follow each other within this time are one step.
    static constexpr int kGestureMs = 1200;

    explicit Knobs(QObject* parent = nullptr);

    // A new run: its parameters, an empty history, not armed.
    void begin(const RunInfo& info);
    void add(const Frame& frame);

    // Moves made through the model or with move() and reset() alike are commands and steps.
    ParameterModel& model() { return model_; }
    const ParameterModel& model() const { return model_; }
    bool move(const QString& path, double value) { return model_.request(path, value); }
    bool reset(const QString& path) { return model_.reset(path); }
    // The next move is a step of its own: a slider was let go, an editor was left.
    void endGesture() { gesturePath_.clear(); }

    QUndoStack& history() { return history_; }

    // A live system's knobs have to be armed before they move.
    bool needsArming() const { return needsArming_; }
    bool armed() const { return armed_; }
    void setArmed(bool armed);
    // Why knobs do not move, in words; empty if they do.
    QString lockedBecause() const;

  Q_SIGNALS:
    void command(const penstock::app::Command& command);
    // The run's parameters are others now, or knobs were locked or unlocked.
    void changed();
    // A parameter has this value now, or is asked to have it.
    void moved(const QString& path);

  private:
    class Move;
    void remember(const QString& path, double value, double before);
    void relock();

    ParameterModel model_;
    QUndoStack history_;
    QString gesturePath_;
    QElapsedTimer sinceMove_;
    bool canMove_ = false, needsArming_ = false, armed_ = false;
    bool replaying_ = false; // a move that is made by undo or redo
    bool ended_ = false;     // the run takes no commands any more
};

} // namespace penstock::app
