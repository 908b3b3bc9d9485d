// SPDX-License-Identifier: Apache-2.0
// Starts become requests, jobs or sessions. Jobs and sessions that still have something to send
// wait in a heap, so memory follows what is open at one time, not the length of the run.
#include "sim/traffic/stream/streams.h"

#include <algorithm>
#include <limits>

namespace penstock::sim {

SyntheticStream::SyntheticStream(const TrafficSpec& spec, const DrawKey& key,
                                 std::unique_ptr<LengthFeed> feed)
    : spec_(spec), marker_(spec, key), feed_(std::move(feed)),
      stopNs_(DurationSampler::toNs(spec.stopSeconds)), left_(spec.maxArrivals) {
    for (const Weighted& tenant : spec.tenants)
        tenantNames_.push_back(tenant.name);
    for (const Tier& tier : spec.tiers)
        tierNames_.push_back(tier.name);
}

nlohmann::json SyntheticStream::describe() const {
    static const char* const kNames[] = {"poisson", "gamma", "weibull", "constant",    "onoff",
                                         "mmpp",    "steps", "lump",    "closed_loop", "trace"};
    nlohmann::json out = {{"process", kNames[spec_.process.index()]}};
    if (feed_) out["lengths"] = feed_->describe();
    return out;
}

OpenLoopStream::OpenLoopStream(const TrafficSpec& spec, const DrawKey& key,
                               std::unique_ptr<StartTimes> starts, std::unique_ptr<LengthFeed> feed)
    : SyntheticStream(spec, key, std::move(feed)), starts_(std::move(starts)) {
    if (spec_.job) {
        sizes_ = LengthSampler(spec_.job->size);
        if (spec_.job->window) window_ = DurationSampler(*spec_.job->window);
    }
    if (spec_.sessions) {
        sizes_ = LengthSampler(spec_.sessions->turns);
        gap_ = DurationSampler(spec_.sessions->gap);
    }
}

std::int64_t OpenLoopStream::peekNs() {
    if (!ready_) ready_ = make(pending_);
    return ready_ ? pending_.offsetNs : kNoTime;
}

bool OpenLoopStream::next(Arrival& out) {
    if (ready_) {
        out = pending_;
        ready_ = false;
    } else if (!make(out)) {
        return false;
    }
    tally_.add(out);
    return true;
}

bool OpenLoopStream::make(Arrival& out) {
    if (left_ == 0) return false;
    const bool made = spec_.job || spec_.sessions ? makeFromOngoing(out) : makeSingle(out);
    if (!made || out.offsetNs >= stopNs_) {
        left_ = 0;
        return false;
    }
    --left_;
    return true;
}

bool OpenLoopStream::makeSingle(Arrival& out) {
    std::int64_t ns = 0;
    if (!starts_->next(ns)) return false;
    out = Arrival{};
    out.offsetNs = ns;
    const Marker::Identity id = marker_.own(startCount_++);
    if (!fillLengths(out, id)) return false;
    marker_.mark(out, id);
    return true;
}

void OpenLoopStream::begin(std::int64_t ns) {
    Ongoing one{};
    one.index = startCount_++;
    one.key = marker_.source().part(one.index);
    one.atNs = one.beginNs = ns;
    one.deadlineNs = kNoTime;
    if (spec_.job) {
        one.total = sizes_.draw(marker_.source(), Purpose::jobSize, one.index);
        if (spec_.job->window) {
            one.deadlineNs = ns + window_.ns(marker_.source(), Purpose::jobWindow, one.index);
        }
    } else {
        one.total = sizes_.draw(marker_.source(), Purpose::turns, one.index);
    }
    ongoing_.push_back(one);
    std::push_heap(ongoing_.begin(), ongoing_.end(),
                   [](const Ongoing& a, const Ongoing& b) { return a.after(b); });
}

bool OpenLoopStream::makeFromOngoing(Arrival& out) {
    const auto later = [](const Ongoing& a, const Ongoing& b) { return a.after(b); };
    while (true) {
        if (startNs_ == kNoTime && !startsEnded_) startsEnded_ = !starts_->next(startNs_);
        if (startsEnded_) startNs_ = kNoTime;
        if (startNs_ == kNoTime || (!ongoing_.empty() && ongoing_.front().atNs <= startNs_)) break;
        begin(startNs_);
        startNs_ = kNoTime;
    }
    if (ongoing_.empty()) return false;

    std::pop_heap(ongoing_.begin(), ongoing_.end(), later);
    Ongoing& one = ongoing_.back();
    out = Arrival{};
    out.offsetNs = one.atNs;
    const Marker::Identity id{one.key, one.sent, marker_.source(), one.index};
    if (!fillLengths(out, id)) return false;
    if (spec_.job) {
        out.job = static_cast<std::uint32_t>(one.index + 1);
        out.deadlineNs = one.deadlineNs;
        marker_.mark(out, id);
        const double rate = spec_.job->messagesPerSecond;
        ++one.sent;
        one.atNs = rate > 0 ? one.beginNs + DurationSampler::toNs(one.sent / rate) : one.beginNs;
    } else {
        const Sessions& sessions = *spec_.sessions;
        if (sessions.carryHistory) out.promptTokens += one.history;
        if (sessions.maxContextTokens > 0 && one.history > 0 &&
            out.promptTokens > sessions.maxContextTokens) {
            out.promptTokens -= one.history;
            one.history = 0;
            ++one.chain;
        }
        out.session = (static_cast<std::uint64_t>(one.chain) << 48) + one.index + 1;
        const std::uint32_t withoutPrefix = out.promptTokens;
        marker_.mark(out, id);
        if (sessions.carryHistory) {
            one.history = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(std::uint64_t{withoutPrefix} + out.outputTokens,
                                        std::numeric_limits<std::int32_t>::max()));
        }
        one.atNs += gap_.ns(one.key, Purpose::turnGap, one.sent);
        ++one.sent;
    }
    if (one.sent < one.total) {
        std::push_heap(ongoing_.begin(), ongoing_.end(), later);
    } else {
        ongoing_.pop_back();
    }
    return true;
}

} // namespace penstock::sim
