// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stages that stand between a reader and its user: order, origin, transforms. Each is a
// RowSource over another.
#include "sim/traffic/trace/trace_row.h"

#include <cstdint>
#include <functional>

namespace penstock::sim {

// Puts rows in time order that are out of it by at most `window` places, counts them, and moves the
// first to time 0 (and deadlines with it). A row further out is an error that says how to go on.
RowSourcePtr makeReorder(RowSourcePtr below, std::uint32_t window, const std::string& path,
                         TraceCounters& counters);

// Opens the rows beneath a stage afresh, from the first.
using Reopen = std::function<Result<RowSourcePtr>()>;

// What a stage may need to know of the rows beneath it.
struct RowSpan {
    std::uint64_t rows = 0;
    std::int64_t firstNs = 0;
    std::int64_t lastNs = 0;
    std::int64_t gridNs = 0; // detected; 0: none

    // One mean gap longer than from first to last, so that copies laid end to end do not collide.
    std::int64_t periodNs() const;
};

// One stage. `number` tells stages of one trace apart, for their draws. `span` is read only by
// dither with grid 0 and by superpose.
Result<RowSourcePtr> makeTransform(const Transform& transform, const Reopen& below,
                                   const RowSpan& span, TraceCounters& counters, const DrawKey& key,
                                   std::uint32_t number);

// The parts of makeTransform that read their trace more than once (repeats.cpp).
Result<RowSourcePtr> makeSuperpose(const Reopen& below, const RowSpan& span, double factor,
                                   const DrawKey& key);
RowSourcePtr makeLoop(const Reopen& below, double times);

bool needsSpan(const Transform& transform);

} // namespace penstock::sim
