// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/traffic_reader.h"

#include <fmt/format.h>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

constexpr Range kRate{.min = 0.0, .max = 1e7, .unit = "requests/s", .above = true};
constexpr Range kTokens{.min = 1, .max = 1e8, .unit = "tokens"};
constexpr Range kCap{.min = 0, .max = 1e8, .unit = "tokens"};
constexpr Range kShare{.min = 0.0, .max = 1.0};
constexpr Range kPositive{.min = 0.0, .max = 1e9, .above = true};
constexpr Range kNotNegative{.min = 0.0, .max = 1e9};
constexpr Range kWeight{.min = 0.0, .max = 1e9};

double seconds(Reader& r, std::string_view key, std::optional<Duration> fallback = {}) {
    return toSeconds(r.duration(key, {}, fallback));
}

// What is counted: half a token or half a request there is not.
double whole(Reader& r, std::string_view key, const Range& range,
             std::optional<double> fallback = {}) {
    const IntRange counts{static_cast<std::int64_t>(range.min),
                          static_cast<std::int64_t>(range.max), range.unit};
    std::optional<std::int64_t> otherwise;
    if (fallback) otherwise = static_cast<std::int64_t>(*fallback);
    return static_cast<double>(r.integer<std::int64_t>(key, counts, otherwise));
}

LengthLaw lengthLaw(Reader& r) {
    const std::string law =
        r.choice("law", {"constant", "uniform", "lognormal", "exponential", "histogram"});
    if (law == "uniform") return UniformLength{whole(r, "min", kTokens), whole(r, "max", kTokens)};
    if (law == "lognormal") {
        const double cap = whole(r, "cap", kCap, 0.0);
        if (r.has("mu") || r.has("sigma")) {
            return LogNormalLength{r.number("mu", {.min = -20, .max = 20}),
                                   r.number("sigma", {.min = 0, .max = 10}), cap};
        }
        return logNormalLength(r.number("mean", kTokens), r.number("cv", {.min = 0, .max = 100}),
                               cap);
    }
    if (law == "exponential") {
        return ExponentialLength{r.number("mean", kTokens), whole(r, "cap", kCap, 0.0)};
    }
    if (law == "histogram") {
        EmpiricalLength histogram;
        r.list("bins",
               [&](Reader& bin) {
                   const double low = whole(bin, "low", kTokens);
                   histogram.bins.push_back(
                       {low, whole(bin, "high", kTokens, low), bin.number("weight", kWeight, 1.0)});
               },
               {.min = 1});
        return histogram;
    }
    return ConstantLength{whole(r, "tokens", kTokens)};
}

// A number, or a law with its parameters.
LengthLaw length(Reader& r, std::string_view key, LengthLaw fallback) {
    if (!r.has(key)) {
        r.known(key);
        return fallback;
    }
    if (!r.isMap(key)) return ConstantLength{whole(r, key, kTokens)};
    r.object(key, [&](Reader& law) { fallback = lengthLaw(law); });
    return fallback;
}

DurationLaw durationLaw(Reader& r) {
    const std::string law =
        r.choice("law", {"constant", "uniform", "exponential", "lognormal", "choice", "cycle"});
    if (law == "uniform") return UniformSeconds{seconds(r, "min"), seconds(r, "max")};
    if (law == "exponential") return ExponentialSeconds{seconds(r, "mean")};
    if (law == "lognormal") {
        const double cap = seconds(r, "cap", 0s);
        if (r.has("median")) {
            return LogNormalSeconds{seconds(r, "median"), r.number("sigma", {.min = 0, .max = 10}),
                                    cap};
        }
        return logNormalSeconds(seconds(r, "mean"), r.number("cv", {.min = 0, .max = 100}), cap);
    }
    if (law == "choice") {
        return ChoiceSeconds{r.numbers("seconds", kNotNegative, {.min = 1}),
                             r.numbers("weights", kWeight, {}, std::vector<double>{})};
    }
    if (law == "cycle") return CycleSeconds{r.numbers("seconds", kNotNegative, {.min = 1})};
    return ConstantSeconds{seconds(r, "value")};
}

