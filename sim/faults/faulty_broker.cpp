// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/faulty_broker.h"

#include "engine/types/check.h"

#include <utility>

namespace penstock::sim {

namespace {
// A write that fails is tried again after 100 ms and after another 200 ms, then given up
// (llm-d-async 0.9, retryRedisOp).
constexpr Duration kWriteTries = std::chrono::milliseconds{300};
} // namespace

// One queue: the port that the engine holds, and the listener that the broker holds.
class FaultyBroker::Queue final : public RequestQueue, private QueueListener {
  public:
    Queue(FaultyBroker& owner, MemoryQueue& inner) : owner_(owner), inner_(inner) {}
    ~Queue() override { owner_.loop_.disarm(replyTimer_); }

    QueueTraits traits() const override { return inner_.traits(); }
    void attach(QueueListener& listener, std::uint16_t queue) override {
        listener_ = &listener;
        inner_.attach(*this, queue);
    }
    void detach(QueueListener& listener) override {
        if (listener_ != &listener) return;
        forgetOwner();
        inner_.detach(*this);
    }
    void claim(std::int32_t max) override {
        PENSTOCK_CHECK(wanted_ == 0 && max > 0);
        wanted_ = max;
        if (owner_.latency_ > Duration{0}) {
            owner_.loop_.arm(replyTimer_, owner_.loop_.now() + owner_.latency_);
        } else {
            reply();
        }
    }
    void finish(const Request& request, const ResultMessage& result, std::uint32_t claim) override {
        if (!owner_.down_) return inner_.finish(request, result, claim);
        owner_.defer({Kind::finish, request.queue, claim, request, Time{}, result,
                      std::string(result.body), Time{}});
    }
    void park(const Request& request, Time due, std::uint32_t claim) override {
        if (!owner_.down_) return inner_.park(request, due, claim);
        owner_.defer({Kind::park, request.queue, claim, request, due, {}, {}, Time{}});
    }
    void giveBack(const Request& request, std::uint32_t claim) override {
        if (!owner_.down_) return inner_.giveBack(request, claim);
        owner_.defer({Kind::giveBack, request.queue, claim, request, Time{}, {}, {}, Time{}});
    }
    // Forgetting writes nothing: a popped message is dropped in the engine's own memory.
    void forget(const Request& request, std::uint32_t claim) override {
        inner_.forget(request, claim);
    }
    void moveRetries(std::int32_t max) override {
        if (!owner_.down_) inner_.moveRetries(max);
    }
    bool cancelled(const Request& request) const override { return inner_.cancelled(request); }
    const QueueDepth& depth() const override { return inner_.depth(); }
    Time earliestDeadline() const override { return inner_.earliestDeadline(); }

    QueueListener* listener() { return listener_; }
    MemoryQueue& inner() { return inner_; }
    void forgetOwner() {
        listener_ = nullptr;
        wanted_ = 0;
        owner_.loop_.disarm(replyTimer_);
    }
    void backAgain() {
        if (inner_.depth().claimable() > 0) workArrived(0);
    }

  private:
    void reply() {
        const std::int32_t wanted = std::exchange(wanted_, 0);
        if (!owner_.down_) return inner_.claim(wanted);
        if (listener_ != nullptr) listener_->claimed(index(), ClaimAnswer::unreachable, {});
    }
    std::uint16_t index() const { return inner_.index(); }

    void claimed(std::uint16_t queue, ClaimAnswer answer,
                 std::span<const Request> requests) override {
        if (listener_ != nullptr) listener_->claimed(queue, answer, requests);
    }
    void settled(std::uint16_t queue, std::uint32_t claim, Settlement settlement) override {
        if (listener_ != nullptr) listener_->settled(queue, claim, settlement);
    }
    void leaseLost(std::uint16_t queue, const Request& request) override {
        if (listener_ != nullptr) listener_->leaseLost(queue, request);
    }
    void discovered(std::uint16_t queue, const Request& request, Discovery what,
                    std::uint8_t owners) override {
        if (listener_ != nullptr) listener_->discovered(queue, request, what, owners);
    }
    void workArrived(std::uint16_t) override {
        if (listener_ != nullptr && !owner_.down_) listener_->workArrived(index());
    }

    FaultyBroker& owner_;
    MemoryQueue& inner_;
    QueueListener* listener_ = nullptr;
    std::int32_t wanted_ = 0; // of the outstanding claim; 0: none
    MemberTimer<Queue, &Queue::reply> replyTimer_{*this};
};

FaultyBroker::FaultyBroker(MemoryBroker& broker, Loop& loop, bool resultsDurable)
    : broker_(broker), loop_(loop), resultsDurable_(resultsDurable) {
    for (std::size_t i = 0; i < broker.size(); ++i)
        queues_.push_back(std::make_unique<Queue>(*this, broker.queue(i)));
}

FaultyBroker::~FaultyBroker() {
    loop_.disarm(giveUpTimer_);
}

std::vector<RequestQueue*> FaultyBroker::ports() {
    std::vector<RequestQueue*> out;
    for (auto& queue : queues_)
        out.push_back(queue.get());
    return out;
}

void FaultyBroker::setDown(bool down) {
    if (down == down_) return;
    down_ = down;
    if (down) {
        broker_.setStill(true);
        return;
    }
    applyDeferred();
    broker_.setStill(false);
    for (auto& queue : queues_)
        queue->backAgain();
}

void FaultyBroker::killedOwner() {
    deferred_.clear();
    loop_.disarm(giveUpTimer_);
    for (auto& queue : queues_)
        queue->forgetOwner();
    broker_.killedOwner();
}

void FaultyBroker::defer(Deferred operation) {
    operation.givesUpAt = loop_.now() + kWriteTries;
    if (!resultsDurable_ && !giveUpTimer_.armed()) loop_.arm(giveUpTimer_, operation.givesUpAt);
    QueueListener* const listener = queues_[operation.queue]->listener();
    const std::uint32_t claim = operation.claim;
    const std::uint16_t queue = operation.queue;
    deferred_.push_back(std::move(operation));
    if (listener != nullptr) listener->settled(queue, claim, Settlement::deferred);
}

void FaultyBroker::giveUp() {
    std::vector<Deferred> over;
    while (!deferred_.empty() && deferred_.front().givesUpAt <= loop_.now()) {
        over.push_back(std::move(deferred_.front()));
        deferred_.erase(deferred_.begin());
    }
    if (!deferred_.empty()) loop_.arm(giveUpTimer_, deferred_.front().givesUpAt);
    for (const Deferred& d : over) {
        Queue& queue = *queues_[d.queue];
        const bool held = queue.inner().lose(d.request);
        if (queue.listener() == nullptr) continue;
        queue.listener()->settled(d.queue, d.claim, held ? Settlement::lost : Settlement::refused);
    }
}

void FaultyBroker::applyDeferred() {
    loop_.disarm(giveUpTimer_);
    std::vector<Deferred> operations;
    operations.swap(deferred_);
    for (Deferred& d : operations) {
        MemoryQueue& queue = queues_[d.queue]->inner();
        switch (d.kind) {
        case Kind::finish:
            d.result.body = d.body;
            queue.finish(d.request, d.result, d.claim);
            break;
        case Kind::park:
            queue.park(d.request, d.due, d.claim);
            break;
        case Kind::giveBack:
            queue.giveBack(d.request, d.claim);
            break;
        }
    }
}

} // namespace penstock::sim
