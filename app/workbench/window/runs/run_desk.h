// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The run on the screen: begins it, steers it, and pulls a frame from it every 33 ms, never more
// often, however much happens in it. Knows no widgets. GUI thread only.
#include "app/workbench/window/runs/run_maker.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace penstock::app {

// What to do with a run as soon as it is there.
struct RunStart {
    enum class Pace { paused, paced, fast } pace = Pace::paced;
    double speed = 0;                                  // 0: one at which a person can follow
    std::vector<std::pair<std::string, double>> moves; // made at the start, as by hand
};

class RunDesk : public QObject {
    Q_OBJECT
  public:
    static constexpr int kFrameMs = 33;
    // Speeds that faster() and slower() step through.
    static const std::vector<double>& speeds();
    // The speed at which a run of this length takes about two minutes, of speeds().
    static double speedFor(const RunInfo& info);

    // `maker` must outlive the desk, and outlive the runs that are still being put away when the
    // desk is gone: wait for the thread pool before destroying it.
    explicit RunDesk(RunMaker& maker, QObject* parent = nullptr);
    ~RunDesk() override;

    // --- which run ------------------------------------------------------------------------------
    // The run before stays on the screen until the new one is there; a newer wish replaces an
    // older one that is still being made.
    void begin(RunOrder order, RunStart start = {});
    void replay(const QString& file);
    // Of the run on the screen that has just ended: once its end is in the store. While that run
    // goes on it is the one shown, and nothing happens.
    void open(std::int64_t storedRun);
    // The same scenario from the start: as its documents are, or with the parameters as they are
    // now; under this seed, if given.
    void restart(bool keepMoves, std::optional<std::uint64_t> seed = std::nullopt);
    bool busy() const { return wishes_ != settled_; } // one is being made

    bool hasRun() const { return run_ != nullptr; }
    const RunInfo& info() const;               // empty without a run
    const RunNow& now() const { return now_; } // of the last frame
    bool running() const { return hasRun() && now_.status == RunStatus::running; }
    bool ended() const;
    bool canRestart() const { return order_.has_value(); }
    const std::optional<RunOrder>& order() const { return order_; }
    // Parameters that are not as they were when the run began.
    std::vector<std::pair<std::string, double>> moved() const;

    // --- steering -------------------------------------------------------------------------------
    // Without a run, or where it cannot do this, nothing happens.
    void send(const Command& command);
    void find(const QString& id);
    // `answered` is called once, with a later frame; never if the run is put away before.
    using Answered = std::function<void(const ExportAnswer&)>;
    void ask(ExportKind kind, Answered answered);
    // Runs at speed() or pauses.
    void toggle();
    double speed() const { return speed_; }
    // Of a paced run from now on; a run that goes is told at once.
    void setSpeed(double speed);
    void faster();
    void slower();

    // What the timer does. Public for tests and pictures.
    void pull();

  Q_SIGNALS:
    // A run is being made; its name. Ends with begun() or failed().
    void making(const QString& name);
    void begun(const penstock::app::RunInfo& info);
    void came(const penstock::app::Frame& frame);
    // What is wrong and what to do about it.
    void failed(const QString& words);
    void speedChanged(double speed);

  private:
    struct Made {
        Result<std::unique_ptr<RunView>> run;
        std::optional<RunOrder> order; // how to run it again
    };
    template <class Make>
    void wish(const QString& name, Make make, RunStart start);
    void take(Made made, const RunStart& start);

    RunMaker& maker_;
    QTimer timer_;
    std::unique_ptr<RunView> run_;
    std::optional<RunOrder> order_;
    RunNow now_;
    std::int64_t openOnceSettled_ = 0;                   // a run's number, or 0
    std::vector<std::pair<std::string, double>> values_; // of moved parameters, as they are now
    std::vector<std::pair<ExportKind, Answered>> asked_;
    double speed_ = 10;
    int wishes_ = 0, settled_ = 0;
};

} // namespace penstock::app
