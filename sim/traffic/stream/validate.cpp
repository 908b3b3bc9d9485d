// SPDX-License-Identifier: Apache-2.0
// What a TrafficSpec must satisfy, field by field and part by part.
#include "sim/traffic/spec/overload.h"
#include "sim/traffic/stream/spec_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

void check(SpecChecker& c, const Process& process) {
    const std::string field = "process";
    const auto rate = [&](double perSecond) {
        c.positive(field + ".rate", perSecond, kMostPerSecond, "requests a second");
    };
    // Draws of a gamma law take ever longer as it becomes narrower; narrower still is a constant.
    const auto variation = [&](const std::string& name, double cv) {
        c.within(name, cv, 0, 100);
        if (cv > 0 && cv < kLeastCv) {
            c.complain(name, fmt::format("{} is too narrow to draw from; write 0 for even gaps, or "
                                         "at least {}",
                                         cv, kLeastCv));
        }
    };
    std::visit(Overload{
                   [&](const PoissonProcess& p) { rate(p.perSecond); },
                   [&](const GammaProcess& p) {
                       rate(p.perSecond);
                       variation(field + ".cv", p.cv);
                   },
                   [&](const WeibullProcess& p) {
                       rate(p.perSecond);
                       c.within(field + ".shape", p.shape, 0.05, 100);
                   },
                   [&](const ConstantProcess& p) { rate(p.perSecond); },
                   [&](const OnOffProcess& p) {
                       rate(p.perSecond);
                       check(c, field + ".on", p.on);
                       check(c, field + ".off", p.off);
                       variation(field + ".gap_cv", p.gapCv);
                       if (c.result() && !(meanOf(p.on) > 0)) {
                           c.complain(field + ".on", "lasts no time; give it a mean above 0 s");
                       }
                   },
                   [&](const MmppProcess& p) {
                       if (p.states.empty())
                           c.complain(field + ".states", "none; give at least one");
                       double most = 0;
                       for (std::size_t i = 0; i < p.states.size(); ++i) {
                           const std::string state = fmt::format("{}.states[{}]", field, i);
                           c.within(state + ".rate", p.states[i].perSecond, 0, kMostPerSecond,
                                    "requests a second");
                           c.positive(state + ".mean", p.states[i].meanSeconds, kMostSeconds, "s");
                           if (!p.states[i].nextWeights.empty()) {
                               c.weights(state + ".next", p.states[i].nextWeights, p.states.size());
                           }
                           most = std::max(most, p.states[i].perSecond);
                       }
                       if (!(most > 0)) c.complain(field + ".states", "every rate is 0");
                   },
                   [&](const StepsProcess& p) {
                       if (p.steps.empty()) c.complain(field + ".steps", "none; give at least one");
                       double most = 0;
                       for (std::size_t i = 0; i < p.steps.size(); ++i) {
                           const std::string step = fmt::format("{}.steps[{}]", field, i);
                           c.within(step + ".rate", p.steps[i].perSecond, 0, kMostPerSecond,
                                    "requests a second");
                           c.positive(step + ".for", p.steps[i].seconds, kMostSeconds, "s");
                           most = std::max(most, p.steps[i].perSecond);
                       }
                       if (!(most > 0)) c.complain(field + ".steps", "every rate is 0");
                   },
                   [&](const LumpProcess& p) {
                       if (p.lumps.empty()) c.complain(field + ".lumps", "none; give at least one");
                       double last = 0;
                       for (std::size_t i = 0; i < p.lumps.size(); ++i) {
                           const std::string lump = fmt::format("{}.lumps[{}]", field, i);
                           c.within(lump + ".at", p.lumps[i].atSeconds, 0, kMostSeconds, "s");
                           c.within(lump + ".count", p.lumps[i].count, 1, 1e12);
                           last = std::max(last, p.lumps[i].atSeconds);
                       }
                       c.within(field + ".every", p.everySeconds, 0, kMostSeconds, "s");
                       if (p.everySeconds > 0 && last >= p.everySeconds) {
                           c.complain(field + ".every",
                                      fmt::format("{} s is not after the last lump at {} s",
                                                  p.everySeconds, last));
                       }
                   },
                   [&](const ClosedLoopProcess& p) {
                       c.within(field + ".users", p.users, 1, kMostUsers);
                       check(c, field + ".think", p.think);
                       c.within(field + ".start_over", p.startOverSeconds, 0, kMostSeconds, "s");
                       c.positive(field + ".retry_pause", p.retryPauseSeconds, kMostSeconds, "s");
                   },
                   [&](const TraceProcess& p) {
                       check(c, field, p.source);
                       c.within(field + ".as_poisson", p.asPoissonPerSecond, 0, kMostPerSecond,
                                "requests a second");
                   },
               },
               process);
}

