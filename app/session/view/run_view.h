// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the window asks of a run, and all it knows of one: commands go in, a frame comes out every
// 33 ms, questions are answered in a later frame. Values only; the run's own thread is on the other
// side. Everything here is called on the GUI thread and returns at once.
//
// A window shows a simulated run, a replayed one and a finished one from the store alike: what a
// run cannot do it says in RunInfo::can, and the window leaves out what cannot be done.
#include "app/session/view/rows.h"

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

// Gauges at one instant, in the order of time. Vectors as in RunInfo; NaN: not known. At least one
// for each 100 ms of engine time while the run is paced slowly (up to about x30), fewer the faster
// it goes: about 32 a frame, or one for each of the recorder's own samples if those are more.
struct GaugeSample {
    Time at{};
    struct Queue {
        float depth;    // accepted, not ended, not at the router
        float backlog;  // claimable now
        float retries;  // waiting for their backoff to end
        float inFlight; // sent and not yet answered
    };
    struct Pool {
        float busy, limit; // workers
    };
    std::vector<Queue> queues;
    std::vector<Pool> pools;
    std::vector<float> gateTruth;   // what each gate would read without delay
    float saturation = 0;           // true, as the router's detector would compute it now
    float busy = 0;                 // mean over replicas, share of the time since the last sample
    float kv = 0;                   // mean over replicas, share of the KV blocks
    float running = 0, waiting = 0; // requests on the replicas
    float batchShare = 0;           // running, as a share of max_num_seqs of all ready replicas
    std::vector<float> replicas; // share of time in use, for the heat strip; may grow (autoscaler)
};
// Loads in frames are such that up means busier and at or above the threshold means closed: a gate
// that reads a free share D is shown as 1 - D (RunInfo::Gate::higherIsBusier is true for all).
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
// Finished in the last stretch of engine time (1 s or longer), per second of it: asynchronous
// requests in time, too late, or failed; attempts put off (retry) and refused by the router (shed).
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

// What a run can hand out as files.
enum class ExportKind {
    documents,  // llm-d-async's own, with the parameters as they are now
    helm,       // values of its chart
    reportJson, // the report so far
    reportHtml,
    moves, // the moves made by hand, as `penstock run --replay` takes them
};
struct ExportAnswer {
    ExportKind kind = ExportKind::documents;
    struct File {
        std::string name, text;
    };
    std::vector<File> files;
    std::vector<std::string> flags; // of llm-d-async's command line, with the documents
    std::vector<std::string> notes; // what llm-d-async does not know, and so will not do
    std::string error;              // in words; then there are no files
};

// How a run stands.
struct RunNow {
    Time head{}; // it has got here
    RunStatus status = RunStatus::paused;
    std::string error;        // in words with a remedy; empty if all is well
    double targetSpeed = 0;   // 0: as fast as it goes
    double achievedSpeed = 0; // engine seconds a second
    double eventsPerSecond = 0;
    std::optional<double> remainingSeconds; // of wall time, to the target of RunUntil or the end
    double progress = 0;                    // share of the way there
    std::string fingerprint;                // so far
    std::int64_t storedAs = 0;              // number in the run store; 0: it is not recorded
    bool settled = false; // over, and its report and its entry in the store are final
};

struct Frame : RunNow {
    std::vector<GaugeSample> gauges;
    std::vector<GateReading> readings;
    std::vector<GateTurn> turns;
    std::vector<OutcomeRates> outcomes;
    std::vector<Latencies> latencies;
    std::vector<MarkNote> marks;
    std::vector<Time> decisions; // when something was sent; thinned to a thousand a frame

    std::vector<QueueRow> queues;                      // as of now, in the order of RunInfo
    std::vector<GateRow> gates;                        // likewise, with the reason and the remedy
    std::vector<std::pair<std::string, double>> moved; // parameters whose value changed
    std::vector<EventRow> events;                      // the newest thousand at most
    std::vector<RequestRow> requests;                  // ended, the newest thousand at most
    std::uint64_t eventsLeftOut = 0, requestsLeftOut = 0;
    // Between two takes a frame holds kMaxGauges samples, kMaxReadings readings, turns and marks at
    // most. Beyond that (a window that does not take for a long while) every second one is let go,
    // the oldest first in weight: what is left still spans the whole stretch.
    std::uint64_t gaugesLeftOut = 0, readingsLeftOut = 0, turnsLeftOut = 0, marksLeftOut = 0;
    std::optional<RequestRow> found;    // the answer to find()
    std::vector<ExportAnswer> exported; // the answers to ask()
};

inline constexpr std::size_t kMaxGauges = 1024;
inline constexpr std::size_t kMaxReadings = 16384;
inline constexpr std::size_t kMaxRows = 1000; // of events, of requests

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
    // Asks for files; answered by Frame::exported. A run that has none answers with an error.
    virtual void ask(ExportKind) {}
};

} // namespace penstock::app
