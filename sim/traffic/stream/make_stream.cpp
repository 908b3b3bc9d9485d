// SPDX-License-Identifier: Apache-2.0
// From a TrafficSpec to its stream, to its mean rate, and to its Poisson control.
#include "sim/traffic/statistics/statistics.h"
#include "sim/traffic/stream/streams.h"
#include "sim/traffic/stream/trace_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

// Starts per second of a process with a rate, without modulations; 0 for others.
double startsPerSecond(const TrafficSpec& spec, double horizonSeconds) {
    const Process& process = spec.process;
    if (const auto* p = std::get_if<PoissonProcess>(&process)) return p->perSecond;
    if (const auto* p = std::get_if<GammaProcess>(&process)) return p->perSecond;
    if (const auto* p = std::get_if<WeibullProcess>(&process)) return p->perSecond;
    if (const auto* p = std::get_if<ConstantProcess>(&process)) return p->perSecond;
    if (const auto* p = std::get_if<OnOffProcess>(&process)) {
        const double on = meanOf(p->on);
        return p->perSecond * on / (on + meanOf(p->off));
    }
    if (const auto* p = std::get_if<MmppProcess>(&process)) {
        // Share of visits by repeated steps of the jump chain (lazy, so that a cycle settles), then
        // weighted by the mean stay.
        const std::size_t n = p->states.size();
        std::vector<double> visits(n, 1.0 / static_cast<double>(n));
        for (int step = 0; step < 20000; ++step) {
            std::vector<double> next(n, 0.0);
            for (std::size_t i = 0; i < n; ++i) {
                next[i] += 0.5 * visits[i];
                const std::vector<double>& weights = p->states[i].nextWeights;
                double total =
                    weights.empty() ? static_cast<double>(std::max<std::size_t>(n - 1, 1)) : 0;
                for (const double w : weights)
                    total += w;
                for (std::size_t j = 0; j < n; ++j) {
                    const double w = weights.empty() ? (j != i || n == 1 ? 1.0 : 0.0) : weights[j];
                    next[j] += 0.5 * visits[i] * w / total;
                }
            }
            double change = 0;
            for (std::size_t i = 0; i < n; ++i)
                change += std::abs(next[i] - visits[i]);
            visits = next;
            if (change < 1e-13) break;
        }
        double time = 0;
        double arrivals = 0;
        for (std::size_t i = 0; i < n; ++i) {
            time += visits[i] * p->states[i].meanSeconds;
            arrivals += visits[i] * p->states[i].meanSeconds * p->states[i].perSecond;
        }
        return arrivals / time;
    }
    if (const auto* p = std::get_if<StepsProcess>(&process)) {
        double time = 0;
        double arrivals = 0;
        for (const RateStep& step : p->steps) {
            time += step.seconds;
            arrivals += step.perSecond * step.seconds;
        }
        return arrivals / (p->repeat ? time : std::max(time, horizonSeconds));
    }
    if (const auto* p = std::get_if<LumpProcess>(&process)) {
        double count = 0;
        for (const Lump& lump : p->lumps) {
            if (p->everySeconds > 0 || lump.atSeconds < horizonSeconds) count += lump.count;
        }
        const double over = p->everySeconds > 0
                                ? p->everySeconds
                                : std::min(horizonSeconds, spec.stopSeconds) - spec.startSeconds;
        return over > 0 ? count / over : 0;
    }
    return 0;
}

} // namespace

Result<std::unique_ptr<ArrivalStream>> makeStream(const TrafficSpec& spec, std::uint64_t seed,
                                                  std::uint32_t lane,
                                                  const std::string& directory) {
    if (Status status = validate(spec); !status) return fail(status.error());
    const DrawKey key{seed, lane};
    if (std::holds_alternative<TraceProcess>(spec.process)) {
        return TraceStream::make(spec, key, directory);
    }
    std::unique_ptr<LengthFeed> feed;
    if (const auto* lengths = std::get_if<TraceLengths>(&spec.lengths)) {
        auto made = makeTraceLengths(*lengths, key, directory);
        if (!made) return fail(made.error());
        feed = std::move(*made);
    }
    if (std::holds_alternative<ClosedLoopProcess>(spec.process)) {
        return std::make_unique<ClosedLoopStream>(spec, key, std::move(feed));
    }
    return std::make_unique<OpenLoopStream>(spec, key, makeStartTimes(spec, key), std::move(feed));
}

double meanRequestsPerSecond(const TrafficSpec& spec, double horizonSeconds) {
    double rate = startsPerSecond(spec, horizonSeconds);
    if (spec.job) rate *= meanOf(spec.job->size);
    if (spec.sessions) rate *= meanOf(spec.sessions->turns);
    return rate;
}

Result<TrafficSpec> poissonControl(const TrafficSpec& spec, double horizonSeconds,
                                   const std::string& directory) {
    if (Status status = validate(spec); !status) return fail(status.error());
    TrafficSpec out = spec;
    if (std::holds_alternative<ClosedLoopProcess>(spec.process)) return out;
    if (auto* trace = std::get_if<TraceProcess>(&out.process)) {
        // Repeating a trace does not change its rate.
        TraceSource once = trace->source;
        std::erase_if(once.transforms,
                      [](const Transform& t) { return std::holds_alternative<LoopTransform>(t); });
        Result<TraceStatistics> statistics = readStatistics(once, directory);
        if (!statistics) return fail(statistics.error());
        if (!statistics->perSecond) {
            return fail(
                Error{"all requests come at one instant, so a trace like this has no rate for a "
                      "Poisson control; spread them with the transform dither, as {grid: 60s}",
                      statistics->file});
        }
        trace->asPoissonPerSecond = *statistics->perSecond;
        return out;
    }
    // Steps are a known change of rate, not burstiness: they stay, and are Poisson already.
    if (std::holds_alternative<StepsProcess>(spec.process) && !spec.job) return out;
    const double rate = startsPerSecond(spec, horizonSeconds);
    if (!(rate > 0) || !std::isfinite(rate)) {
        return fail(
            fmt::format("source \"{}\": no mean rate for a Poisson control over {} s; give the "
                        "scenario a horizon after its first lump",
                        spec.name, horizonSeconds));
    }
    // The messages of a job come one by one, each with the deadline that its job would have had.
    if (out.job) {
        if (out.job->window && !out.deadlineAfter) out.deadlineAfter = out.job->window;
        out.process = PoissonProcess{rate * meanOf(out.job->size)};
        out.job.reset();
    } else {
        out.process = PoissonProcess{rate};
    }
    return out;
}

} // namespace penstock::sim
