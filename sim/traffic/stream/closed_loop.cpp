// SPDX-License-Identifier: Apache-2.0
// Users who wait for their answer before they ask again. What a user asks is drawn from the user's
// own part of the key, so it does not depend on who is answered first; only when it is asked does.
#include "engine/types/check.h"
#include "sim/traffic/stream/streams.h"

#include <algorithm>
#include <limits>

namespace penstock::sim {

ClosedLoopStream::ClosedLoopStream(const TrafficSpec& spec, const DrawKey& key,
                                   std::unique_ptr<LengthFeed> feed)
    : SyntheticStream(spec, key, std::move(feed)) {
    const auto& process = std::get<ClosedLoopProcess>(spec_.process);
    think_ = DurationSampler(process.think);
    retryPauseNs_ = DurationSampler::toNs(process.retryPauseSeconds);
    if (spec_.sessions) turns_ = LengthSampler(spec_.sessions->turns);
    users_.resize(static_cast<std::size_t>(process.users + 0.5));
    due_.reserve(users_.size());
    for (std::size_t u = 0; u < users_.size(); ++u) {
        const double wait =
            process.startOverSeconds * static_cast<double>(u) / static_cast<double>(users_.size());
        due_.push_back({DurationSampler::toNs(spec_.startSeconds + wait),
                        static_cast<std::uint32_t>(u)}); // ascending, so already a heap
    }
}

std::int64_t ClosedLoopStream::peekNs() {
    if (left_ == 0 || due_.empty() || due_.front().ns >= stopNs_) return kNoTime;
    return due_.front().ns;
}

bool ClosedLoopStream::next(Arrival& out) {
    if (peekNs() == kNoTime) return false;
    const Due due = due_.front();
    User& user = users_[due.user];
    out = Arrival{};
    out.offsetNs = due.ns;
    out.user = due.user;
    const DrawKey key = marker_.source().part(due.user);
    Marker::Identity id{key, user.requests, key, user.requests};
    if (!fillLengths(out, id)) {
        left_ = 0;
        return false;
    }
    if (spec_.sessions) {
        if (user.turnsLeft == 0) {
            user.turnsLeft = turns_.draw(key, Purpose::turns, user.session);
            ++user.session;
            user.history = 0;
        }
        --user.turnsLeft;
        id.ownerNumber = user.session;
        const Sessions& sessions = *spec_.sessions;
        if (sessions.carryHistory) out.promptTokens += user.history;
        if (sessions.maxContextTokens > 0 && user.history > 0 &&
            out.promptTokens > sessions.maxContextTokens) {
            out.promptTokens -= user.history;
            ++user.session;
        }
        out.session = (static_cast<std::uint64_t>(due.user) + 1) << 32 | user.session;
    }
    const std::uint32_t withoutPrefix = out.promptTokens;
    marker_.mark(out, id);
    if (spec_.sessions && spec_.sessions->carryHistory) {
        user.history = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(std::uint64_t{withoutPrefix} + out.outputTokens,
                                    std::numeric_limits<std::int32_t>::max()));
    }
    ++user.requests;
    user.waiting = true;
    std::pop_heap(due_.begin(), due_.end(), [](const Due& a, const Due& b) { return a.after(b); });
    due_.pop_back();
    --left_;
    tally_.add(out);
    return true;
}

void ClosedLoopStream::completed(std::uint32_t user, std::int64_t atNs) {
    comesBack(user, atNs, 0);
}

// Without a pause, users who do not think would come back at the same instant, and time would stand
// still for as long as they are refused.
void ClosedLoopStream::refused(std::uint32_t user, std::int64_t atNs, std::int64_t retryAfterNs) {
    comesBack(user, atNs, retryAfterNs > 0 ? retryAfterNs : retryPauseNs_);
}

void ClosedLoopStream::comesBack(std::uint32_t user, std::int64_t atNs, std::int64_t pauseNs) {
    PENSTOCK_CHECK(user < users_.size());
    User& who = users_[user];
    PENSTOCK_CHECK(who.waiting);
    who.waiting = false;
    const std::int64_t thinkNs =
        think_.ns(marker_.source().part(user), Purpose::think, who.requests - 1);
    due_.push_back({atNs + std::max(thinkNs, pauseNs), user});
    std::push_heap(due_.begin(), due_.end(), [](const Due& a, const Due& b) { return a.after(b); });
}

} // namespace penstock::sim
