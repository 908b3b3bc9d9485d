// SPDX-License-Identifier: Apache-2.0
#pragma once

// The requests in the engine's hands, in a slab and in intrusive lists, so that a request on its
// way from claim to result allocates nothing. An item's index is also its attempt handle.
#include "engine/core/gate.h"
#include "engine/ports/loop.h"
#include "engine/types/check.h"
#include "engine/types/slab.h"

namespace penstock {

inline constexpr std::uint32_t kNoItem = 0xffffffff;

enum class Stage : std::uint8_t {
    free,
    inbox,      // claimed, not yet looked at
    asking,     // its queue gate waits for an answer from outside (its producer is held up)
    handed,     // blocks its producer until the merge policy takes it
    merged,     // the merge policy has it
    ready,      // chosen, in the pool's buffer, for the next free worker
    parked,     // its gate said wait; a timer asks again
    waiting,    // its gate said wait; the pool asks again when something has changed
    inFlight,   // sent
    backingOff, // waits at hand for its retry's due time: its broker cannot park it that long
    settling, // out of the engine's hands but for the broker's answer; holds neither slot nor gate
};
inline constexpr std::size_t kStages = 11;

class ItemOwner {
  public:
    virtual void itemTimer(std::uint32_t item) = 0;

  protected:
    ~ItemOwner() = default;
};

// How the engine ended a claim, for the story that is told when the broker has answered.
struct Ending {
    enum class Kind : std::uint8_t { finish, park, giveBack, forget };
    Kind kind = Kind::giveBack;
    ResultCode code = ResultCode::http;
    std::int32_t status = 0;
    ServiceTiming timing{};
    GateSide side = GateSide::none; // whose verdict it was
};

struct Item final : Timer {
    Request request;
    Ending ending;
    Reservations queueHeld; // by the queue's gate
    Reservations poolHeld;  // by the pool's gate
    Time stageSince{};      // for the account of where time went
    Time handSince{};       // when the merge policy got it
    Time workSince{};       // when a worker took it up
    Time waitUntil{};       // min(deadline, start of work + request timeout)
    Time nextCancelCheck{};
    Duration pollDelay{0};
    std::uint64_t askedIn = 0; // which entry from outside last asked its queue's gate
    ItemOwner* owner = nullptr;
    std::uint32_t index = kNoItem;
    std::uint32_t next = kNoItem;
    std::uint32_t previous = kNoItem;
    Stage stage = Stage::free;
    std::uint8_t lane = 0;
    bool holdsSlot = false;
    bool atQueueGate = false; // which gate said wait
    bool gateFailed = false;  // stands there because the gate's store failed
    bool waitReported = false;
    bool blocking = false;  // waits for no tenant's sake: those behind it would wait as well
    bool leaseGone = false; // another owner has it: nothing is sent any more, no end is told

    void fire() override { owner->itemTimer(index); }
};

class ItemSlab {
  public:
    explicit ItemSlab(ItemOwner& owner) : owner_(owner) {}

    Item& operator[](std::uint32_t index) { return items_[index]; }

    Item& take(const Request& request) {
        const std::uint32_t index = items_.take();
        Item& item = items_[index];
        PENSTOCK_CHECK(item.stage == Stage::free);
        item.owner = &owner_;
        item.index = index;
        item.stage = Stage::inbox;
        item.request = request;
        item.lane = 0;
        item.holdsSlot = false;
        item.ending = {};
        item.atQueueGate = false;
        item.gateFailed = false;
        item.waitReported = false;
        item.blocking = false;
        item.leaseGone = false;
        return item;
    }

    // The item's timer is disarmed and its reservations released.
    void give(Item& item) {
        PENSTOCK_CHECK(item.stage != Stage::free && !item.armed() &&
                       item.queueHeld.size() + item.poolHeld.size() == 0);
        item.stage = Stage::free;
        items_.give(item.index);
    }

    std::uint32_t capacity() const { return items_.capacity(); }
    std::uint32_t used() const { return items_.used(); }

  private:
    ItemOwner& owner_;
    Slab<Item> items_;
};

// First in, first out, with removal from the middle. An item is in at most one list.
class ItemList {
  public:
    bool empty() const { return size_ == 0; }
    std::int32_t size() const { return size_; }
    std::uint32_t front() const { return head_; }

    void pushBack(ItemSlab& slab, Item& item) {
        item.next = kNoItem;
        item.previous = tail_;
        if (tail_ == kNoItem) {
            head_ = item.index;
        } else {
            slab[tail_].next = item.index;
        }
        tail_ = item.index;
        ++size_;
    }

    void remove(ItemSlab& slab, Item& item) {
        if (item.previous == kNoItem) {
            head_ = item.next;
        } else {
            slab[item.previous].next = item.next;
        }
        if (item.next == kNoItem) {
            tail_ = item.previous;
        } else {
            slab[item.next].previous = item.previous;
        }
        --size_;
    }

    Item& popFront(ItemSlab& slab) {
        Item& item = slab[head_];
        remove(slab, item);
        return item;
    }

    void clear() {
        head_ = tail_ = kNoItem;
        size_ = 0;
    }

  private:
    std::uint32_t head_ = kNoItem;
    std::uint32_t tail_ = kNoItem;
    std::int32_t size_ = 0;
};

} // namespace penstock
