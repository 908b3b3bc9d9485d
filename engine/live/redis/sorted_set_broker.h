// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queues of requests in Redis, key for key those of llm-d-async 0.10 (live.md names them), so that
// both programs can work on one queue. A claim is a lease by Redis' own clock, ended by one script
// that its owner alone may run; what a dead owner held comes back when its lease has passed.
//
// Every end that Redis has not confirmed is kept and tried again, without limit: nothing that was
// accepted can be lost by a Redis that is away, busy, loading, out of memory or read-only. An end
// that was carried out although its confirmation was lost is told from one that was refused.
//
// Run thread only.
#include "engine/config/wire/wire.h"
#include "engine/live/redis/scripts.h"
#include "engine/ports/request_queue.h"
#include "engine/types/semantics.h"
#include "engine/types/slab.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock {

struct SortedSetSettings {
    struct Queue {
        std::string id, name;
        std::string resultQueue; // empty: the message's, else `resultQueue` below
        Labels labels;           // added to each message's own
    };
    std::vector<Queue> queues;
    std::string retryQueue = "retry-sortedset";
    std::string resultQueue = "result-list";
    Duration lease{std::chrono::seconds{30}}; // renewed each third of it
    Duration reclaimScan{std::chrono::seconds{5}};
    bool suspectLane = true;
    Semantics::Unparsable unparsable = Semantics::Unparsable::deadLetter;
    int retriesMovedAtOnce = 256;
};

// Counted since the start.
struct BrokerCounts {
    std::uint64_t claimed = 0, finished = 0, parked = 0, givenBack = 0, forgotten = 0;
    std::uint64_t refused = 0;     // ends of claims that another owner had
    std::uint64_t redelivered = 0; // of dead owners, ours or others
    std::uint64_t dead = 0, unreadable = 0;
    std::uint64_t tried = 0; // ends that had to be tried again
};

class SortedSetQueue;

class SortedSetBroker {
  public:
    // Loop and connection outlive it; the connection has been given scripts().all().
    SortedSetBroker(LiveLoop& loop, RedisConnection& redis, QueueScripts& scripts,
                    SortedSetSettings settings);
    ~SortedSetBroker();

    std::vector<RequestQueue*> ports();
    const BrokerCounts& counts() const { return counts_; }
    const SortedSetSettings& settings() const { return settings_; }
    // Ends that Redis has not confirmed yet.
    std::size_t unconfirmed() const;

  private:
    friend class SortedSetQueue;
    void renew();
    void scan();
    void moveDue();
    void look(); // cancel markers of what is held
    void up();
    std::string nextOwner();

    LiveLoop& loop_;
    RedisConnection& redis_;
    QueueScripts& scripts_;
    SortedSetSettings settings_;
    std::vector<std::unique_ptr<SortedSetQueue>> queues_;
    BrokerCounts counts_;
    MessageReader reader_;
    std::uint64_t number_ = 0;
    std::uint64_t claims_ = 0;
    std::uint32_t process_;
    std::uint64_t scans_ = 0;
    bool moving_ = false;
    MemberTimer<SortedSetBroker, &SortedSetBroker::renew> renewTimer_{*this};
    MemberTimer<SortedSetBroker, &SortedSetBroker::scan> scanTimer_{*this};
    MemberTimer<SortedSetBroker, &SortedSetBroker::moveDue> moveTimer_{*this};
    MemberTimer<SortedSetBroker, &SortedSetBroker::look> lookTimer_{*this};
};

} // namespace penstock
