// SPDX-License-Identifier: Apache-2.0
#pragma once

// The people and programs that send requests. A source pulls arrivals from its stream and sends
// each either straight to the router (interactive) or into a queue (asynchronous). Run thread only.
#include "engine/broker/memory_queue.h"
#include "engine/types/slab.h"
#include "sim/kernel/event_loop.h"
#include "sim/router/router.h"
#include "sim/scenario/source_spec.h"
#include "sim/traffic/stream/stream.h"
#include "sim/world/bodies.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock::sim {

// What became of an interactive request, for the record.
struct InteractiveOutcome {
    std::uint16_t source = 0;
    std::uint64_t number = 0;
    Response response;
    Time arrived{};
    bool timedOut = false; // the client gave up: the response is empty
};

class InteractiveListener {
  public:
    virtual void interactiveArrived(std::uint16_t source, std::uint64_t number) = 0;
    virtual void interactiveEnded(const InteractiveOutcome& outcome) = 0;

  protected:
    ~InteractiveListener() = default;
};

// One source. Created by makeSource; destroyed with its world.
class Source {
  public:
    Source(const SourceSpec& spec, std::uint16_t index, std::unique_ptr<ArrivalStream> stream,
           EventLoop& loop, Time start);
    virtual ~Source();

    // Begins to send.
    void begin();
    // Nothing new from here on.
    void end();

    const SourceSpec& spec() const { return spec_; }
    const ArrivalStream& stream() const { return *stream_; }
    BodyWindow& bodies() { return bodies_; }

    // A request of a closed loop has ended, whatever answered it. Refused or failed: its user
    // pauses, for as long as Retry-After says if there is one (above 0).
    void completed(std::uint32_t user, Time at);
    void refused(std::uint32_t user, Time at, Duration retryAfter);

  protected:
    virtual void send(const Arrival& arrival) = 0;

    Body bodyOf(const Arrival& arrival) const;
    PrefixInfo prefixOf(const Arrival& arrival) const;

    const SourceSpec& spec_;
    std::uint16_t index_;
    EventLoop& loop_;
    Time start_;
    BodyWindow bodies_;

  private:
    void pull();
    void armNext();

    std::unique_ptr<ArrivalStream> stream_;
    bool closedLoop_;
    bool ended_ = false;
    MemberTimer<Source, &Source::pull> timer_{*this};
};

// Straight to the router, as a person at a keyboard would.
class InteractiveSource final : public Source, private RouterClient {
  public:
    InteractiveSource(const SourceSpec& spec, std::uint16_t index,
                      std::unique_ptr<ArrivalStream> stream, EventLoop& loop, Time start,
                      Router& router, InteractiveListener& listener);
    ~InteractiveSource() override;

    std::int64_t inFlight() const { return flights_.used(); }

  private:
    // A request on its way; its timer is its sender's patience, armed if that ends some time.
    struct Flight;
    void send(const Arrival& arrival) override;
    void routed(std::uint32_t tag, const Response& response) override;
    void gaveUp(std::uint32_t flight);
    void finish(std::uint32_t flight, const Response& response, bool timedOut);

    Router& router_;
    InteractiveListener& listener_;
    Slab<Flight> flights_;
};

// Into a queue, as a batch client would. Envelopes are made once for each combination of tenant,
// tier and labels that occurs.
class QueueSource final : public Source {
  public:
    QueueSource(const SourceSpec& spec, std::uint16_t index, std::unique_ptr<ArrivalStream> stream,
                EventLoop& loop, Time start, MemoryQueue& queue, std::uint16_t queueIndex,
                const penstock::Labels& queueLabels);
    ~QueueSource() override;

  private:
    struct Cancel; // a timer, armed until its sender withdraws the request
    void send(const Arrival& arrival) override;
    const Envelope* envelopeOf(const Arrival& arrival);

    MemoryQueue& queue_;
    std::uint16_t queueIndex_;
    const penstock::Labels& queueLabels_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Envelope>> envelopes_; // tenant, tier, label
    Slab<Cancel> cancels_;
};

} // namespace penstock::sim
