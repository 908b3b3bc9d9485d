// SPDX-License-Identifier: Apache-2.0
#include "app/session/run/pacer.h"

#include <algorithm>
#include <cmath>

namespace penstock::app {

void Pacer::run(Mode mode) {
    if (mode_ != mode) marks_.clear();
    mode_ = mode;
    steps_ = 0;
}

void Pacer::step() {
    const std::uint64_t asked = steps_ + 1;
    pause();
    steps_ = asked;
}

void Pacer::paced(double speed, Time engine, Wall wall) {
    run(Mode::paced);
    speed_ = std::isfinite(speed) ? std::clamp(speed, kSlowest, kFastest) : 1.0;
    marks_.clear();
    anchorEngine_ = engine;
    anchorWall_ = wall;
}

void Pacer::fast(Time, Wall) {
    run(Mode::fast);
}

void Pacer::until(Time target, Time engine, Wall) {
    run(Mode::fast);
    target_ = target;
    from_ = engine;
}

void Pacer::pause() {
    run(Mode::paused);
    target_ = kNever;
    from_ = start_;
}

void Pacer::stepped() {
    if (steps_ > 0) --steps_;
}

Pacer::Plan Pacer::next(Time engine, Wall wall) {
    if (steps_ > 0) return {.act = Plan::Act::step};
    if (mode_ == Mode::paused) return {};
    if (engine >= target_) {
        pause();
        return {};
    }
    if (mode_ == Mode::fast) return {.act = Plan::Act::run, .limit = target()};

    const double owed = toSeconds(wall - anchorWall_) * speed_;
    const double most = std::chrono::duration<double>(kLag).count() * speed_;
    double lead = owed - toSeconds(engine - anchorEngine_);
    if (lead > most) { // it cannot keep up: begin again from here, owing kLag
        anchorEngine_ = engine;
        anchorWall_ = wall - kLag;
        lead = most;
    }
    const Duration ahead = fromSeconds(lead);
    if (ahead <= Duration{0}) {
        return {.act = Plan::Act::wait, .until = wall + kTick};
    }
    return {.act = Plan::Act::run, .limit = std::min(engine + ahead, target())};
}

void Pacer::measure(Time engine, std::uint64_t events, Wall wall) {
    if (mode_ == Mode::paused) {
        marks_.clear();
        return;
    }
    if (!marks_.empty() && wall - marks_.back().wall < kMarkEvery) return;
    marks_.push_back({wall, engine, events});
    // The oldest mark kept is the newest that is a whole window old.
    while (marks_.size() > 2 && wall - marks_[1].wall >= kWindow)
        marks_.pop_front();
}

double Pacer::achievedSpeed() const {
    if (marks_.size() < 2) return 0.0;
    const double wall = toSeconds(marks_.back().wall - marks_.front().wall);
    return wall > 0.0 ? toSeconds(marks_.back().engine - marks_.front().engine) / wall : 0.0;
}

double Pacer::eventsPerSecond() const {
    if (marks_.size() < 2) return 0.0;
    const double wall = toSeconds(marks_.back().wall - marks_.front().wall);
    const auto events = static_cast<double>(marks_.back().events - marks_.front().events);
    return wall > 0.0 ? events / wall : 0.0;
}

double Pacer::progress(Time engine) const {
    const double whole = toSeconds(target() - from_);
    return whole > 0.0 ? std::clamp(toSeconds(engine - from_) / whole, 0.0, 1.0) : 1.0;
}

std::optional<double> Pacer::remainingSeconds(Time engine) const {
    const double speed = achievedSpeed();
    if (speed <= 0.0) return {};
    return std::max(0.0, toSeconds(target() - engine)) / speed;
}

} // namespace penstock::app
