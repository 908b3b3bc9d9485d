// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/fault_reader.h"

#include "engine/config/text/wording.h"
#include "engine/types/duration_text.h"
#include "sim/faults/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

// The largest offset of a clock that is still one of the same day.
constexpr Duration kMostSkew = 24h;

std::string keysOf(const FaultKindInfo& kind) {
    std::string names;
    for (const FaultKeyInfo& key : faultKeys()) {
        if (((kind.needs | kind.takes) & key.key) == 0) continue;
        names += (names.empty() ? "" : ", ") + std::string(key.name);
    }
    return names.empty() ? "nothing else" : names;
}

// How many replicas there are at the most, by number.
std::int32_t mostReplicas(const Scenario& scenario) {
    std::int32_t count = 0;
    for (const ReplicaGroup& group : scenario.replicas)
        count += group.count;
    return scenario.autoscaler.enabled ? std::max(count, scenario.autoscaler.max) : count;
}

class FaultReader {
  public:
    FaultReader(Reader& reader, const Scenario& scenario) : r_(reader), scenario_(scenario) {}

    // What `at` or `every` say is the caller's to read.
    Fault read() {
        Fault fault;
        const FaultKindInfo* kind = readKind();
        if (kind == nullptr) {
            for (const FaultKeyInfo& key : faultKeys())
                r_.known(key.name);
            return fault;
        }
        fault.kind = kind->kind;
        for (const FaultKeyInfo& key : faultKeys()) {
            const bool needed = (kind->needs & key.key) != 0;
            if (needed || ((kind->takes & key.key) != 0 && r_.has(key.name))) {
                readKey(key, fault);
                continue;
            }
            r_.known(key.name);
            if (!r_.has(key.name) || (kind->takes & key.key) != 0) continue;
            r_.fail(key.name, fmt::format("\"{}\" means nothing to {} ({}); it takes: {}", key.name,
                                          kind->name, kind->help, keysOf(*kind)));
        }
        if (kind->takes & kFaultTarget) r_.atMostOne({"target", "replica"});
        if (fault.kind == FaultKind::autoscalerStuck && !scenario_.autoscaler.enabled) {
            r_.fail("kind",
                    "there is no autoscaler to be stuck; give pool.autoscaler, or leave the "
                    "fault out");
        }
        return fault;
    }

  private:
    const FaultKindInfo* readKind() {
        const std::string name = r_.text("kind");
        if (name.empty()) return nullptr; // said already
        std::vector<std::string_view> known;
        for (const FaultKindInfo& info : faultKinds()) {
            if (info.name == name) return &info;
            known.push_back(info.name);
        }
        r_.fail("kind", fmt::format("\"{}\" is not a kind of fault{} Known: {}", name,
                                    didYouMean(name, known), listOf(known)));
        return nullptr;
    }

    void readKey(const FaultKeyInfo& key, Fault& fault) {
        switch (key.key) {
        case kFaultFor:
            fault.lasting = r_.duration(key.name);
            break;
        case kFaultReplica:
            readReplica(fault);
            break;
        case kFaultTarget:
            readTarget(fault);
            break;
        case kFaultFactor:
            fault.factor = r_.number(key.name, {.min = 0.01, .max = 1000});
            break;
        case kFaultStatus:
            fault.status = r_.integer<int>(key.name, {400, 599});
            break;
        case kFaultProbability:
            fault.probability = r_.number(key.name, {.min = 0, .max = 1});
            break;
        case kFaultRetryAfter:
            fault.retryAfter = r_.duration(key.name);
            break;
        case kFaultDelay:
            fault.delay = fault.kind == FaultKind::clockSkew
                              ? r_.duration(key.name, {.min = -kMostSkew, .max = kMostSkew})
                              : r_.duration(key.name, {.above = true});
            break;
        }
    }

    void readReplica(Fault& fault) {
        const std::int32_t replicas = mostReplicas(scenario_);
        if (replicas == 0) { // said already
            r_.known("replica");
            return;
        }
        fault.target = r_.integer<std::int32_t>("replica", {0, INT32_MAX});
        if (fault.target < replicas) return;
        r_.fail("replica", fmt::format("there is no replica {}; the pool has replicas 0 to {}",
                                       fault.target, replicas - 1));
    }

    void readTarget(Fault& fault) {
        fault.targetName = r_.text("target");
        const std::int32_t replicas = mostReplicas(scenario_);
        if (fault.targetName.empty() || replicas == 0) return;
        std::vector<std::string> names{"router", "model-servers"};
        for (std::int32_t i = 0; i < replicas; ++i)
            names.push_back(podName(scenario_.poolName, static_cast<std::size_t>(i)));
        if (std::find(names.begin(), names.end(), fault.targetName) != names.end()) return;
        const std::vector<std::string_view> known(names.begin(), names.end());
        r_.fail("target",
                fmt::format("\"{}\" is not a metrics target{} Known: {}", fault.targetName,
                            didYouMean(fault.targetName, known), listOf(known)));
    }

    Reader& r_;
    const Scenario& scenario_;
};

} // namespace

void readFaults(Reader& top, Scenario& s) {
    double expected = 0.0;
    top.list(
        "faults",
        [&](Reader& r) {
            r.exactlyOne({"at", "every"});
            r.known("at");
            r.known("every");
            if (r.has("every")) {
                FaultProcess process;
                process.meanGap = r.duration("every", {.min = 1ms});
                process.fault = FaultReader(r, s).read();
                const double faults = toSeconds(s.horizon) / toSeconds(process.meanGap);
                expected += faults;
                if (expected > kMostFaults && expected - faults <= kMostFaults) {
                    const double longest = toSeconds(s.horizon) / (kMostFaults - expected + faults);
                    r.fail("every",
                           fmt::format("with this there are about {:.0f} faults in {}; at most "
                                       "{:.0f} are drawn, so write every: {:.3g}s or longer",
                                       expected, durationText(s.horizon), kMostFaults,
                                       longest * 1.001));
                }
                s.faultProcesses.push_back(process);
                return;
            }
            Fault fault;
            const Duration at = r.has("at") ? r.duration("at") : 0s;
            fault = FaultReader(r, s).read();
            fault.at = at;
            if (at >= s.horizon) {
                r.fail("at", fmt::format("it would begin at {}, but the run is over at {}; give it "
                                         "an earlier time, or the scenario a longer horizon",
                                         durationText(at), durationText(s.horizon)));
            }
            s.faults.push_back(std::move(fault));
        },
        {.max = static_cast<std::size_t>(kMostFaults)});
}

} // namespace penstock::sim
