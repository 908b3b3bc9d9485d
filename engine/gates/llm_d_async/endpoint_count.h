// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counted admission by a scraped endpoint: one reading tells how many places are free, and admits
// that many requests, until the next reading a cache TTL later. A reading that fails, or is not a
// number from 0 up, admits nothing, and so does the time before the first.
// Source: llm-d-async 0.11, endpoint-scrape with admission counted.
#include "engine/core/gate.h"
#include "engine/gates/llm_d_async/endpoint_scrape.h"

#include <memory>
#include <optional>

namespace penstock {

class EndpointCountGate final : public Gate, public CachedReading::Owner {
  public:
    // maxCountPerPod > 0; baseline, fallback and valueIsBudget have no meaning here. The source
    // outlives the gate.
    using Settings = EndpointScrapeGate::Settings;
    EndpointCountGate(Settings settings, MetricSource& source, CachePolicy cache);

    Budget budget(Time now) override; // 1 while there is a place, else 0
    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) override;
    std::string_view type() const override { return "endpoint-scrape"; }
    void parameters(ParameterVisitor& visitor) override;

  private:
    struct Places {
        std::int32_t left = 0;
        Reason reason; // value: places free at the reading; threshold: admitted since
    };
    Places places(Time now);
    Time ownRecheckAt() const override;
    void readingArrived(CachedReading&) override { changed(); }

    double maxCountPerPod_;
    std::optional<double> absentValue_;
    CachedReading value_;
    std::unique_ptr<CachedReading> pods_;
    std::uint64_t countedFor_ = 0; // serial of the reading that `admitted_` belongs to
    std::int32_t admitted_ = 0;
};

} // namespace penstock
