// SPDX-License-Identifier: Apache-2.0
#pragma once

// How far a run may go now. The Pacer turns what a person asked for (one event, ×N, as fast as it
// goes, until then) into the next portion of work, and measures what was achieved. It reads no
// clock and knows no thread: both times are handed in, so that every rule here is tested without
// waiting.
//
// Pace is not simulation: whatever portions a run is taken in, it is the same run.
#include "engine/types/time.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace penstock::app {

class Pacer {
  public:
    using Wall = std::chrono::steady_clock::time_point;
    using WallTime = std::chrono::nanoseconds;

    enum class Mode : std::uint8_t { paused, paced, fast };

    // A portion is at most this long, so that a request for something else is heard. (The run
    // thread is interrupted in mid-portion as well; this bounds what it does without looking up.)
    static constexpr WallTime kPortion{std::chrono::milliseconds{2}};
    // Paced, the clock moves on this often, and a run that cannot keep up never owes more than
    // kLag: what it lost is lost, and shows as an achieved speed below the target.
    static constexpr WallTime kTick{std::chrono::milliseconds{4}};
    static constexpr WallTime kLag{std::chrono::milliseconds{100}};
    static constexpr double kSlowest = 1e-3, kFastest = 1e6; // engine seconds a second

    struct Plan {
        enum class Act : std::uint8_t {
            wait, // nothing to do before `until`, or before something is asked for
            step, // fire one event
            run,  // run up to `limit` of engine time, for `budget` of wall time at most
        };
        Act act = Act::wait;
        Time limit = kNever;
        WallTime budget = kPortion;
        std::optional<Wall> until; // of wait; none: until asked
    };

    Pacer(Time start, Time end) : start_(start), end_(end), from_(start) {}

    // Paused, and then one event more. Steps add up.
    void step();
    // `speed` is kept within [kSlowest, kFastest].
    void paced(double speed, Time engine, Wall wall);
    void fast(Time engine, Wall wall);
    // Fast, up to `target`; a later paced() or fast() keeps the target. kNever: the end.
    void until(Time target, Time engine, Wall wall);
    void pause();

    // What to do now. Ends `until` when it is reached: the run is then paused.
    Plan next(Time engine, Wall wall);
    // One of the steps asked for has been done.
    void stepped();

    Mode mode() const { return mode_; }
    bool running() const { return mode_ != Mode::paused || steps_ > 0; }
    double targetSpeed() const { return mode_ == Mode::paced ? speed_ : 0.0; }
    // Where it is going: the target of until(), or the end.
    Time target() const { return target_ < end_ ? target_ : end_; }

    // Tells how far it has got; call it now and then while it runs.
    void measure(Time engine, std::uint64_t events, Wall wall);
    // Over about the last second; 0 while paused.
    double achievedSpeed() const;
    double eventsPerSecond() const;
    // Of the way from where until() was said, or the start, to the target, in [0, 1].
    double progress(Time engine) const;
    // Of wall time, at the achieved speed; none while paused or standing still.
    std::optional<double> remainingSeconds(Time engine) const;

  private:
    struct Mark {
        Wall wall;
        Time engine;
        std::uint64_t events;
    };
    static constexpr WallTime kWindow{std::chrono::seconds{1}};
    static constexpr WallTime kMarkEvery{std::chrono::milliseconds{50}};

    void run(Mode mode);

    Time start_, end_;
    Mode mode_ = Mode::paused;
    std::uint64_t steps_ = 0;
    double speed_ = 1.0;
    Time anchorEngine_{}; // paced: at anchorWall_ the clock was to be here
    Wall anchorWall_{};
    Time target_ = kNever;
    Time from_;
    std::deque<Mark> marks_;
};

} // namespace penstock::app
