// SPDX-License-Identifier: Apache-2.0
// The run's own thread: obeys commands between two events, lets the pacer say how far to go, and
// publishes what is new.
#include "app/session/run/run_thread.h"

#include "app/session/run/run_export.h"
#include "app/session/run/step_back.h"
#include "engine/record/report/expectation.h"
#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::app {

using namespace std::chrono_literals;

namespace {

constexpr auto kPublishEvery = 8ms;   // of wall time, while it runs
constexpr auto kCheckpointEvery = 1s; // of wall time
constexpr double kFrame = 1.0 / 30.0; // seconds of wall time that a window shows at once
constexpr double kGaugesAFrame = 32.0;
constexpr Duration kFinestGauges = 100ms;

} // namespace

void SimulatedRun::Impl::run() {
    if (setup_.background) stepBack();
    if (!begin()) {
        status_ = RunStatus::failed;
        ended_ = settled_ = true;
    }
    changed_ = true;
    for (;;) {
        serve();
        {
            const std::lock_guard lock(mutex_);
            if (leaving_) break;
        }
        const auto now = Clock::now();
        const auto plan = live() ? pacer_->next(host_->now(), now) : Pacer::Plan{};
        if (live()) {
            const RunStatus status = pacer_->running() ? RunStatus::running : RunStatus::paused;
            changed_ = changed_ || status != status_;
            status_ = status;
        }
        switch (plan.act) {
        case Pacer::Plan::Act::step:
            step();
            break;
        case Pacer::Plan::Act::run:
            portion(plan);
            break;
        case Pacer::Plan::Act::wait: {
            if (changed_) publish();
            std::unique_lock lock(mutex_);
            const auto wanted = [this] { return leaving_ || !inbox_.empty(); };
            if (plan.until) {
                asked_.wait_until(lock, *plan.until, wanted);
            } else {
                asked_.wait(lock, wanted);
            }
            break;
        }
        }
        if (live()) {
            pacer_->measure(host_->now(), host_->engine().recorder().fingerprint().events(),
                            Clock::now());
        }
        if (host_ != nullptr && Clock::now() - published_ >= kPublishEvery &&
            (changed_ || status_ == RunStatus::running)) {
            publish();
        }
    }
    // Left without a Stop: what has been done stays in the store as a finished run.
    if (live()) end(RunStatus::stopped);
    feed_.reset();
    host_.reset(); // here, where nothing waits for it
    simulated_.reset();
    gone_ = true;
}

bool SimulatedRun::Impl::begin() {
    if (unfit_) {
        error_ = unfit_->text();
        return false;
    }
    auto made = sim::World::make(std::move(setup_.scenario), setup_.options);
    if (!made) {
        error_ = made.error().text();
        return false;
    }
    simulated_ = std::move(*made);
    host_ = std::make_unique<SimulatedHost>(*simulated_);
    feed_ = std::make_unique<FrameFeed>(*host_, described_, names_);
    host_->engine().recorder().addSink(*feed_);
    pacer_.emplace(host_->start(), host_->end());
    if (setup_.log) replay_.emplace(*setup_.log);
    nextGauge_ = host_->start();
    publishedAt_ = host_->start();
    if (setup_.store.empty()) return true;
    auto recording = RunRecording::begin(setup_.store, *host_, simulated_->scenario(),
                                         setup_.options, setup_.tags, setup_.note);
    if (!recording) {
        // A window without its store is still a window.
        commandError_ = fmt::format("this run is not recorded: {}", recording.error().text());
        return true;
    }
    recording_ = std::move(*recording);
    storedAs_ = recording_->id();
    return true;
}

// Does what has been asked since the last time, in order.
void SimulatedRun::Impl::serve() {
    std::deque<Asked> asked;
    {
        const std::lock_guard lock(mutex_);
        asked.swap(inbox_);
        attention_ = leaving_;
    }
    for (const Asked& each : asked) {
        changed_ = true;
        if (const auto* command = std::get_if<Command>(&each)) {
            obey(*command);
        } else if (const auto* find = std::get_if<Find>(&each)) {
            ready_.frame.found =
                feed_ != nullptr ? feed_->find(find->id) : RequestRow{.id = find->id};
            ready_.fresh = true;
        } else {
            const ExportKind kind = std::get<ExportKind>(each);
            ExportAnswer answer;
            if (host_ != nullptr) {
                answer = exportRun(kind, *host_, simulated_->scenario(), setup_.options, moves_,
                                   wallSeconds());
            } else {
                answer.kind = kind;
                answer.error = "the run has not begun: " + error_;
            }
            ready_.frame.exported.push_back(std::move(answer));
            ready_.fresh = true;
        }
    }
}