std::optional<DurationLaw> durations(Reader& r, std::string_view key) {
    if (!r.has(key)) {
        r.known(key);
        return std::nullopt;
    }
    if (!r.isMap(key)) return ConstantSeconds{seconds(r, key)};
    std::optional<DurationLaw> read;
    r.object(key, [&](Reader& law) { read = durationLaw(law); });
    return read;
}

} // namespace

Transform readTransform(Reader& r) {
    Transform read = LoopTransform{};
    if (!r.exactlyOne({"slice", "filter", "dither", "scale", "clamp", "loop"})) return read;
    r.object("slice", [&](Reader& t) {
        read = SliceTransform{seconds(t, "from", 0s),
                              seconds(t, "to", Duration{std::chrono::hours{1000000}})};
    });
    r.object("filter", [&](Reader& t) {
        FilterTransform f;
        f.minPromptTokens = t.number("min_prompt_tokens", kNotNegative, f.minPromptTokens);
        f.maxPromptTokens = t.number("max_prompt_tokens", {.min = 0}, f.maxPromptTokens);
        f.minOutputTokens = t.number("min_output_tokens", kNotNegative, f.minOutputTokens);
        f.maxOutputTokens = t.number("max_output_tokens", {.min = 0}, f.maxOutputTokens);
        f.model = t.text("model", "");
        f.kind = t.text("kind", "");
        read = f;
    });
    r.object("dither", [&](Reader& t) { read = DitherTransform{seconds(t, "grid", 0s)}; });
    r.object("scale", [&](Reader& t) {
        read = ScaleTransform{t.choice<ScaleMode>("mode", {{"thin", ScaleMode::thin},
                                                           {"superpose", ScaleMode::superpose},
                                                           {"replicate", ScaleMode::replicate},
                                                           {"time_scale", ScaleMode::timeScale}}),
                              t.number("factor", kPositive)};
    });
    r.object("clamp", [&](Reader& t) {
        ClampTransform c;
        c.minPromptTokens = t.number("min_prompt_tokens", kNotNegative, c.minPromptTokens);
        c.maxPromptTokens = t.number("max_prompt_tokens", {.min = 0}, c.maxPromptTokens);
        c.minOutputTokens = t.number("min_output_tokens", kNotNegative, c.minOutputTokens);
        c.maxOutputTokens = t.number("max_output_tokens", {.min = 0}, c.maxOutputTokens);
        read = c;
    });
    r.object("loop",
             [&](Reader& t) { read = LoopTransform{whole(t, "times", kNotNegative, 0.0)}; });
    return read;
}

