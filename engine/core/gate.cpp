// SPDX-License-Identifier: Apache-2.0
#include "engine/core/gate.h"

namespace penstock {

void Reservations::releaseDownTo(std::size_t mark) {
    PENSTOCK_CHECK(mark <= size_);
    while (size_ > mark) {
        const Entry entry = entries_[--size_];
        entry.gate->release(entry.token);
    }
}

void Reservations::abandonAll() {
    while (size_ > 0) {
        const Entry entry = entries_[--size_];
        entry.gate->abandon(entry.token);
    }
}

Verdict Gate::apply(Time now, Request&, Reservations&) {
    const Budget open = budget(now);
    Verdict verdict;
    if (open.share <= 0.0) verdict.action = Action::refuse;
    verdict.reason = open.reason;
    return verdict;
}

void Gate::release(std::uint64_t) {
    // A gate that reserves overrides this; one that does not is never asked.
    PENSTOCK_CHECK(false);
}

Room Gate::room(Time now, std::int32_t capacity, std::int32_t inFlight) {
    const Budget open = budget(now);
    return {roomOf(capacity, open.share, inFlight), open.reason};
}

} // namespace penstock
