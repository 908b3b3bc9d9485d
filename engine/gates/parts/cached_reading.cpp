// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/parts/cached_reading.h"

#include <cmath>

namespace penstock {
namespace {

bool same(const Reading& a, const Reading& b) {
    if (a.state != b.state) return false;
    if (a.state != Reading::State::value) return true;
    return a.value == b.value || (std::isnan(a.value) && std::isnan(b.value));
}

} // namespace

const Reading* CachedReading::read(Time now) {
    const bool expired = serial_ == 0 || policy_.ttl <= Duration::zero() || expiresAt() <= now;
    if (!asking_ && expired) {
        asking_ = true;
        askedAt_ = now;
        inRead_ = true;
        source_.read(query_, 0, *this);
        inRead_ = false;
    }
    return serial_ == 0 ? nullptr : &reading_;
}

Time CachedReading::expiresAt() const {
    if (asking_ || serial_ == 0 || policy_.ttl <= Duration::zero()) return kNever;
    const bool retry = reading_.state == Reading::State::error && !policy_.cacheErrors;
    return answeredFor_ +
           (retry && policy_.errorRetry < policy_.ttl ? policy_.errorRetry : policy_.ttl);
}

void CachedReading::metricRead(std::uint32_t, const Reading& reading) {
    const bool news = serial_ == 0 || !same(reading, reading_);
    reading_ = reading;
    answeredFor_ = askedAt_;
    ++serial_;
    asking_ = false;
    // Without a TTL an owner that was woken by the same answer again would ask again, for ever.
    if (!inRead_ && (news || policy_.ttl > Duration::zero())) owner_.readingArrived(*this);
}

} // namespace penstock