namespace {

TraceSource trace(Reader& r) {
    TraceSource source;
    source.path = r.file("file");
    const std::string format = r.text("format", "auto");
    if (!parseTraceFormat(format, source.format)) {
        std::string known;
        for (int i = 0; i < kTraceFormats; ++i) {
            known += (i ? ", " : "") + std::string(traceFormatName(static_cast<TraceFormat>(i)));
        }
        r.fail("format", fmt::format("\"{}\" is not a trace format; known: {}", format, known));
    }
    for (const auto& column : r.labels("columns")) {
        if (const std::string why = unknownColumn(column.key); !why.empty()) r.fail("columns", why);
        source.columns.names[column.key] = column.value;
    }
    if (r.has("time_unit")) {
        source.columns.timeUnitSeconds = toSeconds(r.duration("time_unit", {.above = true}));
    } else {
        r.known("time_unit");
    }
    r.list("transforms", [&](Reader& t) { source.transforms.push_back(readTransform(t)); });
    return source;
}

Process process(Reader& r) {
    const std::string kind =
        r.choice("process", {"poisson", "gamma", "weibull", "constant", "onoff", "mmpp", "steps",
                             "lump", "closed_loop", "trace"});
    if (kind == "poisson") return PoissonProcess{r.number("rate", kRate)};
    if (kind == "gamma") {
        return GammaProcess{r.number("rate", kRate), r.number("cv", {.min = 0.01, .max = 100})};
    }
    if (kind == "weibull") {
        return WeibullProcess{r.number("rate", kRate),
                              r.number("shape", {.min = 0.05, .max = 100})};
    }
    if (kind == "constant") return ConstantProcess{r.number("rate", kRate)};
    if (kind == "onoff") {
        OnOffProcess p;
        p.perSecond = r.number("rate", kRate);
        if (auto on = durations(r, "on"))
            p.on = *on;
        else
            r.fail("on", "how long the source is on is missing: a duration, or a law");
        if (auto off = durations(r, "off"))
            p.off = *off;
        else
            r.fail("off", "how long the source is off is missing: a duration, or a law");
        p.gapCv = r.number("gap_cv", {.min = 0, .max = 100}, 1.0);
        return p;
    }
    if (kind == "mmpp") {
        MmppProcess p;
        r.list("states",
               [&](Reader& s) {
                   p.states.push_back({s.number("rate", {.min = 0, .max = 1e7}), seconds(s, "mean"),
                                       s.numbers("next", kWeight, {}, std::vector<double>{})});
               },
               {.min = 1});
        return p;
    }
    if (kind == "steps") {
        StepsProcess p;
        r.list("steps",
               [&](Reader& s) {
                   p.steps.push_back({s.number("rate", {.min = 0, .max = 1e7}), seconds(s, "for")});
               },
               {.min = 1});
        p.repeat = r.boolean("repeat", false);
        return p;
    }
    if (kind == "lump") {
        LumpProcess p;
        if (r.has("lumps")) {
            r.list("lumps", [&](Reader& l) {
                p.lumps.push_back(
                    {seconds(l, "at", 0s), whole(l, "count", {.min = 1, .max = 1e9})});
            });
        } else {
            p.lumps.push_back({seconds(r, "at", 0s), whole(r, "count", {.min = 1, .max = 1e9})});
        }
        p.everySeconds = seconds(r, "every", 0s);
        return p;
    }
    if (kind == "closed_loop") {
        ClosedLoopProcess p;
        p.users = whole(r, "users", {.min = 1, .max = 1e7});
        if (auto think = durations(r, "think")) p.think = *think;
        p.startOverSeconds = seconds(r, "start_over", 0s);
        p.retryPauseSeconds = toSeconds(r.duration("retry_pause", {.min = 1ms}, 1s));
        return p;
    }
    TraceProcess p;
    p.source = trace(r);
    return p;
}

Modulation modulation(Reader& r) {
    Modulation read = RampModulation{};
    if (!r.exactlyOne({"diurnal", "week", "spike", "ramp"})) return read;
    r.object("diurnal", [&](Reader& m) {
        DiurnalModulation d;
        d.hourly = m.numbers("hourly", kNotNegative, {.min = 24, .max = 24}, std::vector<double>{});
        d.peakHour = m.number("peak_hour", {.min = 0, .max = 24}, d.peakHour);
        d.peakToTrough = m.number("ratio", {.min = 1, .max = 1e6}, d.peakToTrough);
        d.startHour = m.number("start_hour", {.min = 0, .max = 24}, d.startHour);
        d.interpolate = m.boolean("interpolate", d.interpolate);
        read = d;
    });
    r.object("week", [&](Reader& m) {
        read = WeekModulation{m.numbers("daily", kNotNegative, {.min = 7, .max = 7}),
                              m.number("start_day", {.min = 0, .max = 7}, 0.0)};
    });
    r.object("spike", [&](Reader& m) {
        read =
            SpikeModulation{seconds(m, "at"), seconds(m, "for"), m.number("factor", kNotNegative),
                            seconds(m, "rise", 0s), seconds(m, "every", 0s)};
    });
    r.object("ramp", [&](Reader& m) {
        read = RampModulation{seconds(m, "from", 0s), seconds(m, "to"),
                              m.number("from_factor", kNotNegative, 0.0),
                              m.number("to_factor", kNotNegative, 1.0)};
    });
    return read;
}

void readLengths(Reader& r, TrafficSpec& spec) {
    if (r.has("lengths")) {
        r.object("lengths", [&](Reader& t) { spec.lengths = TraceLengths{trace(t)}; });
        return;
    }
    r.known("lengths");
    DrawnLengths drawn;
    drawn.prompt = length(r, "prompt_tokens", drawn.prompt);
    drawn.output = length(r, "output_tokens", drawn.output);
    drawn.rankCorrelation = r.number("correlation", {.min = -1, .max = 1}, 0.0);
    spec.lengths = drawn;
}

void readTenants(Reader& r, TrafficSpec& spec) {
    if (r.isMap("tenants")) {
        r.object("tenants", [&](Reader& t) {
            spec.tenants = zipfTenants(t.integer<int>("count", {1, 60000}),
                                       t.number("zipf", {.min = 0, .max = 10}, 0.0));
        });
        return;
    }
    r.list("tenants", [&](Reader& t) {
        spec.tenants.push_back({t.text("name"), t.number("weight", kWeight, 1.0)});
    });
}

} // namespace

