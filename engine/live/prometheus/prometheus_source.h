// SPDX-License-Identifier: Apache-2.0
#pragma once

// The MetricSource port: instant queries against a Prometheus server, and endpoints scraped without
// one. Run thread only.
#include "engine/live/http/http_client.h"
#include "engine/metrics/promql.h"
#include "engine/ports/metric_source.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

class PrometheusSource final : public MetricSource {
  public:
    // `url` is --prometheus-url; empty where there is none, and then only endpoints can be read.
    PrometheusSource(LiveLoop& loop, HttpClient& http, std::string url);

    void read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) override;
    Result<Shape> shapeOf(const MetricQuery& query) const override;

    std::uint64_t asked() const { return asked_; }
    std::uint64_t failed() const { return failed_; }

  private:
    struct Round;
    void ask(const MetricQuery& query, std::uint32_t tag, MetricListener& listener);
    void scrape(const MetricQuery& query, std::uint32_t tag, MetricListener& listener);
    std::string urlOf(const std::string& query) const;

    LiveLoop& loop_;
    HttpClient& http_;
    std::string url_;
    // What asks how old the samples behind a query are.
    std::map<const MetricQuery*, std::vector<std::string>> ages_;
    std::uint64_t asked_ = 0, failed_ = 0;
};

// The answer of /api/v1/query: the first sample of a vector. Anything else is an error.
Reading readingOf(std::string_view answer, Time now);

} // namespace penstock
