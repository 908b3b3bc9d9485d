// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A run for tests of the window: the same contract as a real one (app/session/view/run_view.h),
// frames made of formulas. Bursts fill queues, a metric lags behind the true load, a gate closes on
// what it reads; the threshold is a parameter that works. Time passes only when the test says so,
// so every test sees the same frames.
#include "app/session/view/run_view.h"

#include <map>

namespace penstock::app {

class FakeRun : public RunView {
  public:
    struct Options {
        int queues = 2;
        int gates = 2;
        int replicas = 8;
        int loud = -1; // of many: the one queue that is deep, gate that closes, replica that works
        bool armFirst = false;
        bool recorded = false; // takes no commands
        Time start{std::chrono::hours(1)};
        double requestsPerSecond = 4; // that end
    };

    FakeRun() : FakeRun(Options{}) {}
    explicit FakeRun(Options options);

    // Lets engine time pass. Nothing happens while paused or stopped.
    void pass(Duration time);
    Time head() const { return head_; }
    double valueOf(const std::string& path) const { return parameters_.at(path); }
    // Set as the engine would refuse: reported in the next frame.
    void fail(std::string error);
    void finish();

    const RunInfo& info() const override { return info_; }
    void send(Command command) override;
    bool take(Frame& frame) override;
    void find(const std::string& requestId) override;

    std::vector<Command> sent;           // all of them, in order
    std::vector<std::string> findsAsked; // by find()

  private:
    void describe();
    void step(Time t);
    RequestRow request(std::int64_t number, Time finished) const;
    double threshold(std::size_t gate) const;

    Options options_;
    RunInfo info_;
    std::map<std::string, double> parameters_;
    Frame next_;
    bool news_ = true;
    Time head_{};
    RunStatus status_ = RunStatus::running;
    std::vector<bool> paused_;
    std::vector<int> closed_; // by gate: 0 open, 1 closed
    double read_ = 0, readAge_ = 0;
    std::int64_t steps_ = 0, requests_ = 0;
    std::uint64_t events_ = 0;
};

// What two seeds of the fake run might differ in.
struct FakeRuns {
    static std::vector<RunRow> history(int count);
};

} // namespace penstock::app