void SimulatedRun::Impl::obey(const Command& command) {
    if (!live()) {
        if (!std::holds_alternative<Stop>(command) && !std::holds_alternative<Pause>(command)) {
            commandError_ = "the run is over: start it again to go on";
        }
        return;
    }
    std::visit([this](const auto& each) { obey(each); }, command);
}

void SimulatedRun::Impl::made(const Move& move) {
    moves_.push_back(move);
    if (recording_ != nullptr) recording_->move(move);
    if (move.path == kStopMove) return;
    if (const std::string queue = pausedQueue(move.path); !queue.empty()) {
        feed_->mark(
            MarkNote::Kind::move,
            fmt::format("queue {}: {}", queue, move.value == "true" ? "paused" : "taken up again"));
        return;
    }
    const auto index = host_->engine().parameters().find(move.path);
    if (!index) return;
    const ParameterEntry& entry = host_->engine().parameters().entries()[*index];
    const double value = host_->engine().parameters().get(*index);
    const std::string owner = entry.owner.substr(0, entry.owner.find(','));
    feed_->mark(MarkNote::Kind::move, fmt::format("{}: {} = {:g}{}{}", owner, entry.name, value,
                                                  entry.unit.empty() ? "" : " ", entry.unit));
    feed_->moved(entry.path, value);
}

void SimulatedRun::Impl::obey(const SetParameter& command) {
    if (replay_ && replay_->next() != nullptr) {
        commandError_ = "this is a replay: it makes the moves of its log";
        return;
    }
    const Move move{host_->now(), command.path, valueText(command.value), host_->eventsFired()};
    if (auto done = host_->move(command.path, command.value); !done) {
        commandError_ = done.error().text();
        // The knob goes back to what is in force.
        if (const auto index = host_->engine().parameters().find(command.path)) {
            feed_->moved(command.path, host_->engine().parameters().get(*index));
        }
        return;
    }
    made(move);
}

void SimulatedRun::Impl::obey(const PauseQueue& command) {
    if (replay_ && replay_->next() != nullptr) {
        commandError_ = "this is a replay: it makes the moves of its log";
        return;
    }
    const Move move{host_->now(), pausePath(command.queue), command.paused ? "true" : "false",
                    host_->eventsFired()};
    if (auto done = apply(*host_, move); !done) {
        commandError_ = done.error().text();
        return;
    }
    made(move);
}

void SimulatedRun::Impl::obey(const StepOne&) {
    pacer_->step();
}

void SimulatedRun::Impl::obey(const RunPaced& command) {
    pacer_->paced(command.speed, host_->now(), Clock::now());
}

void SimulatedRun::Impl::obey(const RunFast&) {
    pacer_->fast(host_->now(), Clock::now());
}

void SimulatedRun::Impl::obey(const RunUntil& command) {
    if (!command.condition.empty()) {
        if (auto parsed = parseExpectation(command.condition); !parsed) {
            commandError_ = parsed.error().text();
            return;
        }
    }
    condition_ = command.condition;
    nextCheck_ = condition_.empty() ? kNever : host_->now();
    const Time at = command.at == Time{} ? kNever : command.at; // only a condition was given
    pacer_->until(at, host_->now(), Clock::now());
}

void SimulatedRun::Impl::obey(const Pause&) {
    pacer_->pause();
    condition_.clear();
    nextCheck_ = kNever;
}

void SimulatedRun::Impl::obey(const Stop&) {
    end(RunStatus::stopped);
}

void SimulatedRun::Impl::replayDue() {
    while (replay_ && replay_->next() != nullptr &&
           replay_->place(*host_) != Replay::Place::ahead) {
        auto move = replay_->make(*host_);
        if (!move) {
            end(RunStatus::failed, move.error().text());
            return;
        }
        changed_ = true;
        if (replay_->stopped()) {
            end(RunStatus::stopped);
            return;
        }
        if (move->path != kCheckpointMove) made(*move);
    }
}

void SimulatedRun::Impl::step() {
    replayDue();
    if (!live()) return;
    host_->step();
    pacer_->stepped();
    changed_ = true;
    if (host_->done()) end(RunStatus::finished);
}

void SimulatedRun::Impl::portion(const Pacer::Plan& plan) {
    const auto began = Clock::now();
    const auto until = began + plan.budget;
    while (live()) {
        replayDue();
        if (!live()) break;
        Time limit = std::min({plan.limit, nextGauge_, nextCheck_});
        std::uint64_t events = UINT64_MAX;
        if (const Move* move = replay_ ? replay_->next() : nullptr) {
            limit = std::min(limit, std::max(move->t, host_->now()));
            if (move->event != Move::kAnyEvent) events = move->event;
        }
        host_->runFor(until - Clock::now(), limit, attention_, events);
        const Time now = host_->now();
        if (now >= nextGauge_) {
            feed_->gauge();
            const auto steps = (now - host_->start()) / gaugeStep_ + 1;
            nextGauge_ = host_->start() + steps * gaugeStep_;
        }
        if (now >= nextCheck_) checkCondition();
        if (host_->done()) {
            replayDue();
            if (live()) end(RunStatus::finished);
            break;
        }
        if (!pacer_->running() || now >= plan.limit || attention_ || Clock::now() >= until) break;
    }
    worked_ += Clock::now() - began;
}

