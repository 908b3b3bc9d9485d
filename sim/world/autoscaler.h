// SPDX-License-Identifier: Apache-2.0
#pragma once

// A horizontal autoscaler by the law of Kubernetes' HPA over one metric, averaged over the ready
// replicas: wanted = ceil(ready replicas x metric / target), unchanged within 10 % of the target;
// up after the wish has held for upDelay, down to the highest wish of the last downDelay, the size
// at the start being the first wish. New replicas are cold for a while: the time in which gates
// must hold. With none left the law would stay there for ever, so, as KEDA does, work that waits or
// has arrived wants one.
#include "engine/ports/loop.h"
#include "sim/router/router.h"
#include "sim/scenario/scenario.h"

#include <deque>
#include <functional>

namespace penstock::sim {

class Autoscaler {
  public:
    // `kind` is what new replicas are; `waiting` says how many messages of queues want to be
    // served; `added` is told when the router has got a new endpoint.
    Autoscaler(const AutoscalerSpec& spec, const ReplicaGroup& kind, Router& router, Loop& loop,
               std::function<std::int64_t()> waiting, std::function<void()> added);
    ~Autoscaler();

    void setStuck(bool stuck) { stuck_ = stuck; }
    // Replicas that take requests or will: ready ones, those that start, and those that a fault has
    // killed, which keep their place until they are back.
    std::int32_t size() const;

  private:
    void decide();
    double metric();
    bool workThere();
    void grow(std::int32_t by);
    void shrink(std::int32_t by);

    const AutoscalerSpec& spec_;
    const ReplicaGroup& kind_;
    Router& router_;
    Loop& loop_;
    std::function<std::int64_t()> waiting_;
    std::function<void()> added_;
    bool stuck_ = false;
    std::uint64_t submitted_ = 0; // to the router, when last looked at
    struct Wish {
        Time at;
        std::int32_t replicas;
    };
    std::deque<Wish> wishes_; // of the last downDelay or upDelay, whichever is longer
    MemberTimer<Autoscaler, &Autoscaler::decide> timer_{*this};
};

} // namespace penstock::sim
