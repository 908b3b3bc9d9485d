// SPDX-License-Identifier: Apache-2.0
// What the router has read of its endpoints, and the saturation that follows from it, beside what
// it would be if the router knew everything.
#include "sim/router/router.h"

#include <algorithm>
#include <numeric>

namespace penstock::sim {

namespace {

// The pool's load from each ready endpoint's; a pool without one counts as full.
template <class LoadOf>
double meanOverReady(const std::vector<std::unique_ptr<Endpoint>>& endpoints, LoadOf loadOf) {
    double sum = 0.0;
    int ready = 0;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        if (!endpoints[i]->ready()) continue;
        ++ready;
        sum += loadOf(i, *endpoints[i]);
    }
    return ready == 0 ? 1.0 : sum / ready;
}

} // namespace

// What each endpoint last told, no older than a refresh.
void Router::refresh(Time now) {
    if (now >= earliestRefresh_) readMetrics(now);
    if (readinessChanged_) seeReadiness();
}

// All are read with the same period, so always in the same order: only those whose tick has passed
// are looked at.
void Router::readMetrics(Time now) {
    const std::size_t count = endpoints_.size();
    if (count == 0) return;
    if (!orderKnown_) {
        inOrder_.resize(count);
        std::iota(inOrder_.begin(), inOrder_.end(), 0U);
        turn_ = 0;
    }
    std::size_t read = 0;
    for (; read < count; ++read) {
        const std::uint32_t i = inOrder_[turn_];
        if (orderKnown_ && nextRefresh_[i] > now) break;
        nextRefresh_[i] = endpoints_[i]->refresh(now);
        scores_.read(i, endpoints_[i]->lastRead());
        turn_ = turn_ + 1 == count ? 0 : turn_ + 1;
    }
    if (read == count) {
        // After a pause, or for the first time: the ring begins somewhere else.
        std::sort(inOrder_.begin(), inOrder_.end(), [this](std::uint32_t a, std::uint32_t b) {
            return nextRefresh_[a] != nextRefresh_[b] ? nextRefresh_[a] < nextRefresh_[b] : a < b;
        });
        turn_ = 0;
        orderKnown_ = true;
    }
    earliestRefresh_ = nextRefresh_[inOrder_[turn_]];
}

void Router::seeReadiness() {
    readinessChanged_ = false;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        scores_.setReady(i, endpoints_[i]->ready());
        if (lives_[i] == endpoints_[i]->lives()) continue;
        lives_[i] = endpoints_[i]->lives();
        prefixes_.forget(static_cast<std::uint32_t>(i));
    }
}

double Router::saturation() {
    refresh(loop_.now());
    return scores_.saturation(loop_.now());
}

double Router::saturationToAnOnlooker() const {
    const Time now = loop_.now();
    return meanOverReady(endpoints_, [&](std::size_t i, const Endpoint& e) {
        return scores_.believed(i, e.readBy(now), now);
    });
}

double Router::trueSaturation() const {
    return meanOverReady(endpoints_, [&](std::size_t i, const Endpoint& e) {
        return scores_.saturationOf(i, e.truth());
    });
}

double Router::committedSaturation() const {
    return meanOverReady(endpoints_, [&](std::size_t i, const Endpoint& e) {
        return scores_.saturationOf(i, e.committed());
    });
}

std::int64_t Router::slots() const {
    std::int64_t slots = 0;
    for (const auto& endpoint : endpoints_) {
        if (endpoint->ready()) slots += endpoint->config().maxNumSeqs;
    }
    return slots;
}

std::int32_t Router::readyEndpoints() const {
    return static_cast<std::int32_t>(std::count_if(endpoints_.begin(), endpoints_.end(),
                                                   [](const auto& e) { return e->ready(); }));
}

} // namespace penstock::sim
