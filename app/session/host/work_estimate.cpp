// SPDX-License-Identifier: Apache-2.0
#include "app/session/host/work_estimate.h"

#include "engine/types/duration_text.h"
#include "sim/traffic/spec/overload.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::app {

using namespace sim;

namespace {

// At a few hundred thousand requests and some million ticks a second: about an hour of a core.
constexpr double kMostRequests = 1e9;
constexpr double kMostTicks = 1e10;
constexpr double kMostAtOnce = 20e6; // at some hundred bytes each

// Starts within `seconds`, without modulations.
double startsOf(const Process& process, double seconds) {
    return std::visit(
        Overload{
            [&](const PoissonProcess& p) { return p.perSecond * seconds; },
            [&](const GammaProcess& p) { return p.perSecond * seconds; },
            [&](const WeibullProcess& p) { return p.perSecond * seconds; },
            [&](const ConstantProcess& p) { return p.perSecond * seconds; },
            [&](const OnOffProcess& p) {
                const double on = meanOf(p.on);
                return p.perSecond * seconds * on / (on + meanOf(p.off));
            },
            [&](const MmppProcess& p) {
                double starts = 0;
                double period = 0;
                for (const MmppState& state : p.states) {
                    starts += state.perSecond * state.meanSeconds;
                    period += state.meanSeconds;
                }
                return starts * seconds / period;
            },
            [&](const StepsProcess& p) {
                double starts = 0;
                double period = 0;
                for (const RateStep& step : p.steps) {
                    const double left = p.repeat ? step.seconds : seconds - period;
                    starts += step.perSecond * std::clamp(left, 0.0, step.seconds);
                    period += step.seconds;
                }
                return p.repeat ? starts * seconds / period : starts;
            },
            [&](const LumpProcess& p) {
                double starts = 0;
                for (const Lump& lump : p.lumps)
                    starts += lump.count;
                return p.everySeconds > 0 ? starts * (1 + seconds / p.everySeconds) : starts;
            },
            [&](const ClosedLoopProcess& p) { return p.users; }, // then as fast as the pool answers
            [&](const TraceProcess& p) { return p.asPoissonPerSecond * seconds; },
        },
        process);
}

// By how much modulations multiply that, at most about.
double factorOf(const Modulation& modulation, double seconds) {
    return std::visit(
        Overload{
            [](const DiurnalModulation&) { return 1.0; },
            [](const WeekModulation&) { return 1.0; },
            [&](const SpikeModulation& m) {
                const double period = m.everySeconds > 0 ? m.everySeconds : seconds;
                return 1 + std::max(0.0, m.factor - 1) * std::min(1.0, m.forSeconds / period);
            },
            [](const RampModulation& m) { return std::max(m.fromFactor, m.toFactor); },
        },
        modulation);
}

double atOnceOf(const Process& process) {
    const auto* lumps = std::get_if<LumpProcess>(&process);
    if (lumps == nullptr) return 0;
    double most = 0;
    for (const Lump& lump : lumps->lumps)
        most += lump.count; // they may follow each other faster than they are done
    return most;
}

// A sum, and what has the largest part in it.
struct Sum {
    double total = 0, largest = 0;
    std::string what;
    void add(double part, const std::string& name) {
        total += part;
        if (part <= largest) return;
        largest = part;
        what = name;
    }
};

} // namespace

Work estimateWork(const sim::Scenario& s) {
    const double horizon = toSeconds(s.horizon);
    Sum requests;
    Sum atOnce;
    for (const SourceSpec& source : s.sources) {
        const TrafficSpec& t = source.traffic;
        const double seconds = std::max(0.0, std::min(t.stopSeconds, horizon) - t.startSeconds);
        double each = 1;
        for (const Modulation& modulation : t.modulations)
            each *= factorOf(modulation, std::max(seconds, 1e-9));
        if (t.job) each *= meanOf(t.job->size);
        if (t.sessions) each *= meanOf(t.sessions->turns);
        const double most = static_cast<double>(t.maxArrivals);
        const std::string name = fmt::format("source {}", t.name);
        requests.add(std::min(most, each * startsOf(t.process, seconds)), name);
        atOnce.add(std::min(most, each * atOnceOf(t.process)), name);
    }
    Sum ticks;
    const auto every = [&](Duration period, double times, const char* what) {
        if (period > Duration{0}) {
            ticks.add(times * horizon / toSeconds(period),
                      fmt::format("{} {}", what, durationText(period)));
        }
    };
    double replicas = 0;
    for (const ReplicaGroup& group : s.replicas)
        replicas += group.count;
    if (s.autoscaler.enabled) {
        replicas = std::max(replicas, static_cast<double>(s.autoscaler.max));
        every(s.autoscaler.period, replicas, "the autoscaler looks at all replicas every");
    }
    const double gauges = replicas + static_cast<double>(s.engine.transport.queues.size());
    every(std::min(s.sampleEvery, usualSampling(s.horizon)), gauges, "all gauges are read every");
    every(s.metrics.modelServerScrape, replicas, "each replica is scraped every");
    every(s.metrics.routerScrape, replicas, "the router is scraped every");
    every(s.router.metricsRefresh, replicas, "the router asks each replica every");
    return {requests.total, atOnce.total, ticks.total, requests.what, atOnce.what, ticks.what};
}

Status checkWork(const sim::Scenario& scenario) {
    const Work work = estimateWork(scenario);
    const auto refuse = [&](double amount, const char* of, const std::string& why, double most) {
        return fail(
            Error{fmt::format("the run would have about {:.2g} {} ({}); more than {:.0e} take "
                              "hours or more memory than most machines have: make it "
                              "smaller, or say --yes-large",
                              amount, of, why, most),
                  scenario.file});
    };
    if (work.requests > kMostRequests) {
        return refuse(work.requests, "requests", "most of them from " + work.mostRequests,
                      kMostRequests);
    }
    if (work.atOnce > kMostAtOnce) {
        return refuse(work.atOnce, "requests at once", "most of them from " + work.mostAtOnce,
                      kMostAtOnce);
    }
    if (work.ticks > kMostTicks) {
        return refuse(work.ticks, "ticks of a clock", work.mostTicks, kMostTicks);
    }
    return {};
}

} // namespace penstock::app
