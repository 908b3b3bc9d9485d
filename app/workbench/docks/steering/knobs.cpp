// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/knobs.h"

#include "app/workbench/models/text.h"

#include <QScopedValueRollback>
#include <QUndoCommand>

namespace penstock::app {

// The first redo() is the move itself, which has been made already.
class Knobs::Move : public QUndoCommand {
  public:
    Move(Knobs& knobs, QString path, double value, double before, bool merges)
        : knobs_(knobs), path_(std::move(path)), value_(value), before_(before), merges_(merges) {
        describe();
    }

    int id() const override { return 1; }

    bool mergeWith(const QUndoCommand* next) override {
        const auto* other = static_cast<const Move*>(next);
        if (!other->merges_ || other->path_ != path_) return false;
        value_ = other->value_;
        setObsolete(value_ == before_);
        describe();
        return true;
    }

    void undo() override { replay(before_); }
    void redo() override {
        if (made_) replay(value_);
        made_ = true;
    }

  private:
    void describe() {
        const ParameterRow* row = knobs_.model_.find(path_);
        if (!row) return;
        setText(tr("%1 %2 → %3")
                    .arg(penstock::app::text(row->name), ParameterModel::valueText(*row, before_),
                         ParameterModel::valueText(*row, value_)));
    }
    static QString tr(const char* words) { return Knobs::tr(words); }
    void replay(double value) {
        const QScopedValueRollback guard(knobs_.replaying_, true);
        knobs_.model_.request(path_, value);
    }

    Knobs& knobs_;
    QString path_;
    double value_, before_;
    bool merges_, made_ = false;
};

Knobs::Knobs(QObject* parent) : QObject(parent) {
    connect(&model_, &ParameterModel::requested, this, &Knobs::remember);
    sinceMove_.start();
}

void Knobs::begin(const RunInfo& info) {
    history_.clear();
    endGesture();
    canMove_ = info.can.knobs && !info.scenario.empty();
    needsArming_ = info.can.armFirst;
    armed_ = false;
    ended_ = false;
    model_.setParameters(info.parameters);
    relock();
}

void Knobs::add(const Frame& frame) {
    for (const auto& [path, value] : frame.moved) {
        const QString name = text(path);
        if (model_.applied(name, value)) Q_EMIT moved(name);
    }
    const bool ended = frame.status == RunStatus::finished || frame.status == RunStatus::stopped ||
                       frame.status == RunStatus::failed;
    if (ended == ended_) return;
    ended_ = ended;
    relock();
}

void Knobs::remember(const QString& path, double value, double before) {
    if (!replaying_) {
        const bool merges = path == gesturePath_ && sinceMove_.elapsed() < kGestureMs;
        gesturePath_ = path;
        sinceMove_.start();
        history_.push(new Move(*this, path, value, before, merges));
    } else {
        endGesture();
    }
    Q_EMIT command(SetParameter{path.toStdString(), value});
    Q_EMIT moved(path);
}

void Knobs::setArmed(bool armed) {
    if (!needsArming_ || armed == armed_) return;
    armed_ = armed;
    relock();
}

QString Knobs::lockedBecause() const {
    if (model_.parameters().empty()) return tr("There is no run whose parameters could be moved.");
    if (!canMove_) return tr("A recorded run is shown: what is past cannot be moved.");
    if (ended_) return tr("The run has ended. Restart it to move parameters.");
    if (needsArming_ && !armed_) {
        return tr("This is a live system. Arm the knobs to move its parameters.");
    }
    return {};
}

void Knobs::relock() {
    model_.setLocked(!lockedBecause().isEmpty());
    Q_EMIT changed();
}

} // namespace penstock::app
