// SPDX-License-Identifier: Apache-2.0
#pragma once

// A horizontal autoscaler over the router's saturation, by the law of Kubernetes' HPA: wanted =
// ceil(replicas x metric / target), unchanged within 10 % of the target; up after the wish has held
// for upDelay, down to the highest wish of the last downDelay. New replicas are cold for a while:
// the time in which gates must hold.
#include "engine/ports/loop.h"
#include "sim/world/router.h"
#include "sim/world/scenario.h"

#include <deque>
#include <functional>

namespace penstock::sim {

class Autoscaler {
  public:
    // `kind` is what new replicas are; `added` is told when the router has got a new endpoint.
    Autoscaler(const AutoscalerSpec& spec, const ReplicaGroup& kind, Router& router, Loop& loop,
               std::function<void()> added);
    ~Autoscaler();

    void setStuck(bool stuck) { stuck_ = stuck; }
    // Replicas that are ready or on their way.
    std::int32_t size() const;

  private:
    void decide();
    void grow(std::int32_t by);
    void shrink(std::int32_t by);

    const AutoscalerSpec& spec_;
    const ReplicaGroup& kind_;
    Router& router_;
    Loop& loop_;
    std::function<void()> added_;
    bool stuck_ = false;
    struct Wish {
        Time at;
        std::int32_t replicas;
    };
    std::deque<Wish> wishes_; // of the last downDelay or upDelay, whichever is longer
    MemberTimer<Autoscaler, &Autoscaler::decide> timer_{*this};
};

} // namespace penstock::sim
