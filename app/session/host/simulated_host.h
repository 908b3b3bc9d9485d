// SPDX-License-Identifier: Apache-2.0
#pragma once

// A simulated world as a session sees it.
#include "app/session/host/run_host.h"
#include "sim/world/world.h"

namespace penstock::app {

class SimulatedHost final : public RunHost {
  public:
    // The world outlives it.
    explicit SimulatedHost(sim::World& world) : world_(world) {}

    Time start() const override { return world_.start(); }
    Time end() const override { return world_.end(); }
    Time now() const override { return world_.now(); }
    bool done() const override { return world_.done(); }
    Status status() const override { return world_.status(); }
    bool step() override { return world_.step(); }
    bool runFor(std::chrono::nanoseconds wallTime, Time limit, const std::atomic<bool>& interrupt,
                std::uint64_t events) override {
        return world_.runFor(wallTime, limit, interrupt, events);
    }
    std::uint64_t eventsFired() const override { return world_.eventsFired(); }
    bool quietUntil(Time t) const override { return world_.loop().nextDue() > t; }
    Status waitUntil(Time t) override { return world_.waitUntil(t); }
    EngineRun& engine() override { return world_.engine(); }
    Status move(const std::string& path, double value) override { return world_.move(path, value); }
    Status pauseQueue(const std::string& id, bool paused) override {
        return world_.pauseQueue(id, paused);
    }
    Sample look(bool fleet) override { return world_.look(fleet); }
    std::optional<Request> find(std::uint64_t number) const override {
        for (std::size_t i = 0; i < world_.broker().size(); ++i) {
            const auto found = world_.broker().queue(i).find(number);
            if (found.request != nullptr) return *found.request;
        }
        return {};
    }
    Result<Report> report(double wallSeconds) override { return world_.report(wallSeconds); }

  private:
    sim::World& world_;
};

} // namespace penstock::app
