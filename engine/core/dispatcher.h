// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Dispatcher takes requests from queues and sends as many to the router as the gates let
// through, retries what came back, and gives each request exactly one terminal result.
//
//   RequestQueue -claim-> queue gate -> merge policy -> pool gate -> worker slot -> InferenceClient
//        ^  ^                                                                          |
//        |  +------------ park(retry at t) <- retry ladder <- classify(response) <-----+
//        +--------------- finish(result) <----------+
//
// A single-threaded state machine: it never blocks, reads no clock, draws no number of its own. It
// cannot tell a live world from a simulated one. Run thread only.
#include "engine/core/gate.h"
#include "engine/core/merge_policy.h"
#include "engine/ports/inference_client.h"
#include "engine/ports/loop.h"
#include "engine/ports/observer.h"
#include "engine/ports/request_queue.h"
#include "engine/types/backoff.h"
#include "engine/types/limiter.h"
#include "engine/types/semantics.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock {

struct QueueSettings {
    std::string id;
    std::string name;
    std::uint16_t pool = 0;     // index in DispatcherSettings::pools
    std::string objective;      // x-gateway-inference-objective; empty: not sent
    Labels labels;              // added to each message's own by the queue adapter
    std::unique_ptr<Gate> gate; // null: always open
    bool paused = false;        // takes nothing new; what is in flight goes on
};

struct PoolSettings {
    std::string id;
    std::int32_t workers = 64;  // requests in flight at most
    std::unique_ptr<Gate> gate; // null: always open
};

// Everything an operator may turn. Fields are read at every use, so that a parameter moved during
// a run acts from the next decision on.
struct DispatcherSettings {
    Semantics semantics;
    Duration pollInterval{0};   // of every queue; from the transport document or the semantics
    std::int32_t batchSize = 0; // likewise
    Duration requestTimeout{std::chrono::minutes{5}};
    BackoffLaw backoff;
    MergeSettings merge;
    std::vector<QueueSettings> queues;
    std::vector<PoolSettings> pools;
};

// What can be seen at one moment, per queue and per pool, for reports and charts.
struct QueueView {
    QueueDepth depth;
    std::int32_t inHand = 0;   // claimed, not yet sent
    std::int32_t inFlight = 0; // sent, not yet answered
    double budget = 1.0;       // as last evaluated
    Reason reason;             // of that budget
};
struct PoolView {
    std::int32_t workers = 0;
    std::int32_t busy = 0;    // worker slots taken (in flight, and parked where parking holds one)
    std::int32_t waiting = 0; // at hand without a slot
    double budget = 1.0;
    Reason reason;
};

class Dispatcher final : private QueueListener, private ResponseListener, private GateListener {
  public:
    // `queues[i]` is the queue of settings.queues[i]. Ports outlive the dispatcher; the observer
    // may be null.
    Dispatcher(DispatcherSettings settings, Loop& loop, InferenceClient& client,
               std::vector<RequestQueue*> queues, Observer* observer);
    ~Dispatcher();

    // Starts polling. The first tick comes within one poll interval, at a phase drawn for this
    // start; all queues tick together, as tickers started together do. May follow a crash().
    void start();

    // Stops claiming. What is in flight goes on until `drain` has passed or all is done; then every
    // claim is given back. stopped() once the broker has taken all that. Called again while it
    // drains, it sets how much longer that may take.
    void stop(Duration drain);
    bool stopped() const;

    // Forgets everything at once, as a killed process would: timers, claims, attempts. The queues
    // notice by their leases; what a destructive pop had taken is told as lost. Not from within a
    // call that the dispatcher makes.
    void crash();

    // For the parameter registry: change a field, then call settingsChanged().
    DispatcherSettings& settings();
    void settingsChanged();

    QueueView queueView(std::uint16_t queue) const;
    PoolView poolView(std::uint16_t pool) const;

    // Where the lives of this queue's requests went so far (limiter.h says how that is defined).
    LimiterShares limiter(std::uint16_t queue) const;

    // Private to engine/core.
    class Impl;
    struct Books;

  private:
    void revive();

    void claimed(std::uint16_t queue, ClaimAnswer answer,
                 std::span<const Request> requests) override;
    void settled(std::uint16_t queue, std::uint32_t claim, Settlement settlement) override;
    void leaseLost(std::uint16_t queue, const Request& request) override;
    void discovered(std::uint16_t queue, const Request& request, Discovery what,
                    std::uint8_t owners) override;
    void workArrived(std::uint16_t queue) override;
    void responded(std::uint32_t attempt, const Response& response) override;
    void gateChanged(Gate& gate) override;

    DispatcherSettings settings_;
    Loop& loop_;
    InferenceClient& client_;
    std::vector<RequestQueue*> queues_;
    Observer* observer_;
    std::unique_ptr<Books> books_;
    std::unique_ptr<Impl> impl_; // this life of the process; a crash begins another
};

} // namespace penstock
