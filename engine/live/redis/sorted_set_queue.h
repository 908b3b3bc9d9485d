// SPDX-License-Identifier: Apache-2.0
#pragma once

// One queue of a SortedSetBroker. Private to this folder.
#include "engine/live/redis/sorted_set_broker.h"

#include <deque>

namespace penstock {

class SortedSetQueue final : public RequestQueue, private Flusher {
  public:
    SortedSetQueue(SortedSetBroker& broker, std::uint16_t index,
                   const SortedSetSettings::Queue& settings);
    ~SortedSetQueue() override;

    QueueTraits traits() const override;
    void attach(QueueListener& listener, std::uint16_t queue) override;
    void detach(QueueListener& listener) override;
    void claim(std::int32_t max) override;
    void finish(const Request& request, const ResultMessage& result, std::uint32_t claim) override;
    void park(const Request& request, Time due, std::uint32_t claim) override;
    void giveBack(const Request& request, std::uint32_t claim) override;
    void forget(const Request& request, std::uint32_t claim) override;
    bool cancelled(const Request& request) const override;
    const QueueDepth& depth() const override { return depth_; }
    Time earliestDeadline() const override { return kNever; }

    void renew();
    void scan();
    void look();
    void up();
    std::size_t unconfirmed() const { return unconfirmed_; }

  private:
    struct Record {
        Request request;
        WireMessage message;
        std::string field, owner;
        double score = 0.0;
        bool held = false;
        bool cancelled = false;
        bool suspect = false; // delivered by the suspect lane
        bool gone = false;    // another owner has it
        bool ending = false;  // its end is on its way
    };
    // What is on its way to Redis and has not been confirmed.
    struct Ending {
        enum class Kind { finish, park, giveBack, forget };
        Kind kind = Kind::finish;
        std::uint32_t slot = 0;
        std::uint32_t claim = 0;
        std::string text;   // result or member
        std::string target; // result list or set
        double score = 0.0; // in the set
        bool tried = false; // it may have been carried out without our hearing of it
        bool deferred = false;
    };
    static constexpr std::int32_t kWithin = -1;
    struct Peeked {
        WireMessage message;
        std::string member, field;
        double score;
        std::int32_t payload = kWithin; // where its payload is in the answer, kept apart
    };

    // Perhaps claimed: the answer was lost.
    struct Orphan {
        std::string field, owner;
        double score;
        bool suspect;
    };

    void flush() override;
    void giveBackOrphans();
    void again();
    void peeked(const redisReply* reply, std::int32_t max, bool suspects);
    void answer(ClaimAnswer answer);
    void add(Ending ending, Record& record);
    void sendFinishes(std::vector<Ending>& batch);
    void sendMoves(std::vector<Ending>& batch, const std::string& target);
    void confirmed(std::vector<Ending>& batch, const redisReply* reply);
    void defer(Ending& ending);
    void settle(const Ending& ending, Settlement settlement);
    void release(std::uint32_t slot);
    void endWithoutPayload(const Peeked& one, const std::string& owner);
    void bury(const std::string& member, const WireError& error);
    void rescue(const std::string& field, const std::string& member, const std::string& owner);
    // The queue's, else what its message names, else the transport's.
    const std::string& resultList(const std::string& ofMessage) const;
    Record* held(const Request& request);

    SortedSetBroker& broker_;
    std::uint16_t index_;
    SortedSetSettings::Queue settings_;
    std::string claimedKey_, ownersKey_, indexKey_, suspectKey_, deadKey_, attemptsKey_;
    QueueListener* listener_ = nullptr;
    Slab<Record> records_;
    std::vector<Peeked> peeked_;
    std::vector<std::string> owners_; // of the claim under way
    std::vector<Orphan> orphans_;
    std::vector<Request> taken_;
    bool claimingSuspect_ = false;
    bool suspectOut_ = false;
    std::int64_t suspects_ = 0;
    QueueDepth depth_;
    std::vector<Ending> endings_;
    std::size_t unconfirmed_ = 0;
    Duration pause_{0};
    MemberTimer<SortedSetQueue, &SortedSetQueue::again> againTimer_{*this};
};

} // namespace penstock
