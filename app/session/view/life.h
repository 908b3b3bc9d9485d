// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run keeps of its recent past for tables and waterfalls: every event as 32 bytes, the ended
// requests as a hundred. Both are plain values, written on the run thread in a few nanoseconds and
// turned into rows where they are wanted, on whatever thread.
#include "app/session/view/run_view.h"
#include "engine/record/recorder/recorder.h"
#include "engine/types/event.h"
#include "engine/types/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace penstock::app {

struct BriefEvent {
    Time at{};
    std::uint64_t request = 0;
    float value = 0, threshold = 0;
    std::uint16_t queue = kNoIndex; // the source, of arrived and completed
    std::int16_t status = 0;
    penstock::EventKind kind = penstock::EventKind::enqueued;
    std::uint8_t code = 0, detail = 0;
    std::uint8_t attempt = 0; // at most 255
    std::uint32_t subject = 0;

    static BriefEvent of(const Event& event);
};

struct EndedRequest {
    std::uint64_t number = 0;
    Time created{}, enqueued{}, finished{}, deadline = kNever;
    Duration wait{-1}, ttft{-1}; // negative: unknown
    float routerQueue = 0, replicaQueue = 0, prefill = 0,
          decode = 0; // seconds, of the last attempt
    std::uint32_t promptTokens = 0, outputTokens = 0;
    std::uint16_t attempts = 0;
    std::uint16_t queue = kNoIndex, source = 0;
    std::int16_t status = 0;
    penstock::EventKind end = penstock::EventKind::finished;
    std::uint8_t code = 0;                   // ResultCode
    std::uint8_t dropped = 0, transport = 0; // of the last response, if it ended the request
    bool interactive = false;

    void served(const ServiceTiming& timing);
};

// False for what concerns the engine, a gate or the world as a whole: its `request` says nothing.
bool ofOneRequest(penstock::EventKind kind);

// The names that indices in events stand for; fixed for the life of a run.
struct Names {
    std::vector<std::string> queues, pools, sources, parameters, faults;
    std::vector<bool> interactive; // of sources

    // "<source>-<number>", as on the wire.
    std::string requestId(std::uint64_t number, std::uint16_t source) const;
    // False when no source has such a name. `number` alone is understood too.
    bool parseId(const std::string& id, std::uint64_t& number, std::uint16_t& source) const;
};

Outcome outcomeOf(const EndedRequest& ended);
RequestRow rowOf(const EndedRequest& ended, const Names& names);
EventRow rowOf(const BriefEvent& event, std::uint64_t sequence, const Names& names);
// False for what only repeats another event (an asynchronous request's arrival and completion).
bool worthARow(const BriefEvent& event, const Names& names);

// The stages of one life from its events, in order; `ended` is null while it lives, and then the
// last stage reaches to `now`. The attempt that ended it is split as the router timed it; of one
// that failed before, only its length is known, and it shows as time in the router's queue.
std::vector<StageRow> stagesOf(std::span<const BriefEvent> events, const EndedRequest* ended,
                               Time now);

} // namespace penstock::app
