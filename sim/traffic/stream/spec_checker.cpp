// SPDX-License-Identifier: Apache-2.0
// The wording of complaints, and the checks of laws, traces and transforms.
#include "sim/traffic/stream/spec_checker.h"

#include "sim/traffic/spec/overload.h"
#include "sim/traffic/trace/trace_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace penstock::sim {
namespace {

void check(SpecChecker& c, const std::string& field, const Transform& transform) {
    std::visit(
        Overload{
            [&](const SliceTransform& t) {
                c.within(field + ".from", t.fromSeconds, 0, 1e18, "s");
                if (!(t.toSeconds > t.fromSeconds)) {
                    c.complain(field + ".to", fmt::format("{} must be above from = {}", t.toSeconds,
                                                          t.fromSeconds));
                }
            },
            [&](const FilterTransform& t) {
                c.within(field + ".min_prompt_tokens", t.minPromptTokens, 0, 1e18);
                c.within(field + ".min_output_tokens", t.minOutputTokens, 0, 1e18);
                c.ordered(field + ".min_prompt_tokens", t.minPromptTokens, "max_prompt_tokens",
                          t.maxPromptTokens);
                c.ordered(field + ".min_output_tokens", t.minOutputTokens, "max_output_tokens",
                          t.maxOutputTokens);
            },
            [&](const DitherTransform& t) {
                c.within(field + ".grid", t.gridSeconds, 0, 86400, "s (0: the detected grid)");
            },
            [&](const ScaleTransform& t) {
                if (t.mode == ScaleMode::thin) {
                    c.positive(field + ".factor", t.factor, 1,
                               "for thin; use superpose, replicate or time_scale for more");
                } else if (t.mode == ScaleMode::timeScale) {
                    c.positive(field + ".factor", t.factor, 1e6);
                } else {
                    c.within(field + ".factor", t.factor, 1, 256,
                             "for this mode; use thin or time_scale for less");
                }
            },
            [&](const ClampTransform& t) {
                c.within(field + ".min_prompt_tokens", t.minPromptTokens, 1, kMostTraceTokens);
                c.within(field + ".min_output_tokens", t.minOutputTokens, 1, kMostTraceTokens);
                c.ordered(field + ".min_prompt_tokens", t.minPromptTokens, "max_prompt_tokens",
                          t.maxPromptTokens);
                c.ordered(field + ".min_output_tokens", t.minOutputTokens, "max_output_tokens",
                          t.maxOutputTokens);
            },
            [&](const LoopTransform& t) { c.within(field + ".times", t.times, 0, kMostLoops); },
        },
        transform);
}

// What each may do alone multiplies: copies by copies, and to detect a grid all that stands before
// is read first.
void checkTogether(SpecChecker& c, const std::string& field,
                   const std::vector<Transform>& transforms) {
    if (transforms.size() > kMostTransforms) {
        c.complain(field, fmt::format("{} of them; at most {} are applied", transforms.size(),
                                      kMostTransforms));
    }
    double copies = 1;
    int detected = 0;
    for (const Transform& transform : transforms) {
        if (const auto* loop = std::get_if<LoopTransform>(&transform)) {
            copies *= std::max(1.0, loop->times);
        } else if (const auto* scale = std::get_if<ScaleTransform>(&transform)) {
            if (scale->mode != ScaleMode::timeScale) copies *= std::max(1.0, scale->factor);
        } else if (const auto* dither = std::get_if<DitherTransform>(&transform)) {
            if (dither->gridSeconds == 0 && ++detected == 2) {
                c.complain(field,
                           "a second dither without a grid; once the times are dithered there "
                           "is none to detect, so write its grid, or leave it out");
            }
        }
    }
    if (copies > kMostLoops) {
        c.complain(field,
                   fmt::format("{:.3g} copies of the trace together; at most {:.0f} are made",
                               copies, kMostLoops));
    }
}

} // namespace

void SpecChecker::complain(const std::string& field, const std::string& what) {
    if (!message_.empty()) return;
    message_ = fmt::format("{}: {}", field, what);
    if (!source_.empty()) message_ = fmt::format("source \"{}\": {}", source_, message_);
}

void SpecChecker::within(const std::string& field, double value, double low, double high,
                         const char* unit) {
    if (value >= low && value <= high) return;
    complain(field, fmt::format("{} is outside {:g}..{:g}{}{}; give a value in that range", value,
                                low, high, *unit != 0 ? " " : "", unit));
}

void SpecChecker::positive(const std::string& field, double value, double high, const char* unit) {
    if (value > 0 && value <= high) return;
    complain(field, fmt::format("{} must be above 0 and at most {:g}{}{}", value, high,
                                *unit != 0 ? " " : "", unit));
}

void SpecChecker::ordered(const std::string& low, double a, const std::string& high, double b) {
    if (a > b) complain(low, fmt::format("{} is above {} = {}; swap them", a, high, b));
}

