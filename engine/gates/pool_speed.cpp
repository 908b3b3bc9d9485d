// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/pool_speed.h"

#include <algorithm>

namespace penstock {
namespace {

// An answer's reading is uncertain by this share of its work: the prompt's length, its turn in the
// batch, and our own belief when it was sent.
constexpr double kReadingError = 0.05;
// The speed may change by this share of itself within a second.
constexpr double kRestlessness = 0.5;
// A speed is never believed to be less than this share of what the last answer itself says: the
// filter is linear and would else pass through zero after a sudden stop.
constexpr double kLeastShare = 0.05;
constexpr double kLongestStepSeconds = 30.0;

} // namespace

PoolSpeed::PoolSpeed() : history_(kHistory) {}

void PoolSpeed::begin(Time now, Duration latency, double work) {
    speed_ = work / std::max(1e-6, toSeconds(latency));
    odometer_ = work;
    at_ = now;
    xx_ = work * work;
    xv_ = 0.0;
    vv_ = speed_ * speed_;
    history_[0] = {now - latency, 0.0};
    moments_ = 1;
    remember();
}

void PoolSpeed::predict(Time now) {
    const double dt = std::clamp(toSeconds(now - at_), 0.0, kLongestStepSeconds);
    const double drift = kRestlessness * speed_;
    const double q = drift * drift;
    at_ = now;
    odometer_ += speed_ * dt;
    xx_ += dt * (2.0 * xv_ + dt * vv_) + q * dt * dt * dt / 3.0;
    xv_ += dt * vv_ + q * dt * dt / 2.0;
    vv_ += q * dt;
}

double PoolSpeed::odometerAt(Time at) const {
    const std::size_t kept = std::min(moments_, kHistory);
    const std::size_t first = moments_ - kept;
    std::size_t low = 0;
    std::size_t high = kept;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (history_[(first + middle) % kHistory].at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // Sent before the first moment or after the last: the present speed reaches there.
    if (low == 0) {
        const Moment& oldest = history_[first % kHistory];
        return oldest.odometer - speed_ * toSeconds(oldest.at - at);
    }
    const Moment& before = history_[(first + low - 1) % kHistory];
    if (low == kept) return before.odometer + speed_ * toSeconds(at - before.at);
    const Moment& after = history_[(first + low) % kHistory];
    const double share = toSeconds(at - before.at) / toSeconds(after.at - before.at);
    return before.odometer + share * (after.odometer - before.odometer);
}

void PoolSpeed::remember() {
    Moment& last = history_[(moments_ - 1) % kHistory];
    if (at_ - last.at < kGrain) {
        last.odometer = odometer_; // keeps its time: at most a grain of error
        return;
    }
    history_[moments_++ % kHistory] = {at_, odometer_};
}

void PoolSpeed::answered(Time now, Duration latency, double work) {
    if (latency <= Duration::zero() || work <= 0.0) return;
    ++answers_;
    if (moments_ == 0) {
        begin(now, latency, work);
        return;
    }
    const double reading = odometerAt(now - latency) + work;
    predict(now);
    const double error = kReadingError * work;
    const double innovation = reading - odometer_;
    const double total = xx_ + error * error;
    const double gainX = xx_ / total;
    const double gainV = xv_ / total;
    odometer_ += gainX * innovation;
    const double least = kLeastShare * work / toSeconds(latency);
    speed_ = std::max(least, speed_ + gainV * innovation);
    vv_ -= gainV * xv_;
    xv_ -= gainX * xv_;
    xx_ -= gainX * xx_;
    remember();
}

} // namespace penstock
