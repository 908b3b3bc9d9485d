// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who wants to know what the engine decided. Called on the run thread, once a decision, before the
// decision's effect can be seen anywhere else. An observer must not call back into the engine.
#include "engine/types/event.h"
#include "engine/types/request.h"

namespace penstock {

class Observer {
  public:
    virtual ~Observer() = default;

    virtual void observe(const Event& event) = 0;

    // The end of a request's life, after its `finished`, `lost` or `deadLetter` event: everything
    // about its last attempt. `lastTiming` is zeros if nothing was ever sent.
    virtual void ended(const Request& request, const ServiceTiming& lastTiming) = 0;
};

} // namespace penstock
