// SPDX-License-Identifier: Apache-2.0
#pragma once

// A rate that a planner leases to a pool, and the token bucket that all who share the lease take
// from. Everything that is not a whole and valid lease is no lease: who asks is to hold back.
// Source: llm-d-async 0.10, redis-leased-rate; the planner of Dynamo writes such leases.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <map>
#include <string>
#include <string_view>

namespace penstock {

// A hash as Redis keeps it.
using HashFields = std::map<std::string, std::string, std::less<>>;

struct LeasedRate {
    double perSecond = 0.0; // >= 0, finite; 0 pauses
};

// The lease in `fields` for `poolId`, if it is valid at `now`. The error names the field.
Result<LeasedRate> readLease(const HashFields& fields, std::string_view poolId, Time now);

struct Admission {
    bool granted = false;
    Duration again{0}; // until the next token is there; 0: none will come
};

// Holds max(1, rate x burst) tokens at most, and as many at first.
class TokenBucket {
  public:
    Admission take(Time now, double perSecond, Duration burst);

  private:
    bool used_ = false;
    double tokens_ = 0.0;
    Time at_{}; // when there were so many
};

} // namespace penstock
