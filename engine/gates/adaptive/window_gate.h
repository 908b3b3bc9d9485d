// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the gates that find their own limit have in common: a number of requests that may be in
// flight, which the subclass moves. The gate counts what it has let through and not yet got back;
// as the gate of a pool it also believes the pool's own count, which includes claims on their way.
//
// budget() is limit / capacity, the capacity being what room() was last told (the owner's workers
// until then: a rate meaning of budgets never asks for room).
// In a Reason, `value` is what is held and `threshold` the limit, unless the subclass says
// otherwise.
#include "engine/core/gate.h"

namespace penstock {

struct WindowOwner {
    bool ofPool = false; // before the workers of a pool, not before a queue
    std::int32_t workers = 64;
};

class WindowGate : public Gate {
  public:
    Budget budget(Time now) final;
    Verdict apply(Time now, Request& request, Reservations& reservations) final;
    void release(std::uint64_t token) final;
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) final;

    std::int32_t held() const { return held_; }

  protected:
    explicit WindowGate(WindowOwner owner) : ofPool_(owner.ofPool), capacity_(owner.workers) {}

    // Requests that may be in flight now, >= 0. Called often: cheap, and the same for the same now.
    virtual double limit(Time now) = 0;
    // The reason for a limit just computed; `full` if one more would not fit.
    virtual Reason explain(double limit, bool full) const;

    // True when the limit is what holds requests back, so that the next outcome says something
    // about a larger one (RFC 7661: a window that is not used must not grow).
    bool used(double window) const {
        const auto held = static_cast<double>(held_);
        return held + 1.0 > window || held >= kUsedShare * window;
    }
    std::int32_t capacity() const { return capacity_; }
    // The most that a limit may be: the capacity, at least one.
    double places() const { return capacity_ > 1 ? capacity_ : 1; }
    // A window of at least `least` and at most `most` (0: the places), which wins.
    double between(double least, double most, double window) const;

  private:
    static constexpr double kUsedShare = 0.75;

    double open(Time now);

    bool ofPool_;
    std::int32_t held_ = 0;
    std::int32_t capacity_;
};

// What an outcome says about the load of the pool.
enum class LoadSign : std::uint8_t {
    served, // the pool took it and answered
    silent, // says nothing: the sender's own mistake, a fault of one endpoint
    late,   // it waited too long in the router's queue
    shed,   // the pool had no place for it
};
LoadSign loadSignOf(const AttemptOutcome& outcome);

} // namespace penstock
