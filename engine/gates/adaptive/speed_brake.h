// SPDX-License-Identifier: Apache-2.0
#pragma once

// Nothing new while the pool is slow: a brake for gates whose metric is late, or that have none.
//
// A burst of other people's requests makes every step of a batch longer at once, a scrape or two
// before any metric tells. Our own answers tell it within about a second (pool_speed.h). The pool
// is slow when its speed, with one standard deviation for doubt, falls below the normal by
// `slowdown`, and well again at half that loss (hysteresis, so that noise does not chatter). Where
// answers do not tell their tokens a long one looks like a slow one: then it never brakes. The
// normal speed is learned while the pool is well: quickly upwards; slowly downwards, because our
// own requests slow it too and are meant to. Where they share something that is scarce, ten times
// as many are each ten times slower: so that our own growth is not taken for a burst of others,
// what all of ours get together (speed x in flight) must have fallen below its normal too. A pool
// that stays slow for many minutes has a new normal. What was sampled in a slow spell is history
// when the spell is over, so the spell's bounds are kept.
//
// A lull is not yet the end of a burst (of exponential silences of 53 s one in six is shorter than
// 10 s), and what is sent into it meets the next one. So what a spell has emptied is not filled up
// at once but over `refill`, in a straight line.
#include "engine/gates/adaptive/pool_speed.h"

namespace penstock {

class GateKnobs;

class SpeedBrake {
  public:
    struct Settings {
        double slowdown; // <= 1: never brakes
        Duration refill;
        double tokenOffset = 16.0; // output tokens that take as long as everything before them
    };
    explicit SpeedBrake(Settings settings) : settings_(settings) {}

    // An answer that was served, of `flying` that were in flight; 0 tokens: unknown.
    void answered(Time now, Duration latency, std::uint32_t outputTokens, std::int32_t flying);

    bool slow() const { return slow_; }
    // True if `at` lies in the present or the last slow spell.
    bool duringSlowSpell(Time at) const { return at >= from_ && at < until_; }
    // The caller knows that there is room: the present speed is then not far from
    // normal, and the normal is moved half the way to it (geometrically).
    void release(Time now);

    // What is left of a limit, `flying` being in flight: 0 in a slow spell, all of it long after.
    double eased(Time now, double limit, std::int32_t flying);
    // When a limit that was eased at `at` is to be asked for again because it grows by itself as
    // time passes; kNever if it does not.
    Time recheckAt(Time at) const;

    const PoolSpeed& pool() const { return pool_; }
    double normal() const { return normal_; }
    void parameters(const GateKnobs& show); // slowdown and refill
    double& tokenOffset() { return settings_.tokenOffset; }

  private:
    bool refilling(Time now) const { return !slow_ && now < until_ + settings_.refill; }
    bool well() const;
    void learn(Time now, double speed, double seconds);

    Settings settings_;
    PoolSpeed pool_;
    double normal_ = 0.0;         // speed of one
    double normalTogether_ = 0.0; // of all of ours
    double together_ = 0.0;
    double refillFrom_ = 0.0; // in flight when the last spell ended
    bool tokensKnown_ = false;
    bool slow_ = false;
    Time firstKnown_ = kNever;
    Time lastAnswer_{};
    Time lastWell_{};
    Time from_ = kNever; // of the present or last spell
    Time until_{};       // kNever in a spell
};

} // namespace penstock