void readTraffic(Reader& source, TrafficSpec& spec) {
    source.requireObject("arrivals", [&](Reader& r) {
        spec.process = process(r);
        r.list("modulations", [&](Reader& m) { spec.modulations.push_back(modulation(m)); });
        spec.startSeconds = seconds(r, "start", 0s);
        if (r.has("stop"))
            spec.stopSeconds = seconds(r, "stop");
        else
            r.known("stop");
        if (r.has("max"))
            spec.maxArrivals = r.integer<std::uint64_t>("max", {1, 1000000000000});
        else
            r.known("max");
    });
    readLengths(source, spec);
    spec.maxTokens = whole(source, "max_tokens", kNotNegative, 0.0);
    spec.maxTokensAtom = source.number("max_tokens_atom", kShare, 0.0);
    spec.deadlineAfter = durations(source, "deadline");
    source.object("job", [&](Reader& r) {
        Job job;
        job.size = length(r, "size", job.size);
        job.messagesPerSecond = r.number("rate", {.min = 0, .max = 1e7}, 0.0);
        job.window = durations(r, "window");
        spec.job = job;
    });
    source.object("sessions", [&](Reader& r) {
        Sessions sessions;
        sessions.turns = length(r, "turns", sessions.turns);
        if (auto gap = durations(r, "gap")) sessions.gap = *gap;
        sessions.carryHistory = r.boolean("carry_history", true);
        sessions.maxContextTokens = whole(r, "max_context", kNotNegative, 0.0);
        spec.sessions = sessions;
    });
    source.object("prefix", [&](Reader& r) {
        SharedPrefix prefix;
        prefix.groups = whole(r, "groups", {.min = 1, .max = 1e6}, 1.0);
        prefix.zipfExponent = r.number("zipf", {.min = 0, .max = 10}, 0.0);
        prefix.tokens = length(r, "tokens", prefix.tokens);
        prefix.probability = r.number("probability", kShare, 1.0);
        prefix.added = r.boolean("added", true);
        spec.prefix = prefix;
    });
    readTenants(source, spec);
    source.list("tiers", [&](Reader& r) {
        Tier tier;
        tier.name = r.text("name");
        tier.weight = r.number("weight", kWeight, 1.0);
        if (r.has("priority"))
            tier.priority = r.integer<int>("priority", {-1000, 1000});
        else
            r.known("priority");
        spec.tiers.push_back(tier);
    });
    source.list("priorities", [&](Reader& r) {
        spec.priorities.push_back(
            {r.integer<int>("priority", {-1000, 1000}), r.number("weight", kWeight, 1.0)});
    });
    source.list("labels", [&](Reader& r) {
        LabelSet set;
        for (const auto& label : r.labels("labels"))
            set.labels.emplace_back(label.key, label.value);
        set.weight = r.number("weight", kWeight, 1.0);
        spec.labels.push_back(set);
    });
    source.object("cancel", [&](Reader& r) {
        spec.cancellation.probability = r.number("probability", kShare);
        if (auto after = durations(r, "after")) spec.cancellation.after = *after;
    });
    spec.poisonProbability = source.number("poison", kShare, 0.0);
    spec.malformedProbability = source.number("malformed", kShare, 0.0);
}

} // namespace penstock::sim
