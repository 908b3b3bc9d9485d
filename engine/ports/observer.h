// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who wants to know what the engine decided. Called on the run thread, once a decision, before the
// decision's effect can be seen anywhere else. An observer must not call back into the engine.
#include "engine/types/event.h"
#include "engine/types/request.h"

namespace penstock {

// How a request's life ended, whichever way it did. `event` is the last of its events: `finished`
// with the result's code and status, `lost`, or `deadLetter`.
struct End {
    const Request& request;
    const Event& event;
    const ServiceTiming& timing; // of its last attempt; zeros if nothing was ever sent

    Time at() const { return event.at; }
    // The HTTP status that its sender was answered with; 0 if there was none.
    int status() const {
        const bool http = event.kind == EventKind::finished &&
                          static_cast<ResultCode>(event.code) == ResultCode::http;
        return http ? event.status : 0;
    }
};

class Observer {
  public:
    virtual ~Observer() = default;

    virtual void observe(const Event& event) = 0;

    // Once a request, after end.event has been observed.
    virtual void ended(const End& end) = 0;
};

} // namespace penstock
