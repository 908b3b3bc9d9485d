// SPDX-License-Identifier: Apache-2.0
#include "sim/metrics/metric_source.h"

#include <algorithm>

namespace penstock::sim {

void SimulatedMetricSource::read(const MetricQuery& query, std::uint32_t tag,
                                 MetricListener& listener) {
    listener.metricRead(tag, query.kind == MetricQuery::Kind::promql ? ask(query) : scrape(query));
}

Result<MetricSource::Shape> SimulatedMetricSource::shapeOf(const MetricQuery& query) const {
    if (query.kind != MetricQuery::Kind::promql) return Shape::unknown;
    auto prepared = path_.prepare(query.text);
    if (!prepared) return fail(prepared.error());
    return prepared->query().givesScalar() ? Shape::scalar : Shape::vector;
}

Reading SimulatedMetricSource::ask(const MetricQuery& query) {
    auto found = prepared_.find(&query);
    if (found == prepared_.end()) {
        found = prepared_.emplace(&query, path_.prepare(query.text)).first;
    }
    Reading reading;
    reading.sampledAt = loop_.now();
    if (!found->second) return reading;
    const auto result = path_.query(*found->second, loop_.now());
    if (!result || (*result)->scalar) return reading;
    if ((*result)->samples.empty()) {
        reading.state = Reading::State::noSample;
        return reading;
    }
    const QuerySample& first = (*result)->samples.front();
    reading.state = Reading::State::value;
    reading.value = first.value;
    if ((*result)->oldestSelected != kNever) reading.sampledAt = (*result)->oldestSelected;
    return reading;
}

// The simulated world has no names to resolve: a URL means the target whose name its host begins
// with ("http://router:9090/metrics"), and the router if there is none.
Reading SimulatedMetricSource::scrape(const MetricQuery& query) {
    Reading reading;
    reading.sampledAt = loop_.now();
    std::string host = query.url;
    if (const auto scheme = host.find("://"); scheme != std::string::npos) {
        host = host.substr(scheme + 3);
    }
    host = host.substr(0, host.find_first_of(":/"));
    const auto targets = path_.targets();
    auto target = std::find_if(targets.begin(), targets.end(),
                               [&](TargetId id) { return path_.targetName(id) == host; });
    if (target == targets.end()) {
        target = std::find_if(targets.begin(), targets.end(),
                              [&](TargetId id) { return path_.targetName(id) == "router"; });
    }
    if (target == targets.end()) return reading;
    const auto text = path_.exposition(*target);
    if (!text) return reading;
    const auto samples = metrics::parseExposition(*text);
    if (!samples) return reading;
    const Labels labels = metrics::filterLabels(query.labels);
    const auto found = metrics::findExposed(*samples, query.text, labels);
    if (found.empty()) {
        reading.state = Reading::State::noSample;
        return reading;
    }
    reading.state = Reading::State::value;
    reading.value = found.front()->value;
    return reading;
}

} // namespace penstock::sim
