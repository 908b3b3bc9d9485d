// SPDX-License-Identifier: Apache-2.0
// The window's side of a simulated run: what it asks goes into a box, what is new comes out of one.
#include "app/session/run/simulated_run.h"

#include "app/session/run/leaving.h"
#include "app/session/run/run_thread.h"

namespace penstock::app {

SimulatedRun::SimulatedRun(RunSetup setup) : impl_(std::make_unique<Impl>(std::move(setup))) {}
SimulatedRun::~SimulatedRun() {
    Leaving<Impl>::adopt(std::move(impl_));
}

const RunInfo& SimulatedRun::info() const {
    return impl_->info();
}
void SimulatedRun::send(Command command) {
    impl_->send(std::move(command));
}
bool SimulatedRun::take(Frame& frame) {
    return impl_->take(frame);
}
void SimulatedRun::find(const std::string& requestId) {
    impl_->find(requestId);
}
void SimulatedRun::ask(ExportKind kind) {
    impl_->ask(kind);
}

SimulatedRun::Impl::Impl(RunSetup setup) : setup_(std::move(setup)) {
    const sim::Scenario& scenario = setup_.scenario;
    RunInfo& info = described_.info;
    if (auto described = describe(scenario, setup_.options)) {
        described_ = std::move(*described);
    } else {
        unfit_ = described.error();
        info.scenario = scenario.name;
        info.about = scenario.about;
        info.seed = scenario.seed;
    }
    info.start = sim::World::epoch();
    info.end = info.start + scenario.horizon;
    info.can.steer = !setup_.background;
    info.can.knobs =
        !setup_.log.has_value() && !setup_.background; // a replay makes the moves that its log has
    names_.queues = info.queues;
    names_.pools = info.pools;
    for (const auto& source : scenario.sources) {
        names_.sources.push_back(source.traffic.name);
        names_.interactive.push_back(source.queue.empty());
    }
    for (const ParameterRow& row : info.parameters)
        names_.parameters.push_back(row.path);
    for (const auto& kind : sim::faultKinds())
        names_.faults.emplace_back(kind.name);
    outbox_.frame.head = info.start;
    thread_ = std::jthread([this] { run(); });
}

SimulatedRun::Impl::~Impl() {
    leave();
}

void SimulatedRun::Impl::leave() {
    {
        const std::lock_guard lock(mutex_);
        leaving_ = true;
        attention_ = true;
    }
    asked_.notify_one();
}

void SimulatedRun::Impl::post(Asked asked) {
    {
        const std::lock_guard lock(mutex_);
        inbox_.push_back(std::move(asked));
        attention_ = true;
    }
    asked_.notify_one();
}

void SimulatedRun::Impl::send(Command command) {
    post(std::move(command));
}
void SimulatedRun::Impl::find(const std::string& id) {
    post(Find{id});
}
void SimulatedRun::Impl::ask(ExportKind kind) {
    post(kind);
}

bool SimulatedRun::Impl::take(Frame& frame) {
    PendingFrame taken;
    {
        const std::lock_guard lock(mutex_);
        if (!outbox_.fresh) return false;
        taken = std::exchange(outbox_, PendingFrame{});
    }
    frame = finished(std::move(taken), names_);
    return true;
}

} // namespace penstock::app
