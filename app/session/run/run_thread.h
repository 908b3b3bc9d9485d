// SPDX-License-Identifier: Apache-2.0
#pragma once

// The thread of a simulated run, and the two boxes between it and the window: commands in, one
// pending frame out. Internal to this folder.
//
// Locks are held for a few moves of values. The run looks up at least every Pacer::kPortion, and at
// once when something is asked of it: `attention_` breaks off a portion after the event under way.
#include "app/session/host/simulated_host.h"
#include "app/session/replay/run_recording.h"
#include "app/session/run/frame_feed.h"
#include "app/session/run/pacer.h"
#include "app/session/run/simulated_run.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace penstock::app {

class SimulatedRun::Impl {
  public:
    explicit Impl(RunSetup setup);
    ~Impl();

    const RunInfo& info() const { return described_.info; }
    void send(Command command);
    bool take(Frame& frame);
    void find(const std::string& id);
    void ask(ExportKind kind);
    // Tells the thread to come to an end, and does not wait for it.
    void leave();
    bool gone() const { return gone_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Find {
        std::string id;
    };
    using Asked = std::variant<Command, Find, ExportKind>;

    // The window's side.
    void post(Asked asked);

    // The run's thread.
    void run();
    bool begin();
    void serve();
    void obey(const Command& command);
    void obey(const SetParameter& command);
    void obey(const PauseQueue& command);
    void obey(const StepOne& command);
    void obey(const RunPaced& command);
    void obey(const RunFast& command);
    void obey(const RunUntil& command);
    void obey(const Pause& command);
    void obey(const Stop& command);
    void made(const Move& move);
    void step();
    void portion(const Pacer::Plan& plan);
    void replayDue();
    void checkCondition();
    void chooseGaugeStep();
    void end(RunStatus status, std::string error = {});
    void publish();
    bool live() const { return host_ != nullptr && !ended_; }
    double wallSeconds() const;
    Result<Report> report();

    // Fixed before the thread begins.
    RunSetup setup_; // its scenario is the world's once there is one
    Described described_;
    std::optional<Error> unfit_; // why it cannot be described
    Names names_;

    std::mutex mutex_;
    std::condition_variable asked_;
    std::deque<Asked> inbox_; // under the mutex
    PendingFrame outbox_;     // under the mutex
    bool leaving_ = false;    // under the mutex
    std::atomic<bool> attention_{false};
    std::atomic<bool> gone_{false}; // the thread has nothing more to do

    // The run's thread only.
    std::unique_ptr<sim::World> simulated_;
    std::unique_ptr<RunHost> host_; // of it: all but making it goes through this
    std::unique_ptr<FrameFeed> feed_;
    std::unique_ptr<RunRecording> recording_;
    std::optional<Pacer> pacer_;
    std::optional<Replay> replay_;
    std::vector<Move> moves_;
    PendingFrame ready_;
    RunStatus status_ = RunStatus::paused;
    std::string error_;        // for good
    std::string commandError_; // told once
    bool ended_ = false;
    bool settled_ = false; // nothing will be written any more
    RunId storedAs_ = 0;
    bool changed_ = true; // there is something to publish
    Duration gaugeStep_{std::chrono::milliseconds{100}};
    Time nextGauge_{};
    std::string condition_;
    Time nextCheck_ = kNever;
    Clock::time_point published_{};
    Time publishedAt_{};
    Clock::time_point checkpointed_{};
    std::chrono::nanoseconds worked_{0}; // wall time spent running

    std::jthread thread_; // last: it uses all of the above
};

} // namespace penstock::app
