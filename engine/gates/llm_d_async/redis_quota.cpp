// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/redis_quota.h"

#include "engine/gates/parts/catalogue.h"
#include "engine/types/check.h"

namespace penstock {
namespace {

// EXPIRE takes whole seconds; a window below one would delete the counter at once.
constexpr Duration kShortWindowTtl = std::chrono::minutes{5};
constexpr std::uint32_t kSweptPerApply = 2;

} // namespace

RedisQuotaGate::RedisQuotaGate(Settings settings, KeyValue& store)
    : settings_(std::move(settings)), store_(store) {}

Duration RedisQuotaGate::counterTtl() const {
    const auto whole = std::chrono::floor<std::chrono::seconds>(settings_.window);
    return whole.count() > 0 ? Duration{whole} : kShortWindowTtl;
}

std::uint32_t RedisQuotaGate::newSlot(const Request& request, std::string_view value) {
    const std::uint32_t index = slots_.take();
    Slot& slot = slots_[index];
    slot.state = State::asking;
    slot.request = request.number;
    slot.deadline = request.deadline;
    slot.key.assign(settings_.prefix).append(settings_.attribute).append(1, ':').append(value);
    slotOf_[request.number] = index;
    return index;
}

void RedisQuotaGate::freeSlot(std::uint32_t index) {
    const auto found = slotOf_.find(slots_[index].request);
    if (found != slotOf_.end() && found->second == index) slotOf_.erase(found);
    slots_[index].state = State::free;
    slots_.give(index);
}

void RedisQuotaGate::giveBack(std::uint32_t index) {
    // A place in a sliding window cannot be given back; it leaves with the window.
    if (settings_.concurrency) store_.release(slots_[index].key, counterTtl());
    freeSlot(index);
}

Verdict RedisQuotaGate::apply(Time now, Request& request, Reservations& reservations) {
    forgetExpired(now);
    const std::string* value = request.envelope == nullptr
                                   ? nullptr
                                   : findLabel(request.envelope->metadata, settings_.attribute);
    if (value == nullptr) return Verdict{};
    const auto found = slotOf_.find(request.number);
    const bool known = found != slotOf_.end() && slots_[found->second].state != State::taken &&
                       slots_[found->second].state != State::keeping;
    std::uint32_t index = 0;
    if (known) {
        index = found->second;
        if (slots_[index].state == State::abandoned) slots_[index].state = State::asking;
    } else {
        index = newSlot(request, *value);
        inApply_ = true;
        if (settings_.concurrency) {
            store_.acquire(slots_[index].key, settings_.limit, counterTtl(), index, *this);
        } else {
            store_.admit(slots_[index].key, settings_.limit, settings_.window, index, *this);
        }
        inApply_ = false;
    }
    return take(index, request, reservations);
}

Verdict RedisQuotaGate::take(std::uint32_t index, Request& request, Reservations& reservations) {
    Slot& slot = slots_[index];
    Verdict verdict;
    Reason& reason = verdict.reason;
    reason =
        Reason{.threshold = static_cast<double>(settings_.limit), .source = settings_.attribute};
    switch (slot.state) {
    case State::granted:
        request.classification = Classification::reserved;
        reservations.add(*this, index);
        slot.state = State::taken;
        break;
    case State::denied:
        request.classification = Classification::overflow;
        reason.code = ReasonCode::quotaExhausted;
        deniedOne_ = true;
        if (!settings_.classifying) verdict.action = Action::refuse;
        freeSlot(index);
        break;
    case State::failed:
        reason.code = ReasonCode::gateError;
        reason.available = false;
        verdict.action = Action::refuse;
        freeSlot(index);
        break;
    default:
        reason.code = ReasonCode::pendingReading;
        reason.available = false;
        verdict.action = Action::wait;
        verdict.inside = true;
    }
    return verdict;
}

void RedisQuotaGate::release(std::uint64_t token) {
    const auto index = static_cast<std::uint32_t>(token);
    PENSTOCK_CHECK(slots_.taken(index));
    if (slots_[index].state == State::keeping) {
        slots_[index].state = State::granted;
        return;
    }
    PENSTOCK_CHECK(slots_[index].state == State::taken);
    giveBack(index);
    if (!deniedOne_ || !settings_.concurrency) return;
    deniedOne_ = false;
    changed();
}

void RedisQuotaGate::onKeep(const Request& request) {
    const auto found = slotOf_.find(request.number);
    if (found == slotOf_.end() || slots_[found->second].state != State::taken) return;
    slots_[found->second].state = State::keeping;
}

void RedisQuotaGate::onWithdrawn(const Request& request) {
    const auto found = slotOf_.find(request.number);
    if (found == slotOf_.end()) return;
    const std::uint32_t index = found->second;
    switch (slots_[index].state) {
    case State::asking:
        slots_[index].state = State::abandoned;
        break;
    case State::granted:
        giveBack(index);
        break;
    case State::denied:
    case State::failed:
        freeSlot(index);
        break;
    default:
        break;
    }
}

void RedisQuotaGate::storeReplied(std::uint64_t tag, const StoreReply& reply) {
    const auto index = static_cast<std::uint32_t>(tag);
    PENSTOCK_CHECK(slots_.taken(index));
    Slot& slot = slots_[index];
    const bool granted = reply.state == StoreReply::State::granted;
    if (slot.state == State::abandoned) {
        granted ? giveBack(index) : freeSlot(index);
        return;
    }
    PENSTOCK_CHECK(slot.state == State::asking);
    slot.state = granted                                    ? State::granted
                 : reply.state == StoreReply::State::denied ? State::denied
                                                            : State::failed;
    if (!inApply_) changed();
}

void RedisQuotaGate::forgetExpired(Time now) {
    // A few slots at a time: those whose request has passed its deadline without coming back.
    for (std::uint32_t i = 0; i < kSweptPerApply && i < slots_.capacity(); ++i) {
        sweep_ = (sweep_ + 1) % slots_.capacity();
        const std::uint32_t index = sweep_;
        const Slot& slot = slots_[index];
        if (slot.deadline >= now) continue;
        switch (slot.state) {
        case State::granted:
            giveBack(index);
            break;
        case State::denied:
        case State::failed:
            freeSlot(index);
            break;
        case State::asking:
            slots_[index].state = State::abandoned;
            break;
        default:
            break;
        }
    }
}

void RedisQuotaGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("limit", settings_.limit);
    show("window", settings_.window);
}

} // namespace penstock
