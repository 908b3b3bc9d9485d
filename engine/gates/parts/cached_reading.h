// SPDX-License-Identifier: Apache-2.0
#pragma once

// One query of a gate with its cache. A gate may be asked for its budget thousands of times a
// second; the source is asked once per TTL, one question at a time, and the last answer serves
// meanwhile. An answer given inside the question is used at once; a late one wakes the owner.
//
// A source must answer every question, with an error if need be: there is no timeout here, and
// until the answer arrives the last one goes on serving.
#include "engine/ports/metric_source.h"
#include "engine/types/time.h"

#include <cstdint>
#include <string>

namespace penstock {

struct CachePolicy {
    Duration ttl{std::chrono::seconds{5}}; // 0: ask every time
    bool cacheErrors = false;              // an error stays for the TTL, like a value
    Duration errorRetry{std::chrono::seconds{1}};
};

class CachedReading final : private MetricListener {
  public:
    class Owner {
      public:
        // A late answer replaced the reading.
        virtual void readingArrived(CachedReading& reading) = 0;

      protected:
        ~Owner() = default;
    };

    // The source and the owner outlive the reading, and the reading outlives its last question.
    CachedReading(MetricSource& source, MetricQuery query, CachePolicy policy, Owner& owner)
        : source_(source), query_(std::move(query)), policy_(policy), owner_(owner) {}
    CachedReading(const CachedReading&) = delete;
    CachedReading& operator=(const CachedReading&) = delete;

    // The newest answer, or nullptr before the first one. Asks if that one has expired.
    const Reading* read(Time now);

    // The newest answer without asking; nullptr before the first one.
    const Reading* latest() const { return serial_ == 0 ? nullptr : &reading_; }

    // When the next read() would ask again; kNever while an answer is awaited (the owner is told)
    // and with a TTL of 0 (every read asks).
    Time expiresAt() const;

    // Answers so far: tells a new sample from the same one read twice.
    std::uint64_t serial() const { return serial_; }

    const std::string& text() const { return query_.text; }
    const MetricQuery& query() const { return query_; }
    CachePolicy& policy() { return policy_; }

  private:
    void metricRead(std::uint32_t tag, const Reading& reading) override;

    MetricSource& source_;
    MetricQuery query_;
    CachePolicy policy_;
    Owner& owner_;
    Reading reading_;
    Time askedAt_{};
    Time answeredFor_{}; // when the question behind reading_ was asked
    std::uint64_t serial_ = 0;
    bool asking_ = false; // an answer is awaited
    bool inRead_ = false; // inside source_.read(): an answer now is not late
};

} // namespace penstock
