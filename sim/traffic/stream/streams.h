// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two synthetic kinds of ArrivalStream. Only make_stream.cpp and tests need this header; the
// world sees ArrivalStream alone.
#include "sim/traffic/spec/start_times.h"
#include "sim/traffic/stream/marks.h"
#include "sim/traffic/stream/stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::sim {

// Where the length pairs of a source come from if not from laws.
class LengthFeed {
  public:
    virtual ~LengthFeed() = default;
    virtual bool next(std::uint32_t& promptTokens, std::uint32_t& outputTokens) = 0;
    virtual Status status() const = 0;
    virtual nlohmann::json describe() const = 0;
};

// What both synthetic kinds share: marking, limits, the tally.
class SyntheticStream : public ArrivalStream {
  public:
    SyntheticStream(const TrafficSpec& spec, const DrawKey& key, std::unique_ptr<LengthFeed> feed);

    Status status() const override { return feed_ ? feed_->status() : Status{}; }
    nlohmann::json describe() const override;

  protected:
    // False if the feed has failed.
    bool fillLengths(Arrival& arrival, const Marker::Identity& id) {
        if (!feed_) {
            marker_.drawLengths(arrival, id);
            return true;
        }
        return feed_->next(arrival.promptTokens, arrival.outputTokens);
    }

    TrafficSpec spec_;
    Marker marker_;
    std::unique_ptr<LengthFeed> feed_;
    std::int64_t stopNs_;
    std::uint64_t left_; // arrivals that may still be delivered
};

class OpenLoopStream final : public SyntheticStream {
  public:
    OpenLoopStream(const TrafficSpec& spec, const DrawKey& key, std::unique_ptr<StartTimes> starts,
                   std::unique_ptr<LengthFeed> feed);

    std::int64_t peekNs() override;
    bool next(Arrival& out) override;

  private:
    // A job or a session that has more to send.
    struct Ongoing {
        std::int64_t atNs;
        std::uint64_t index; // of the start that made it; with atNs, the order
        DrawKey key;
        std::int64_t deadlineNs;
        std::int64_t beginNs;
        std::uint32_t sent;
        std::uint32_t total;
        std::uint32_t history; // tokens of earlier turns
        std::uint32_t chain;   // how often the history was forgotten
        bool after(const Ongoing& other) const {
            return atNs != other.atNs ? atNs > other.atNs : index > other.index;
        }
    };

    bool make(Arrival& out); // false: there is none any more
    bool makeSingle(Arrival& out);
    bool makeFromOngoing(Arrival& out);
    void begin(std::int64_t ns);

    std::unique_ptr<StartTimes> starts_;
    LengthSampler sizes_;
    DurationSampler window_;
    DurationSampler gap_;
    std::vector<Ongoing> ongoing_;   // a heap, earliest first
    std::int64_t startNs_ = kNoTime; // of the next start not yet used
    bool startsEnded_ = false;
    std::uint64_t startCount_ = 0;
    Arrival pending_;
    bool ready_ = false;
};

class ClosedLoopStream final : public SyntheticStream {
  public:
    ClosedLoopStream(const TrafficSpec& spec, const DrawKey& key, std::unique_ptr<LengthFeed> feed);

    std::int64_t peekNs() override;
    bool next(Arrival& out) override;
    void completed(std::uint32_t user, std::int64_t atNs) override;
    void refused(std::uint32_t user, std::int64_t atNs, std::int64_t retryAfterNs) override;

  private:
    struct User {
        std::uint64_t requests = 0;
        std::uint64_t session = 0; // number of the present one, from 1
        std::uint32_t turnsLeft = 0;
        std::uint32_t history = 0;
        bool waiting = false; // for its request to complete
    };
    struct Due {
        std::int64_t ns;
        std::uint32_t user;
        bool after(const Due& other) const {
            return ns != other.ns ? ns > other.ns : user > other.user;
        }
    };

    void comesBack(std::uint32_t user, std::int64_t atNs, std::int64_t pauseNs);

    DurationSampler think_;
    std::int64_t retryPauseNs_;
    LengthSampler turns_;
    std::vector<User> users_;
    std::vector<Due> due_; // a heap, earliest first
};

} // namespace penstock::sim
