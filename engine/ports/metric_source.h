// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a gate learns about the pool: an instant query against Prometheus, or a direct scrape of an
// endpoint. The answer is late by nature; its age says how late.
// Run thread only; an answer may arrive before read() returns.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <cstdint>
#include <string>

namespace penstock {

struct Reading {
    enum class State : std::uint8_t {
        value,    // `value` was read; it may still be NaN or infinite
        noSample, // the query worked and matched nothing
        error,    // the source could not be asked or did not understand
    };
    State state = State::error;
    double value = 0.0; // of the first sample
    // When the oldest sample that the query's selectors found was scraped, which is all that can be
    // asked: the least of timestamp(s) over each instant selector s of the query, put to Prometheus
    // in the same round (PromQuery::timestampQueries). Now if that is unknown: a range has no time
    // stamp, numbers have none, and an endpoint that is scraped directly answers as of now. When
    // the value was last true in the world cannot be known: an exporter that has frozen looks
    // fresh.
    Time sampledAt{};
};

// What to ask. A gate makes one at start and keeps it: adapters may key on its address.
struct MetricQuery {
    enum class Kind : std::uint8_t { promql, scrape };
    Kind kind = Kind::promql;
    std::string text;   // PromQL, or the metric's name when scraping
    std::string url;    // endpoint to scrape
    std::string labels; // comma-separated k=v matchers of a scrape
};

class MetricListener {
  public:
    virtual void metricRead(std::uint32_t tag, const Reading& reading) = 0;

  protected:
    ~MetricListener() = default;
};

class MetricSource {
  public:
    virtual ~MetricSource() = default;

    // Asks once. `query` and `listener` outlive the answer; `tag` comes back with it.
    // An answer that is a scalar is an error: a gate reads the first sample of a vector. (Source:
    // llm-d-async, PromQLMetricSource::Query.)
    virtual void read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) = 0;

    // What a query gives, by its text alone. An error says what of it cannot be evaluated. The
    // default is for sources that find out when they ask.
    enum class Shape : std::uint8_t { vector, scalar, unknown };
    virtual Result<Shape> shapeOf(const MetricQuery&) const { return Shape::unknown; }
};

} // namespace penstock
