// SPDX-License-Identifier: Apache-2.0
#pragma once

// One line of progress with rate and time left, redrawn a few times a second on a terminal and not
// at all in a pipe.
#include <chrono>
#include <cstdint>
#include <string>

namespace penstock::app {

class Progress {
  public:
    Progress();
    ~Progress();

    // `done` in [0, 1]; `requests` so far; `virtualSeconds` of the run so far.
    void show(double done, std::uint64_t requests, double virtualSeconds);

    // `done` in [0, 1]; `count` of what is `counted`, "experiments", so far.
    void show(double done, std::uint64_t count, const char* counted);

  private:
    bool due();
    void draw(double done, const std::string& text);

    using Clock = std::chrono::steady_clock;
    bool terminal_;
    bool drawn_ = false;
    Clock::time_point start_ = Clock::now();
    Clock::time_point next_ = start_ + std::chrono::milliseconds(300);
};

} // namespace penstock::app
