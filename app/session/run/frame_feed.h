// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hears everything a recorder hears and keeps what the next frame needs, and the recent past for
// find(). Run thread only; costs a few stores an event. It reads the world and never changes it: a
// run that is watched and one that is not have the same fingerprint.
#include "app/session/host/run_host.h"
#include "app/session/view/event_ring.h"
#include "app/session/view/gate_words.h"
#include "app/session/view/life.h"
#include "app/session/view/pending_frame.h"
#include "app/session/view/run_info.h"
#include "engine/record/measures/histogram.h"
#include "engine/record/recorder/recorder.h"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock::app {

class FrameFeed final : public RecordSink {
  public:
    // Of each: events are enough for about 130,000 requests. 48 MiB together when full.
    static constexpr std::size_t kEvents = std::size_t{1} << 20;
    static constexpr std::size_t kEnded = std::size_t{1} << 17;

    // All outlive it.
    FrameFeed(RunHost& host, const Described& described, const Names& names);

    // Samples every gauge now. Between two events.
    void gauge();
    Time lastGauge() const { return lastGauge_; }
    // Engine time between samples, for rates: what is shorter than this is not told apart.
    void setStep(Duration step) { step_ = step; }

    void mark(MarkNote::Kind kind, std::string text);
    void moved(const std::string& path, double value);

    // Adds what is new and the rows as of now.
    void flush(PendingFrame& into);
    // One request with its stages; an empty queue if there is none of that id.
    RequestRow find(const std::string& id);

    void event(const Event& event) override;
    void ended(const End& end) override;
    void sample(Time, const Sample&) override {}
    void completed(const Completion& completion) override;
    void turned(std::uint16_t gate, Time t, bool closed, std::uint8_t reason) override;

  private:
    // When each request of a source that is still alive entered its queue, from the oldest on.
    class Living {
      public:
        void add(std::uint64_t sequence, Time enqueued);
        void end(std::uint64_t sequence);
        std::optional<Time> oldest() const;

      private:
        static constexpr std::int64_t kGone = INT64_MIN;
        std::deque<std::int64_t> enqueued_;
        std::uint64_t first_ = 0;
    };
    // Something counted, per second over about the last ten seconds.
    struct Rate {
        std::uint64_t count = 0;
        std::deque<std::pair<Time, std::uint64_t>> marks;
        double perSecond = 0;
        void mark(Time now);
    };
    struct QueueState {
        std::uint16_t pool = 0;
        Rate arrivals, completed;
        Histogram waits, waitsBefore;
        std::vector<std::uint16_t> sources;
    };
    struct GateState {
        GateTerms terms;
        bool closed = false;
        std::uint8_t reason = 0;
    };

    bool complements(std::size_t gate);
    std::int32_t gateOf(const Event& event) const;
    void reading(const Event& event);
    void outcome(const EndedRequest& ended);
    void closeLatencies(Time t);
    void rows(Frame& frame);
    GateRow gateRow(std::size_t index, const Sample& sample);
    RequestRow liveRow(std::uint64_t number, std::uint16_t source);
    std::vector<BriefEvent> eventsOf(std::uint64_t number, Time from) const;

    RunHost& host_;
    const RunInfo& info_;
    const std::vector<GateNote>& notes_;
    const Names& names_;
    Duration step_{std::chrono::milliseconds{100}};

    EventRing<BriefEvent> events_{kEvents};
    EventRing<EndedRequest> ended_{kEnded};
    std::uint64_t eventsTold_ = 0, endedTold_ = 0;
    std::vector<std::pair<std::uint64_t, BriefEvent>> rare_; // moves and faults, whatever comes

    PendingFrame pending_; // what is ready for the next flush
    Time lastGauge_{};
    bool gauged_ = false;
    std::uint64_t decisions_ = 0, decisionStride_ = 1;

    std::vector<QueueState> queues_;
    std::vector<GateState> gates_;
    std::vector<std::int16_t> gateOfQueue_, gateOfPool_;
    std::vector<Living> living_; // of sources
    Time waitsSince_{};
    Event lastResponse_;
    std::unordered_map<std::uint64_t, Time> firstSent_; // of those that were sent more than once

    struct {
        Time since{};
        std::uint64_t ok = 0, retry = 0, shed = 0, late = 0, failed = 0;
    } outcomes_;
    Histogram ttft_;
    Duration window_;
    Time windowEnd_;
    double sequenceSlots_ = 1; // max_num_seqs of one replica, mean
};

} // namespace penstock::app
