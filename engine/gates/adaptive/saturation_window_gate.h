// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the gates that steer by the pool's saturation have in common: the reading with its age, the
// pool's response to our own requests, what happens when there is no reading or one too old, and
// the brake: while our own answers come slower than normal nothing is sent, and samples of a slow
// spell that is over are not steered by, unless they leave room.
//
// In a Reason, `value` is the saturation expected now and `threshold` the target, so that such a
// gate is closed when value >= threshold, when what it may have in flight is in flight, or,
// whatever the value, when the code is closedBySlowdown.
#include "engine/gates/adaptive/pool_response.h"
#include "engine/gates/adaptive/speed_brake.h"
#include "engine/gates/adaptive/window_gate.h"
#include "engine/gates/parts/cached_reading.h"

#include <string>

namespace penstock {

class SaturationWindowGate : public WindowGate, public CachedReading::Owner {
  public:
    struct Steering {
        std::string query;
        double target;       // saturation to stay under
        double fallback;     // saturation assumed without a reading
        Duration staleAfter; // an older sample is no reading
        double perRequest;   // saturation of one request; 0: learned
        SpeedBrake::Settings brake;
    };
    SaturationWindowGate(Steering settings, MetricSource& source, CachePolicy cache,
                         WindowOwner owner);

    const PoolResponse& response() const { return response_; }

  protected:
    void onSent(Time now, const Request& request) override;
    void onSettled(Time now, const Request& request, const AttemptOutcome& outcome) override;
    Time ownRecheckAt() const override;

    struct View {
        bool available = false;
        double saturation = 0.0; // as sampled
        Time sampledAt{};
        double ownThen = 0.0;    // of ours in flight when it was sampled
        double perRequest = 0.0; // > 0
        double expected = 0.0;   // saturation now, after what we have sent and got back since
    };

    double limit(Time now) final;
    // Requests that may be in flight, by a reading that is available; need not be bounded.
    virtual double steer(Time now, const View& view) = 0;
    Reason explain(double limit, bool full) const final;
    void readingArrived(CachedReading&) override { changed(); }
    void commonParameters(const GateKnobs& show);

    Steering settings_;
    PoolResponse response_;

  private:
    View look(Time now);
    void judge(Time now, const Reading& reading);

    CachedReading reading_;
    SpeedBrake brake_;
    View view_;
    std::uint64_t serialSeen_ = 0;
    Time sampleSeen_{};
    // The sample that is steered by, and what of ours was in flight then.
    double saturation_ = 0.0;
    Time sampledAt_{};
    double ownThen_ = 0.0;
    double expected_ = 0.0;
    Duration age_{0};
    Time limitAt_{};
    bool braked_ = false;
    // A refusal by the router is news that no metric has yet: until the next sample.
    double refusedAt_ = 0.0; // requests in flight then, halved
    Time refusal_{};
    bool refused_ = false;
};

} // namespace penstock
