// SPDX-License-Identifier: Apache-2.0
#pragma once

// An answer on its way to its client: from the server's API, or held back by a latency fault.
// Private to the router.
#include "sim/router/router.h"

namespace penstock::sim {

class Router::Delayed final : public Timer {
  public:
    explicit Delayed(Router& router) : router_(router) {}
    void hold(JobId job, const Response& response, Time until) {
        job_ = job;
        response_ = response;
        ++router_.answering_;
        router_.loop_.arm(*this, until);
    }
    void letGo() {
        router_.loop_.disarm(*this);
        free();
    }
    void fire() override {
        free();
        router_.deliver(job_, response_);
    }
    const Response& response() const { return response_; }

  private:
    void free() {
        --router_.answering_;
        router_.freeDelayed_.push_back(this);
    }
    Router& router_;
    JobId job_ = 0;
    Response response_;
};

} // namespace penstock::sim
