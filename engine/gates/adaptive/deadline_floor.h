// SPDX-License-Identifier: Apache-2.0
#pragma once

// Opens a closed gate just enough to keep deadlines.
//
// A gate that protects interactive users knows nothing of the backlog behind it, and a pool that is
// never idle would let every deadline pass. If B requests wait and the first deadline is s away,
// sending B / s a second from now on meets it without a burst at the end (the fluid bound of
// earliest-deadline-first: at any time the rate needed is the largest of pending-due-by-d / (d -
// now); with one deadline in sight it is B / s). Slack is counted to the time at which an answer
// must have been asked for: less the mean latency of answers, and less a `margin` for retries (of
// at most half the time left, so that a short deadline is not given up). The rate fills a token
// bucket of `burst`; every request that passes takes a token, whichever gate let it pass, so the
// floor adds nothing while the inner gate does enough. It acts only within `horizon` of the
// deadline: before that the inner gate may open by itself.
#include "engine/gates/adaptive/smoothed_mean.h"
#include "engine/gates/parts/wrapper_gate.h"

namespace penstock {

class DeadlineFloorGate final : public WrapperGate {
  public:
    struct Settings {
        Duration horizon;
        Duration margin;
        double burst;
        double maxRate; // requests a second
    };
    DeadlineFloorGate(Settings settings, std::unique_ptr<Gate> inner)
        : WrapperGate(std::move(inner)), settings_(settings) {}

    Budget budget(Time now) override;
    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) override;
    std::string_view type() const override { return "deadline-floor"; }
    void parameters(ParameterVisitor& visitor) override;

    double rate() const { return rate_; } // requests a second that the deadline asks for

  private:
    void onSettled(Time now, const Request& request, const AttemptOutcome& outcome) override;
    void onBacklog(Time now, std::int64_t pending, Time earliestDeadline) override;
    Time ownRecheckAt() const override;
    void fill(Time now);
    // The inner gate is closed and a token is there: the reason is then the floor's.
    Reason floorReason() const;

    Settings settings_;
    double rate_ = 0.0;
    double tokens_ = 0.0;
    Time filledAt_{};
    SmoothedMean latencySeconds_; // of answers
    double capacity_ = 10.0;      // a poll's batch, until room() tells the workers
};

} // namespace penstock
