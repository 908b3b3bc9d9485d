// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Loop port over libevent: real time, sockets and signals in one thread.
//
// Time is the wall clock's at the start and runs on with the monotonic clock; a wall clock that has
// been set is followed by at most a tenth of the time that passes, so that a jump neither fires nor
// starves what waits. Within one callback now() stands still.
#include "engine/ports/loop.h"
#include "engine/timers/timer_queue.h"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

struct event_base;
struct event;
struct evdns_base;

namespace penstock {

// Collects work during callbacks and does it once for all of them.
class Flusher {
  public:
    virtual void flush() = 0;

  protected:
    ~Flusher() = default;

  private:
    friend class LiveLoop;
    bool queued_ = false;
};

class LiveLoop final : public Loop {
  public:
    LiveLoop();
    ~LiveLoop() override;
    LiveLoop(const LiveLoop&) = delete;
    LiveLoop& operator=(const LiveLoop&) = delete;

    // When the callback that runs began.
    Time now() const override { return timers_.now(); }
    void arm(Timer& timer, Time at) override;
    void disarm(Timer& timer) override;
    // Different in each process.
    double random(RandomStream stream, std::uint64_t index) override;

    // Every callback of libevent and of what is built on it goes through here: the clock moves on,
    // timers that are due fire, then `work` is done. Within another callback `work` is just done.
    template <class Work>
    void enter(Work&& work) {
        if (entered_) return work();
        entered_ = true;
        advance();
        work();
        schedule();
        entered_ = false;
    }

    // Flushes once, after the callbacks that are ready now. The flusher outlives the loop's use.
    void flushLater(Flusher& flusher);
    void forget(Flusher& flusher);

    // The one door for other threads.
    void post(std::function<void()> work);

    // Calls `work` in the loop when the signal comes.
    void onSignal(int signal, std::function<void()> work);

    void run(); // until stop()
    void stop();

    event_base* base() { return base_; }
    evdns_base* names();
    // How late the last timer fired.
    Duration lag() const { return lag_; }
    std::uint64_t wakes() const { return wakes_; }

  private:
    struct Signal;
    static void onAlarm(int, short, void* self);
    static void onFlush(int, short, void* self);
    static void onPost(int, short, void* self);

    Time clock();
    void advance();
    void schedule();
    void flushAll();

    event_base* base_;
    evdns_base* names_ = nullptr;
    event* alarm_;
    event* flush_;
    event* post_;
    int door_[2];
    std::int64_t offsetNs_;   // wall minus monotonic, as followed
    std::int64_t followedAt_; // monotonic
    std::uint64_t seed_;
    TimerQueue timers_;
    Time alarmAt_ = kNever;
    bool alarmStale_ = true;
    bool entered_ = false;
    Duration lag_{0};
    std::uint64_t wakes_ = 0;
    std::vector<Flusher*> flushers_;
    std::vector<std::unique_ptr<Signal>> signals_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;
};

} // namespace penstock
