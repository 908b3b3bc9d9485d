// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/timeline.h"

#include "engine/types/check.h"
#include "sim/kernel/random.h"

#include <algorithm>

namespace penstock::sim {

namespace {
// Streams of the world's own purposes are numbered from RandomStream::world; faults have this one.
constexpr std::uint32_t kFaultStream = static_cast<std::uint32_t>(RandomStream::world) + 900;
} // namespace

struct FaultTimeline::Edge final : Timer {
    FaultTimeline* owner = nullptr;
    std::size_t index = 0;
    bool begins = false;
    void fire() override { owner->fire(*this); }
};

std::vector<Fault> drawFaults(const std::vector<Fault>& named,
                              const std::vector<FaultProcess>& processes, Duration horizon,
                              std::uint64_t seed) {
    double expected = 0.0;
    for (const FaultProcess& process : processes)
        expected += toSeconds(horizon) / toSeconds(process.meanGap);
    PENSTOCK_CHECK(expected <= kMostFaults); // the scenario's reader has seen to it
    std::vector<Fault> faults = named;
    for (std::size_t p = 0; p < processes.size(); ++p) {
        RandomSequence random{seed, kFaultStream, static_cast<std::uint32_t>(p)};
        const double meanSeconds = toSeconds(processes[p].meanGap);
        double at = 0.0;
        while (true) {
            at += random.exponential() * meanSeconds;
            if (at >= toSeconds(horizon)) break;
            faults.push_back(processes[p].fault);
            faults.back().at = fromSeconds(at);
        }
    }
    std::stable_sort(faults.begin(), faults.end(),
                     [](const Fault& a, const Fault& b) { return a.at < b.at; });
    return faults;
}

FaultTimeline::FaultTimeline(std::vector<Fault> faults, Loop& loop, Time start,
                             FaultListener& listener)
    : faults_(std::move(faults)), loop_(loop), listener_(listener) {
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        const auto edge = [&](bool begins, Time at) {
            edges_.push_back(std::make_unique<Edge>());
            edges_.back()->owner = this;
            edges_.back()->index = i;
            edges_.back()->begins = begins;
            loop_.arm(*edges_.back(), at);
        };
        const Time begin = start + faults_[i].at;
        edge(true, begin);
        if (faults_[i].lasting > Duration{0}) edge(false, begin + faults_[i].lasting);
    }
}

FaultTimeline::~FaultTimeline() {
    for (const auto& edge : edges_)
        loop_.disarm(*edge);
}

void FaultTimeline::fire(Edge& edge) {
    const Fault& fault = faults_[edge.index];
    if (edge.begins) {
        if (fault.lasting != Duration{0}) ++active_;
        listener_.faultBegins(edge.index, fault);
    } else {
        --active_;
        listener_.faultEnds(edge.index, fault);
    }
}

} // namespace penstock::sim