void check(SpecChecker& c, const std::string& field, const Modulation& modulation) {
    const auto factors = [&](const std::string& name, const std::vector<double>& values) {
        double sum = 0;
        for (const double v : values) {
            c.within(name, v, 0, 1e6);
            sum += v;
        }
        if (!(sum > 0)) c.complain(name, "every factor is 0; at least one must be above 0");
    };
    std::visit(
        Overload{
            [&](const DiurnalModulation& m) {
                if (!m.hourly.empty()) {
                    if (m.hourly.size() != 24) {
                        c.complain(field + ".hourly",
                                   fmt::format("{} values; give 24, one an hour", m.hourly.size()));
                    }
                    factors(field + ".hourly", m.hourly);
                }
                c.within(field + ".peak", m.peakHour, 0, 24, "h");
                c.within(field + ".ratio", m.peakToTrough, 1, 1e6);
                c.within(field + ".start_hour", m.startHour, 0, 24, "h");
            },
            [&](const WeekModulation& m) {
                if (m.daily.size() != 7) {
                    c.complain(field + ".daily",
                               fmt::format("{} values; give 7, Monday first", m.daily.size()));
                }
                factors(field + ".daily", m.daily);
                c.within(field + ".start_day", m.startDay, 0, 7, "days");
            },
            [&](const SpikeModulation& m) {
                c.within(field + ".at", m.atSeconds, 0, kMostSeconds, "s");
                c.positive(field + ".for", m.forSeconds, kMostSeconds, "s");
                c.within(field + ".factor", m.factor, 0, 1e6);
                c.within(field + ".rise", m.riseSeconds, 0, kMostSeconds, "s");
                c.within(field + ".every", m.everySeconds, 0, kMostSeconds, "s");
                if (m.everySeconds > 0 && m.everySeconds < m.forSeconds) {
                    c.complain(field + ".every",
                               fmt::format("{} s is shorter than the spike's {} s", m.everySeconds,
                                           m.forSeconds));
                }
            },
            [&](const RampModulation& m) {
                c.within(field + ".from", m.fromSeconds, 0, kMostSeconds, "s");
                c.within(field + ".to", m.toSeconds, 0, kMostSeconds, "s");
                c.ordered(field + ".from", m.fromSeconds, "to", m.toSeconds);
                c.within(field + ".from_factor", m.fromFactor, 0, 1e6);
                c.within(field + ".to_factor", m.toFactor, 0, 1e6);
                if (m.fromFactor == 0 && m.toFactor == 0) {
                    c.complain(field, "from 0 to 0 leaves no traffic");
                }
            },
        },
        modulation);
}

template <class T>
void checkWeights(SpecChecker& c, const std::string& field, const std::vector<T>& items,
                  std::size_t most) {
    if (items.empty()) return;
    if (items.size() > most) {
        c.complain(field, fmt::format("{} of them; at most {} are supported", items.size(), most));
    }
    std::vector<double> weights;
    for (const T& item : items)
        weights.push_back(item.weight);
    c.weights(field, weights, items.size());
}

