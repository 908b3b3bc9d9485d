// SPDX-License-Identifier: Apache-2.0
#include "engine/live/loop/live_loop.h"

#include "engine/types/check.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <event2/dns.h>
#include <event2/event.h>
#include <fcntl.h>
#include <random>
#include <unistd.h>

namespace penstock {
namespace {

constexpr std::int64_t kFollowEveryNs = 1'000'000'000;

std::int64_t monotonicNs() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::int64_t wallNs() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

event_base* makeBase() {
    event_config* config = event_config_new();
    PENSTOCK_CHECK(config != nullptr);
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER); // else to the millisecond
    event_base* base = event_base_new_with_config(config);
    event_config_free(config);
    PENSTOCK_CHECK(base != nullptr);
    return base;
}

} // namespace

struct LiveLoop::Signal {
    LiveLoop* loop;
    std::function<void()> work;
    event* source = nullptr;
};

LiveLoop::LiveLoop()
    : base_(makeBase()), offsetNs_(wallNs() - monotonicNs()), followedAt_(monotonicNs()),
      seed_(std::uint64_t{std::random_device{}()} << 32 | std::random_device{}()),
      timers_(Time{Duration{wallNs()}}) {
    std::signal(SIGPIPE, SIG_IGN); // a peer that has gone is an error of its connection
    PENSTOCK_CHECK(pipe2(door_, O_NONBLOCK | O_CLOEXEC) == 0);
    alarm_ = event_new(base_, -1, 0, onAlarm, this);
    flush_ = event_new(base_, -1, 0, onFlush, this);
    post_ = event_new(base_, door_[0], EV_READ | EV_PERSIST, onPost, this);
    event_add(post_, nullptr);
}

LiveLoop::~LiveLoop() {
    for (const auto& signal : signals_)
        event_free(signal->source);
    event_free(post_);
    event_free(flush_);
    event_free(alarm_);
    if (names_ != nullptr) evdns_base_free(names_, 0);
    event_base_free(base_);
    close(door_[0]);
    close(door_[1]);
}

evdns_base* LiveLoop::names() {
    if (names_ == nullptr) {
        names_ = evdns_base_new(base_, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                           EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    }
    return names_;
}

Time LiveLoop::clock() {
    const std::int64_t monotonic = monotonicNs();
    const std::int64_t since = monotonic - followedAt_;
    if (since >= kFollowEveryNs) {
        const std::int64_t apart = wallNs() - monotonic - offsetNs_;
        offsetNs_ += std::clamp(apart, -since / 10, since / 10);
        followedAt_ = monotonic;
    }
    return std::max(timers_.now(), Time{Duration{monotonic + offsetNs_}});
}

void LiveLoop::arm(Timer& timer, Time at) {
    timers_.arm(timer, at);
    if (timer.due() < alarmAt_) alarmStale_ = true;
}

void LiveLoop::disarm(Timer& timer) {
    timers_.disarm(timer); // its alarm may come for nothing
}

double LiveLoop::random(RandomStream stream, std::uint64_t index) {
    const std::uint64_t x = mixed(seed_ + 0x9e3779b97f4a7c15ULL * (index + 1) +
                                  0xd1b54a32d192ed03ULL * static_cast<std::uint64_t>(stream));
    return static_cast<double>(x >> 11) * 0x1.0p-53;
}

void LiveLoop::advance() {
    ++wakes_;
    const Time now = clock();
    if (alarmAt_ <= now) {
        lag_ = now - alarmAt_;
        alarmStale_ = true;
    }
    timers_.runUntil(now);
}

void LiveLoop::schedule() {
    if (!alarmStale_) return;
    alarmStale_ = false;
    alarmAt_ = timers_.nextDue();
    if (alarmAt_ == kNever) {
        event_del(alarm_);
        return;
    }
    const std::int64_t left = std::max<std::int64_t>(0, (alarmAt_ - clock()).count());
    const timeval wait{left / 1'000'000'000, (left % 1'000'000'000 + 999) / 1000};
    event_add(alarm_, &wait);
}

void LiveLoop::flushLater(Flusher& flusher) {
    if (flusher.queued_) return;
    flusher.queued_ = true;
    if (flushers_.empty()) event_active(flush_, EV_TIMEOUT, 1);
    flushers_.push_back(&flusher);
}

void LiveLoop::forget(Flusher& flusher) {
    if (!flusher.queued_) return;
    flusher.queued_ = false;
    std::erase(flushers_, &flusher);
}

void LiveLoop::flushAll() {
    std::vector<Flusher*> ready;
    ready.swap(flushers_);
    for (Flusher* flusher : ready) {
        flusher->queued_ = false;
        flusher->flush();
    }
}

void LiveLoop::post(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(work));
    }
    const char knock = 0;
    [[maybe_unused]] const auto written = write(door_[1], &knock, 1); // full: it is awake already
}

void LiveLoop::onSignal(int signal, std::function<void()> work) {
    auto owned = std::make_unique<Signal>();
    owned->loop = this;
    owned->work = std::move(work);
    owned->source = evsignal_new(
        base_, signal,
        [](int, short, void* self) {
            auto* one = static_cast<Signal*>(self);
            one->loop->enter([one] { one->work(); });
        },
        owned.get());
    event_add(owned->source, nullptr);
    signals_.push_back(std::move(owned));
}

void LiveLoop::run() {
    enter([] {});
    event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY);
}

void LiveLoop::stop() {
    event_base_loopbreak(base_);
}

void LiveLoop::onAlarm(int, short, void* self) {
    auto* loop = static_cast<LiveLoop*>(self);
    loop->alarmStale_ = true; // it may have come a little early, and is to come again
    loop->enter([] {});
}

void LiveLoop::onFlush(int, short, void* self) {
    auto* loop = static_cast<LiveLoop*>(self);
    loop->enter([loop] { loop->flushAll(); });
}

void LiveLoop::onPost(int, short, void* self) {
    auto* loop = static_cast<LiveLoop*>(self);
    char drained[64];
    while (read(loop->door_[0], drained, sizeof drained) > 0) {}
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(loop->mutex_);
        work.swap(loop->posted_);
    }
    loop->enter([&work] {
        for (const auto& each : work)
            each();
    });
}

} // namespace penstock
