// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the window asks of a run, and all it knows of one: commands go in, a frame comes out every
// 33 ms, questions are answered in a later frame. Values only; the run's own thread is on the other
// side. Everything here is called on the GUI thread and returns at once.
//
// A window shows a simulated run, a replayed one and a finished one from the store alike: what a
// run cannot do it says in RunInfo::can, and the window leaves out what cannot be done.
#include "app/session/rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace penstock::app {

// --- commands ---------------------------------------------------------------------------------

struct SetParameter {
    std::string path;
    double value = 0;
};
struct PauseQueue {
    std::string queue;
    bool paused = true;
};
struct StepOne {}; // one event, then pause
struct RunPaced {
    double speed = 1; // engine seconds a second
};
struct RunFast {};
struct RunUntil {
    Time at{};             // kNever: the end
    std::string condition; // an expectation of engine/record; empty: none. Whichever comes first
};
struct Pause {};
struct Stop {}; // ends the run; its report and its store entry are then final
using Command =
    std::variant<SetParameter, PauseQueue, StepOne, RunPaced, RunFast, RunUntil, Pause, Stop>;

// --- what is fixed for the life of a run ------------------------------------------------------

struct RunInfo {
    std::string scenario, about, lesson, semantics;
    std::uint64_t seed = 0;
    Time start{}, end{}; // end: the horizon; kNever if it has none
    struct Gate {
        std::string owner, type;
        bool higherIsBusier = true;
    };
    std::vector<std::string> queues, pools, sources, replicas;
    std::vector<Gate> gates;
    std::vector<ParameterRow> parameters; // with their values at the start
    std::vector<AdviceRow> advice;
    struct {
        bool steer = true;     // pace, step, until
        bool knobs = true;     // SetParameter
        bool armFirst = false; // a live system: knobs are locked until armed
    } can;
};

// --- what is new since the last frame ---------------------------------------------------------

// Gauges at one instant. Vectors as in RunInfo; NaN: not known.
struct GaugeSample {
    Time at{};
    struct Queue {
        float depth, backlog, retries, inFlight;
    };
    struct Pool {
        float busy, limit;
    };
    std::vector<Queue> queues;
    std::vector<Pool> pools;
    std::vector<float> gateTruth; // what each gate would read without delay
    float saturation = 0, busy = 0, kv = 0, running = 0, waiting = 0, batchShare = 0;
    std::vector<float> replicas; // share in use, for the heat strip
};
// A gate read, or decided otherwise than before. Every change, not sampled.
struct GateReading {
    std::uint16_t gate = 0;
    Time at{};      // when the gate decided
    Duration age{}; // how old the value was then
    double value = 0, threshold = 0, budget = 0;
    bool available = true;
};
// A gate closed for a reason, or opened (empty).
struct GateTurn {
    std::uint16_t gate = 0;
    Time at{};
    std::string reason;
};
// Finished in the last stretch of engine time, per second of it.
struct OutcomeRates {
    Time at{};
    float ok, retry, shed, late, failed;
};
struct Latencies { // interactive, over the last window
    Time at{};
    float ttftP50, ttftP95, ttftP99; // ms
};
struct MarkNote {
    Time at{};
    enum class Kind { move, fault, note } kind = Kind::note;
    std::string text;
};

struct Frame {
    Time head{}; // the run has got here
    RunStatus status = RunStatus::paused;
    std::string error;        // in words with a remedy; empty if all is well
    double targetSpeed = 0;   // 0: as fast as it goes
    double achievedSpeed = 0; // engine seconds a second
    double eventsPerSecond = 0;
    std::optional<double> remainingSeconds; // of wall time, to the target of RunUntil or the end
    double progress = 0;                    // share of the way there
    std::string fingerprint;                // so far

    std::vector<GaugeSample> gauges;
    std::vector<GateReading> readings;
    std::vector<GateTurn> turns;
    std::vector<OutcomeRates> outcomes;
    std::vector<Latencies> latencies;
    std::vector<MarkNote> marks;
    std::vector<Time> decisions; // when something was sent; thinned to a thousand a frame

    std::vector<QueueRow> queues;                      // as of now
    std::vector<GateRow> gates;                        // as of now, with the reason and the remedy
    std::vector<std::pair<std::string, double>> moved; // parameters whose value changed
    std::vector<EventRow> events;                      // the newest thousand at most
    std::vector<RequestRow> requests;                  // ended, the newest thousand at most
    std::uint64_t eventsLeftOut = 0, requestsLeftOut = 0;
    std::optional<RequestRow> found; // the answer to find()
};

class RunView {
  public:
    virtual ~RunView() = default;

    virtual const RunInfo& info() const = 0;
    virtual void send(Command command) = 0;
    // Moves what is new into `frame`; false if nothing is, and then `frame` is untouched.
    virtual bool take(Frame& frame) = 0;
    // Asks for one request with its stages; answered by Frame::found, with an empty queue if there
    // is none of that id.
    virtual void find(const std::string& requestId) = 0;
};

} // namespace penstock::app
