// SPDX-License-Identifier: Apache-2.0
#pragma once

// An answer on its way to its client: from the server's API, or held back by a latency fault.
// Private to the router.
#include "sim/router/router.h"

namespace penstock::sim {

class Router::Delayed final : public Timer {
  public:
    void hold(Router& router, std::uint32_t index, JobId job, const Response& response,
              Time until) {
        router_ = &router;
        index_ = index;
        job_ = job;
        response_ = response;
        router_->loop_.arm(*this, until);
    }
    void letGo() {
        router_->loop_.disarm(*this);
        router_->delayed_.give(index_);
    }
    void fire() override {
        router_->delayed_.give(index_);
        router_->deliver(job_, response_);
    }
    const Response& response() const { return response_; }

  private:
    Router* router_ = nullptr;
    std::uint32_t index_ = 0;
    JobId job_ = 0;
    Response response_;
};

} // namespace penstock::sim
