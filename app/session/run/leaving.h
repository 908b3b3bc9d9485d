// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs that are not looked at any more and whose threads still have to write their end. The window
// lets go of one in a moment; what is left of it is cleared away later, at the latest when the
// process ends, which waits for it: no run is cut short by closing a window.
#include <memory>
#include <mutex>
#include <vector>

namespace penstock::app {

// T has leave() (come to an end), gone() (nothing more will be done) and a destructor that waits.
template <class T>
class Leaving {
  public:
    static void adopt(std::unique_ptr<T> one) {
        if (one == nullptr) return;
        one->leave();
        static Leaving leaving;
        const std::lock_guard lock(leaving.mutex_);
        std::erase_if(leaving.all_, [](const auto& each) { return each->gone(); });
        leaving.all_.push_back(std::move(one));
    }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<T>> all_; // under the mutex
};

} // namespace penstock::app
