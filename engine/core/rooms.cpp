// SPDX-License-Identifier: Apache-2.0
// How much the gates leave for more. A gate that counts its own reservations knows better than
// both.
#include "engine/core/dispatcher_impl.h"

#include <cmath>

namespace penstock {

namespace {
constexpr std::int32_t kNoLimit = INT32_MAX;
} // namespace

void Dispatcher::Impl::readGate(Gate& gate, GateMemory& memory, std::uint16_t queue,
                                std::uint16_t pool) {
    const auto [budget, reason] = gate.budget(clockNow());
    const bool bothNaN = std::isnan(memory.reason.value) && std::isnan(reason.value);
    const bool same = memory.told && memory.budget == budget &&
                      (memory.reason.value == reason.value || bothNaN) &&
                      memory.reason.available == reason.available;
    memory.budget = budget;
    memory.reason = reason;
    memory.told = true;
    if (!same) emitGate(EventKind::gateRead, queue, pool, reason, budget, GateSide::none);
}

std::int32_t Dispatcher::Impl::freedNext(const Pool& pool, std::int32_t taken) const {
    return taken > 0 && of(pool).busy() >= workers(pool) ? 1 : 0;
}

std::int32_t Dispatcher::Impl::poolRoom(Pool& pool, std::int32_t inFlight) {
    if (pool.gate == nullptr) return kNoLimit;
    readGate(*pool.gate, pool.memory, kNoIndex, pool.index);
    return pool.gate->room(clockNow(), workers(pool), inFlight).requests;
}

// For one more on top of `besides`.
std::int32_t Dispatcher::Impl::queueRoom(Pool& pool, Queue& queue, Besides besides) {
    if (queue.gate == nullptr) return kNoLimit;
    readGate(*queue.gate, queue.memory, queue.index, queue.pool);
    const bool shared = semantics().poolBudgetShared;
    std::int32_t taken = shared ? of(pool).inFlight() : of(queue).inFlight();
    if (besides == Besides::nextSlot) taken -= freedNext(pool, taken);
    if (besides >= Besides::merged) {
        taken += shared ? pool.merge.size() : pool.merge.ofQueue(queue.index);
    }
    if (besides == Besides::everything) {
        taken += shared ? of(pool).inboxed() + pool.outstanding
                        : of(queue).inboxed() + queue.outstanding;
    }
    const Room room = queue.gate->room(clockNow(), workers(pool), taken);
    queue.roomReason = room.reason;
    return room.requests;
}

} // namespace penstock