void SpecChecker::weights(const std::string& field, const std::vector<double>& values,
                          std::size_t expected) {
    if (values.size() != expected) {
        complain(field,
                 fmt::format("{} weights for {} values; give one each", values.size(), expected));
        return;
    }
    double sum = 0;
    for (const double w : values) {
        within(field, w, 0, 1e15);
        sum += w;
    }
    if (!(sum > 0)) complain(field, "all weights are 0; at least one must be above 0");
}

Status SpecChecker::result() const {
    if (message_.empty()) return {};
    return fail(message_);
}

void check(SpecChecker& c, const std::string& field, const LengthLaw& law) {
    std::visit(Overload{
                   [&](const ConstantLength& l) { c.within(field, l.tokens, 1, kMostTokens); },
                   [&](const UniformLength& l) {
                       c.within(field + ".min", l.minTokens, 1, kMostTokens);
                       c.within(field + ".max", l.maxTokens, 1, kMostTokens);
                       c.ordered(field + ".min", l.minTokens, "max", l.maxTokens);
                   },
                   [&](const LogNormalLength& l) {
                       c.within(field + ".mu", l.mu, -20, 25);
                       c.within(field + ".sigma", l.sigma, 0, 10);
                       c.within(field + ".cap", l.capTokens, 0, kMostTokens);
                   },
                   [&](const ExponentialLength& l) {
                       c.positive(field + ".mean", l.meanTokens, kMostTokens);
                       c.within(field + ".cap", l.capTokens, 0, kMostTokens);
                   },
                   [&](const EmpiricalLength& l) {
                       if (l.bins.empty())
                           c.complain(field, "no bins; a histogram needs at least one");
                       std::vector<double> weights;
                       for (std::size_t i = 0; i < l.bins.size(); ++i) {
                           const std::string bin = fmt::format("{}.bins[{}]", field, i);
                           c.within(bin + ".low", l.bins[i].lowTokens, 1, kMostTokens);
                           c.within(bin + ".high", l.bins[i].highTokens, 1, kMostTokens);
                           c.ordered(bin + ".low", l.bins[i].lowTokens, "high",
                                     l.bins[i].highTokens);
                           weights.push_back(l.bins[i].weight);
                       }
                       c.weights(field + ".bins", weights, l.bins.size());
                   },
               },
               law);
}

void check(SpecChecker& c, const std::string& field, const DurationLaw& law) {
    std::visit(
        Overload{
            [&](const ConstantSeconds& l) { c.within(field, l.seconds, 0, kMostSeconds, "s"); },
            [&](const UniformSeconds& l) {
                c.within(field + ".min", l.minSeconds, 0, kMostSeconds, "s");
                c.within(field + ".max", l.maxSeconds, 0, kMostSeconds, "s");
                c.ordered(field + ".min", l.minSeconds, "max", l.maxSeconds);
            },
            [&](const ExponentialSeconds& l) {
                c.positive(field + ".mean", l.meanSeconds, kMostSeconds, "s");
            },
            [&](const LogNormalSeconds& l) {
                c.positive(field + ".median", l.medianSeconds, kMostSeconds, "s");
                c.within(field + ".sigma", l.sigma, 0, 10);
                c.within(field + ".cap", l.capSeconds, 0, kMostSeconds, "s");
            },
            [&](const ChoiceSeconds& l) {
                if (l.seconds.empty()) c.complain(field, "no values to choose from");
                for (const double s : l.seconds)
                    c.within(field, s, 0, kMostSeconds, "s");
                if (!l.weights.empty()) c.weights(field + ".weights", l.weights, l.seconds.size());
            },
            [&](const CycleSeconds& l) {
                if (l.seconds.empty()) c.complain(field, "no values to take in turn");
                for (const double s : l.seconds)
                    c.within(field, s, 0, kMostSeconds, "s");
            },
        },
        law);
}

void check(SpecChecker& c, const std::string& field, const TraceSource& trace) {
    if (trace.path.empty()) c.complain(field + ".file", "no file given; name the trace to read");
    for (const auto& [ours, theirs] : trace.columns.names) {
        if (const std::string why = unknownColumn(ours); !why.empty()) {
            c.complain(field + ".columns", why);
        }
    }
    for (std::size_t i = 0; i < trace.transforms.size(); ++i) {
        check(c, fmt::format("{}.transforms[{}]", field, i), trace.transforms[i]);
    }
    checkTogether(c, field + ".transforms", trace.transforms);
    c.within(field + ".reorder_rows", trace.reorderRows, 0, 1e7);
    c.within(field + ".max_line_bytes", trace.maxLineBytes, 64, 1U << 30);
    c.within(field + ".columns.time_unit", trace.columns.timeUnitSeconds, 0, 1e9, "s");
}

Status validate(const TraceSource& trace) {
    SpecChecker c("");
    check(c, "trace", trace);
    return c.result();
}

} // namespace penstock::sim
