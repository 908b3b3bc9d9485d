// SPDX-License-Identifier: Apache-2.0
#include "app/session/view/pending_frame.h"

#include <algorithm>
#include <iterator>

namespace penstock::app {

namespace {

// Lets every second group go, the newest never. Turns go in groups of two, so that what is left
// still opens after it closes.
template <class T>
std::uint64_t thin(std::vector<T>& values, std::size_t bound, std::size_t group = 1) {
    std::uint64_t gone = 0;
    while (values.size() > bound) {
        const std::size_t size = values.size();
        std::size_t kept = 0;
        for (std::size_t i = 0; i < size; ++i) {
            if ((size - 1 - i) / group % 2 != 0) continue;
            if (kept != i) values[kept] = std::move(values[i]);
            ++kept;
        }
        values.resize(kept);
        gone += size - kept;
    }
    return gone;
}

template <class T>
void join(std::vector<T>& into, std::vector<T>&& more) {
    if (into.empty()) {
        into = std::move(more);
    } else {
        into.insert(into.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
    }
}

// Keeps the newest.
template <class T>
std::uint64_t cut(std::vector<T>& values, std::size_t bound) {
    if (values.size() <= bound) return 0;
    const std::size_t gone = values.size() - bound;
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(gone));
    return gone;
}

// Keeps the newest, and whatever was done to the run or happened to it.
std::uint64_t cutEvents(std::vector<std::pair<std::uint64_t, BriefEvent>>& events) {
    if (events.size() <= kMaxRows) return 0;
    std::size_t surplus = events.size() - kMaxRows;
    const std::size_t before = events.size();
    std::erase_if(events, [&](const auto& entry) {
        const auto kind = entry.second.kind;
        if (surplus == 0 || kind == penstock::EventKind::parameter ||
            kind == penstock::EventKind::fault || kind == penstock::EventKind::engine) {
            return false;
        }
        --surplus;
        return true;
    });
    const std::size_t gone = before - events.size();
    return gone + cut(events, kMaxRows);
}

} // namespace

void PendingFrame::append(PendingFrame&& newer) {
    Frame& f = frame;
    Frame& n = newer.frame;
    fresh = fresh || newer.fresh;
    f.head = n.head;
    join(f.gauges, std::move(n.gauges));
    join(f.readings, std::move(n.readings));
    join(f.turns, std::move(n.turns));
    join(f.outcomes, std::move(n.outcomes));
    join(f.latencies, std::move(n.latencies));
    join(f.marks, std::move(n.marks));
    join(f.decisions, std::move(n.decisions));
    join(f.moved, std::move(n.moved));
    join(f.exported, std::move(n.exported));
    if (!n.queues.empty()) f.queues = std::move(n.queues);
    if (!n.gates.empty()) f.gates = std::move(n.gates);
    if (n.found) f.found = std::move(n.found);
    join(events, std::move(newer.events));
    join(ended, std::move(newer.ended));
    f.gaugesLeftOut += n.gaugesLeftOut + thin(f.gauges, kMaxGauges);
    f.readingsLeftOut += n.readingsLeftOut + thin(f.readings, kMaxReadings);
    f.turnsLeftOut += n.turnsLeftOut + thin(f.turns, kMaxReadings, 2);
    f.marksLeftOut += n.marksLeftOut + cut(f.marks, kMaxReadings);
    thin(f.outcomes, kMaxGauges);
    thin(f.latencies, kMaxGauges);
    thin(f.decisions, kMaxRows);
    cut(f.moved, kMaxReadings);
    f.eventsLeftOut += n.eventsLeftOut + cutEvents(events);
    f.requestsLeftOut += n.requestsLeftOut + cut(ended, kMaxRows);
}

Frame finished(PendingFrame&& pending, const Names& names) {
    Frame frame = std::move(pending.frame);
    for (const auto& [sequence, event] : pending.events) {
        frame.events.push_back(rowOf(event, sequence, names));
    }
    for (const EndedRequest& ended : pending.ended) {
        frame.requests.push_back(rowOf(ended, names));
    }
    pending = PendingFrame{};
    return frame;
}

} // namespace penstock::app
