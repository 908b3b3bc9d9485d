// SPDX-License-Identifier: Apache-2.0
#include "engine/live/prometheus/prometheus_source.h"

#include "engine/metrics/exposition.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>

namespace penstock {
namespace {

constexpr Duration kPatience = std::chrono::seconds{5};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

// Prometheus writes sample values as strings: 0.5, NaN, +Inf.
std::optional<double> sampleValue(std::string_view text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
    if (text == "-Inf") return -std::numeric_limits<double>::infinity();
    double value = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

Reading readingOf(std::string_view answer, Time now) {
    Reading reading;
    reading.sampledAt = now;
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(simdjson::padded_string(answer)).get(root) != simdjson::SUCCESS)
        return reading;
    std::string_view status, type;
    if (root["status"].get(status) != simdjson::SUCCESS || status != "success" ||
        root["data"]["resultType"].get(type) != simdjson::SUCCESS || type != "vector") {
        return reading;
    }
    simdjson::dom::array samples;
    if (root["data"]["result"].get(samples) != simdjson::SUCCESS) return reading;
    if (samples.size() == 0) {
        reading.state = Reading::State::noSample;
        return reading;
    }
    std::string_view text;
    if (samples.at(0)["value"].at(1).get(text) != simdjson::SUCCESS) return reading;
    const auto value = sampleValue(text);
    if (!value) return reading;
    reading.state = Reading::State::value;
    reading.value = *value;
    return reading;
}

PrometheusSource::PrometheusSource(LiveLoop& loop, HttpClient& http, std::string url)
    : loop_(loop), http_(http), url_(std::move(url)) {
    while (url_.ends_with('/'))
        url_.pop_back();
}

std::string PrometheusSource::urlOf(const std::string& query) const {
    return fmt::format("{}/api/v1/query?query={}", url_, escaped(query));
}

Result<MetricSource::Shape> PrometheusSource::shapeOf(const MetricQuery& query) const {
    if (query.kind != MetricQuery::Kind::promql) return Shape::unknown;
    // What our grammar does not have may still be known to the server.
    const auto parsed = metrics::PromQuery::parse(query.text);
    if (!parsed) return Shape::unknown;
    return parsed->givesScalar() ? Shape::scalar : Shape::vector;
}

void PrometheusSource::read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) {
    ++asked_;
    if (query.kind == MetricQuery::Kind::promql) {
        ask(query, tag, listener);
    } else {
        scrape(query, tag, listener);
    }
}

// One query and, in the same round, the time stamps of what it reads.
struct PrometheusSource::Round {
    Reading reading;
    Time oldest = kNever;
    bool ageKnown = true;
    std::size_t left = 0;
};

void PrometheusSource::ask(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) {
    if (url_.empty()) {
        ++failed_;
        listener.metricRead(tag, {Reading::State::error, 0.0, loop_.now()});
        return;
    }
    auto known = ages_.find(&query);
    if (known == ages_.end()) {
        const auto parsed = metrics::PromQuery::parse(query.text);
        known =
            ages_.emplace(&query, parsed ? parsed->timestampQueries() : std::vector<std::string>{})
                .first;
    }
    auto round = std::make_shared<Round>();
    round->left = 1 + known->second.size();
    round->ageKnown = !known->second.empty();
    const auto part = [this, round, tag, &listener] {
        if (--round->left > 0) return;
        if (round->ageKnown && round->oldest != kNever) {
            round->reading.sampledAt = std::min(round->reading.sampledAt, round->oldest);
        }
        if (round->reading.state == Reading::State::error) ++failed_;
        listener.metricRead(tag, round->reading);
    };
    HttpRequest request;
    request.post = false;
    request.timeout = kPatience;
    request.url = urlOf(query.text);
    http_.send(request, [this, round, part](const HttpAnswer& answer) {
        round->reading = answer.error == TransportError::none && answer.status == 200
                             ? readingOf(answer.body, loop_.now())
                             : Reading{Reading::State::error, 0.0, loop_.now()};
        part();
    });
    for (const std::string& age : known->second) {
        request.url = urlOf(age);
        http_.send(request, [this, round, part](const HttpAnswer& answer) {
            const Reading stamp = answer.error == TransportError::none && answer.status == 200
                                      ? readingOf(answer.body, loop_.now())
                                      : Reading{};
            if (stamp.state == Reading::State::value && std::isfinite(stamp.value)) {
                round->oldest = std::min(round->oldest, fromUnixSeconds(stamp.value));
            } else {
                round->ageKnown = false;
            }
            part();
        });
    }
}

void PrometheusSource::scrape(const MetricQuery& query, std::uint32_t tag,
                              MetricListener& listener) {
    HttpRequest request;
    request.post = false;
    request.timeout = kPatience;
    request.url = query.url;
    http_.send(request, [this, tag, &listener, metric = query.text,
                         labels = query.labels](const HttpAnswer& answer) {
        Reading reading{Reading::State::error, 0.0, loop_.now()};
        if (answer.error == TransportError::none && answer.status == 200) {
            if (const auto samples = metrics::parseExposition(answer.body)) {
                const auto found =
                    metrics::findExposed(*samples, metric, metrics::filterLabels(labels));
                reading.state = found.empty() ? Reading::State::noSample : Reading::State::value;
                if (!found.empty()) reading.value = found.front()->value;
            }
        }
        if (reading.state == Reading::State::error) ++failed_;
        listener.metricRead(tag, reading);
    });
}

} // namespace penstock
