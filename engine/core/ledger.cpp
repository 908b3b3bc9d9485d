// SPDX-License-Identifier: Apache-2.0
#include "engine/core/ledger.h"

#include <utility>

namespace penstock {

Ledger::Ledger(ItemOwner& owner, std::vector<std::uint16_t> poolOfQueue, std::size_t pools,
               std::vector<HeadClock>& heads)
    : slab_(owner), poolOfQueue_(std::move(poolOfQueue)), heads_(heads),
      queues_(poolOfQueue_.size()), pools_(pools) {
    PENSTOCK_CHECK(heads_.size() == queues_.size());
    for (const std::uint16_t pool : poolOfQueue_)
        PENSTOCK_CHECK(pool < pools);
}

} // namespace penstock
