// SPDX-License-Identifier: Apache-2.0
#pragma once

// What travels from a queue to a router. A Request is a small value that the engine copies freely;
// everything long or textual is in its Envelope, which belongs to the queue that delivered it. In a
// simulation thousands of requests share one Envelope; live, each has its own.
#include "engine/types/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct Label {
    std::string key;
    std::string value;
};
using Labels = std::vector<Label>; // a handful of entries: searched, not hashed

// The value of `key`, or nullptr.
inline const std::string* findLabel(const Labels& labels, std::string_view key) {
    for (const Label& label : labels) {
        if (label.key == key) return &label.value;
    }
    return nullptr;
}

struct Envelope {
    std::string id;      // the message's id; the name of the source when `shared`
    bool shared = false; // many requests point here: their ids are "<id>-<number>"
    Labels metadata;     // string attributes, for instance userid
    Labels headers;      // HTTP headers the sender asked for
    Labels labels;       // routing labels of the message and of its queue, for instance tier
    std::string endpoint;
    std::string model;
    std::string resultQueue; // empty: the queue's, else the transport's
    std::string token;       // request token: a cancel marker and a lease must name it
    std::string payload;     // raw JSON object, forwarded byte for byte
};

// Set by a quota gate in classifying mode.
enum class Classification : std::uint8_t { none, reserved, overflow };

struct Request {
    std::uint64_t number = 0; // identity within this process; never reused during a run
    const Envelope* envelope =
        nullptr;                  // valid until the queue has been told finish, park or giveBack
    Time created{};               // when its sender made it
    Time enqueued{};              // when it first became claimable
    Time deadline{};              // after this it is worthless to its sender
    std::uint32_t retries = 0;    // attempts that failed so far
    std::uint32_t claimEpoch = 0; // the queue's fence: a stale owner's epoch is refused
    std::uint16_t queue = 0;      // index in the transport document
    Classification classification = Classification::none;
    bool suspect = false;     // delivered by the suspect lane: it may have crashed an owner before
    std::uint32_t handle = 0; // the queue's own: where it keeps this request
    Time pendingSince{};      // when it last became claimable: enqueued, or back from a retry
};

// The id that appears on the wire and in tables.
std::string textId(const Request& request);

} // namespace penstock