void SimulatedRun::Impl::checkCondition() {
    nextCheck_ = host_->now() + simulated_->scenario().sampleEvery;
    auto now = report();
    if (!now) return;
    const ExpectationResult result = evaluate(toJson(*now), condition_);
    if (!result.pass && result.error.empty()) return;
    if (result.pass) {
        feed_->mark(MarkNote::Kind::note, fmt::format("{} holds", condition_));
    } else {
        commandError_ = result.error;
    }
    changed_ = true;
    pacer_->pause();
    condition_.clear();
    nextCheck_ = kNever;
}

// At least about kGaugesAFrame samples between two frames, on a grid that begins with the run.
void SimulatedRun::Impl::chooseGaugeStep() {
    const double wall = toSeconds(Clock::now() - published_);
    const double engine = toSeconds(host_->now() - publishedAt_);
    if (wall <= 0 || published_ == Clock::time_point{}) return;
    const double speed = engine / wall;
    // A short run is over in a few frames: it gets about as many as its recorder takes.
    const double wanted =
        std::min(speed * kFrame / kGaugesAFrame, toSeconds(simulated_->scenario().sampleEvery));
    const double finest = toSeconds(kFinestGauges);
    double step = toSeconds(gaugeStep_);
    while (step < wanted)
        step *= 2;
    while (step > finest && wanted < step / 4)
        step /= 2;
    const Duration chosen = std::max<Duration>(kFinestGauges, fromSeconds(step));
    if (chosen == gaugeStep_) return;
    gaugeStep_ = chosen;
    feed_->setStep(chosen);
    const auto steps = (host_->now() - host_->start()) / gaugeStep_ + 1;
    nextGauge_ = host_->start() + steps * gaugeStep_;
}

double SimulatedRun::Impl::wallSeconds() const {
    return std::chrono::duration<double>(worked_).count();
}

Result<Report> SimulatedRun::Impl::report() {
    return host_->report(wallSeconds());
}

void SimulatedRun::Impl::end(RunStatus status, std::string error) {
    PENSTOCK_CHECK(!ended_);
    pacer_->pause();
    if (auto worldStatus = host_->status(); !worldStatus) {
        status = RunStatus::failed;
        error = worldStatus.error().text();
    }
    if (status == RunStatus::stopped && !host_->done()) {
        made({host_->now(), kStopMove, "", host_->eventsFired()});
    }
    status_ = status;
    error_ = std::move(error);
    ended_ = true;
    changed_ = true;
    publish(); // before the disk is waited for
    auto last = report();
    if (!last) {
        status_ = RunStatus::failed;
        error_ = last.error().text();
    } else if (recording_ != nullptr && status != RunStatus::failed) {
        if (auto stored = recording_->finish(*last); !stored) error_ = stored.error().text();
    }
    recording_.reset();
    settled_ = true;
    changed_ = true;
}

void SimulatedRun::Impl::publish() {
    const auto now = Clock::now();
    PendingFrame& out = ready_;
    if (host_ != nullptr) {
        if (status_ == RunStatus::running) chooseGaugeStep();
        if (host_->now() > feed_->lastGauge() && status_ != RunStatus::running) feed_->gauge();
        feed_->flush(out);
        if (recording_ != nullptr && now - checkpointed_ >= kCheckpointEvery) {
            checkpointed_ = now;
            if (auto sofar = report()) recording_->checkpoint(*sofar, *host_);
        }
    }
    published_ = now;
    publishedAt_ = host_ != nullptr ? host_->now() : Time{};
    changed_ = false;
    const std::string error = error_.empty() ? std::exchange(commandError_, {}) : error_;

    const std::lock_guard lock(mutex_);
    std::string before = std::move(outbox_.frame.error);
    outbox_.append(std::move(out));
    ready_ = PendingFrame{};
    Frame& frame = outbox_.frame;
    outbox_.fresh = true;
    frame.status = status_;
    frame.settled = settled_;
    frame.error = error.empty() ? std::move(before) : error;
    if (host_ == nullptr) {
        frame.head = described_.info.start;
        return;
    }
    frame.targetSpeed = pacer_->targetSpeed();
    frame.achievedSpeed = pacer_->achievedSpeed();
    frame.eventsPerSecond = pacer_->eventsPerSecond();
    frame.progress = pacer_->progress(host_->now());
    frame.remainingSeconds = pacer_->remainingSeconds(host_->now());
    frame.fingerprint = host_->engine().recorder().fingerprint().text();
    frame.storedAs = storedAs_;
}

} // namespace penstock::app
