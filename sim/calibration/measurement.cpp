// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/measurement.h"

#include "engine/types/check.h"

#include <cmath>

namespace penstock::sim {
namespace {

Values valuesOf(const Seen& seen) {
    Values v;
    if (seen.requests == 0) return v;
    v[Quantity::ttft] = seen.ttftMs;
    v[Quantity::tpot] = seen.tpotMs;
    v[Quantity::e2e] = seen.e2eMs;
    v[Quantity::completed] = seen.completedPerSecond;
    return v;
}

Values meanOf(const std::vector<Replay::Times>& times, std::size_t first, std::size_t count) {
    Seen sum;
    for (std::size_t i = first; i < first + count && i < times.size(); ++i) {
        if (times[i].e2eMs == 0.0) continue;
        sum.ttftMs += times[i].ttftMs;
        sum.tpotMs += times[i].tpotMs;
        sum.e2eMs += times[i].e2eMs;
        ++sum.requests;
    }
    const double n = static_cast<double>(sum.requests);
    Values v = valuesOf({sum.ttftMs / n, sum.tpotMs / n, sum.e2eMs / n, 0.0, sum.requests});
    v[Quantity::completed] = Values::nan();
    return v;
}

} // namespace

const char* nameOf(Quantity quantity) {
    constexpr const char* kNames[] = {"TTFT", "TPOT", "E2E", "completed"};
    return kNames[static_cast<std::size_t>(quantity)];
}

const char* keyOf(Quantity quantity) {
    constexpr const char* kNames[] = {"ttft", "tpot", "e2e", "completed_rps"};
    return kNames[static_cast<std::size_t>(quantity)];
}

const char* unitOf(Quantity quantity) {
    return quantity == Quantity::completed ? "rps" : "ms";
}

ReplicaConfig configFor(const Deployment& deployment, const Candidate& candidate) {
    ReplicaConfig config = deployment.replica.config;
    if (!deployment.lawful()) return config;
    config.cost = deriveStepCost(deployment.gpu, deployment.model, deployment.replica.tp,
                                 candidate.constants);
    for (const auto& [key, ms] : candidate.a0Ms) {
        if (key == deployment.key && !deployment.a0Given) {
            config.apiDelayNs = static_cast<std::int64_t>(std::llround(ms * 1e6));
        }
    }
    return config;
}

std::vector<Values> predict(const MeasurementSet& set, std::size_t experiment,
                            const ReplicaConfig& config) {
    PENSTOCK_CHECK(experiment < set.experiments.size());
    std::vector<Values> out;
    const auto& what = set.experiments[experiment].what;
    if (const auto* log = std::get_if<std::vector<LoggedRequest>>(&what)) {
        const Replay replay = replayLog(config, *log);
        for (const MeasuredRow& row : set.rows) {
            if (row.experiment == experiment) {
                out.push_back(meanOf(replay.times, row.first, row.count));
            }
        }
        return out;
    }
    const auto* stage = std::get_if<LoadStage>(&what);
    const Seen seen = stage != nullptr ? runLoadStage(config, *stage)
                                       : runClosedLoop(config, std::get<ClosedLoop>(what));
    for (const MeasuredRow& row : set.rows) {
        if (row.experiment == experiment) out.push_back(valuesOf(seen));
    }
    return out;
}

} // namespace penstock::sim
