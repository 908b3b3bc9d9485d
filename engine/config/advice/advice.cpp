// SPDX-License-Identifier: Apache-2.0
#include "engine/config/advice/advice.h"

#include "engine/config/advice/advice_rules.h"

#include <algorithm>
#include <tuple>

namespace penstock {

const QueueFacts* PoolFacts::queue(std::string_view id) const {
    for (const QueueFacts& queue : queues) {
        if (queue.id == id) return &queue;
    }
    return nullptr;
}

void sortFindings(std::vector<Finding>& findings) {
    std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
        if (a.severity != b.severity) return a.severity > b.severity;
        return std::tie(a.code, a.path) < std::tie(b.code, b.path);
    });
}

std::vector<Finding> advise(const EngineDocument& engine, const PoolFacts& facts) {
    std::vector<Finding> found = engine.findings;
    detail::reachRules(engine, facts, found);
    detail::metricRules(engine, facts, found);
    detail::readingRules(engine, facts, found);
    detail::seriesRules(engine, facts, found);
    detail::waitingRules(engine, facts, found);
    detail::flowRules(engine, facts, found);
    sortFindings(found);
    return found;
}

} // namespace penstock