void checkCombination(SpecChecker& c, const TrafficSpec& spec) {
    const bool trace = std::holds_alternative<TraceProcess>(spec.process);
    const bool closed = std::holds_alternative<ClosedLoopProcess>(spec.process);
    const bool lump = std::holds_alternative<LumpProcess>(spec.process);
    if (!spec.modulations.empty() && (closed || lump)) {
        c.complain("modulations",
                   "this process has no rate to modulate; remove them, or use poisson, "
                   "gamma, weibull, constant, onoff, mmpp or steps");
    }
    if (!spec.modulations.empty() && trace &&
        std::get<TraceProcess>(spec.process).asPoissonPerSecond == 0) {
        c.complain("modulations",
                   "a recorded trace keeps its own times; use its transforms instead");
    }
    if (spec.modulations.size() > kMaxModulations) {
        c.complain("modulations", fmt::format("{} of them; at most {} multiply each other",
                                              spec.modulations.size(), kMaxModulations));
    }
    if (spec.job && spec.sessions) {
        c.complain("job", "a start is a job or a session, not both; split them into two sources");
    }
    if (spec.job && (closed || trace)) {
        c.complain("job",
                   "jobs need an open-loop process; use lump, poisson or another with a rate");
    }
    if (spec.sessions && trace)
        c.complain("sessions", "a trace brings its own sessions; remove them");
    if (trace && std::holds_alternative<TraceLengths>(spec.lengths)) {
        c.complain("lengths",
                   "a trace process brings its own lengths; give laws here, which fill only "
                   "what the trace does not say");
    }
}

} // namespace

Status validate(const TrafficSpec& spec) {
    SpecChecker c(spec.name);
    check(c, spec.process);
    for (std::size_t i = 0; i < spec.modulations.size(); ++i) {
        check(c, fmt::format("modulations[{}]", i), spec.modulations[i]);
    }
    c.within("start", spec.startSeconds, 0, kMostSeconds, "s");
    if (!(spec.stopSeconds > spec.startSeconds)) {
        c.complain("stop", fmt::format("{} s must be after start = {} s", spec.stopSeconds,
                                       spec.startSeconds));
    }
    if (const auto* drawn = std::get_if<DrawnLengths>(&spec.lengths)) {
        check(c, "lengths.prompt", drawn->prompt);
        check(c, "lengths.output", drawn->output);
        c.within("lengths.rank_correlation", drawn->rankCorrelation, -1, 1);
    } else {
        check(c, "lengths", std::get<TraceLengths>(spec.lengths).source);
    }
    c.within("max_tokens", spec.maxTokens, 0, kMostTokens);
    c.within("max_tokens_atom", spec.maxTokensAtom, 0, 1);
    if (spec.maxTokensAtom > 0 && spec.maxTokens == 0) {
        c.complain("max_tokens_atom", "needs max_tokens to be set");
    }
    if (spec.deadlineAfter) check(c, "deadline.after", *spec.deadlineAfter);
    if (spec.job) {
        check(c, "job.size", spec.job->size);
        c.within("job.messages_per_second", spec.job->messagesPerSecond, 0, kMostPerSecond);
        if (spec.job->window) check(c, "job.window", *spec.job->window);
    }
    if (spec.sessions) {
        check(c, "sessions.turns", spec.sessions->turns);
        check(c, "sessions.gap", spec.sessions->gap);
        c.within("sessions.max_context_tokens", spec.sessions->maxContextTokens, 0, kMostTokens);
    }
    if (spec.prefix) {
        c.within("prefix.groups", spec.prefix->groups, 1, kMostGroups);
        c.within("prefix.zipf", spec.prefix->zipfExponent, 0, 10);
        check(c, "prefix.tokens", spec.prefix->tokens);
        c.within("prefix.probability", spec.prefix->probability, 0, 1);
    }
    checkWeights(c, "tenants", spec.tenants, 65535);
    checkWeights(c, "tiers", spec.tiers, 255);
    checkWeights(c, "priorities", spec.priorities, 65535);
    checkWeights(c, "labels", spec.labels, 65535);
    for (const PriorityChoice& p : spec.priorities) {
        c.within("priorities", p.priority, INT16_MIN, INT16_MAX);
    }
    for (const Tier& tier : spec.tiers) {
        if (tier.priority) c.within("tiers.priority", *tier.priority, INT16_MIN, INT16_MAX);
    }
    c.within("cancellation.probability", spec.cancellation.probability, 0, 1);
    check(c, "cancellation.after", spec.cancellation.after);
    c.within("poison_probability", spec.poisonProbability, 0, 1);
    c.within("malformed_probability", spec.malformedProbability, 0, 1);
    checkCombination(c, spec);
    return c.result();
}

std::vector<Weighted> zipfTenants(int count, double exponent) {
    std::vector<Weighted> out;
    for (int i = 1; i <= count; ++i) {
        out.push_back({fmt::format("tenant-{}", i), std::pow(i, -exponent)});
    }
    return out;
}

} // namespace penstock::sim