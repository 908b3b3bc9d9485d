// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/scenario_reader.h"

#include "engine/config/documents/documents.h"
#include "engine/config/text/input_text.h"
#include "engine/config/text/override.h"
#include "engine/config/text/reader.h"
#include "engine/types/duration_text.h"
#include "sim/metrics/metric_path.h"
#include "sim/scenario/fault_reader.h"
#include "sim/scenario/pool_reader.h"
#include "sim/scenario/traffic_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <variant>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

// Nothing in a simulated world has an address.
const EngineOptions kSimulated{.needAddresses = false};

// How often a run may be sampled: each sample costs about as much as an event.
constexpr std::int64_t kMostSamples = 1'000'000;
// Messages of one lump: they all lie in memory at once, some hundred bytes each.
constexpr double kMostAtOnce = 10e6;

void readHeader(Reader& top, Scenario& s) {
    top.requireObject("scenario", [&](Reader& r) {
        s.name = r.text("name");
        s.about = r.text("about", "");
        s.lesson = r.text("lesson", "");
        s.seed = r.integer<std::uint64_t>("seed", {0, INT64_MAX}, 1);
        s.horizon = r.duration("horizon", {.min = 1ms, .max = std::chrono::hours{24 * 3660}}, 1h);
        s.warmup = r.duration("warmup", {.max = s.horizon}, 0s);
        if (s.warmup == s.horizon) {
            r.fail("warmup", fmt::format("{} is all of the run: nothing would be measured; make it "
                                         "shorter than the horizon",
                                         durationText(s.warmup)));
        }
        s.sampleEvery = r.duration("sample_every", {}, 0s);
        if (s.sampleEvery > 0s && s.horizon / s.sampleEvery > kMostSamples) {
            r.fail("sample_every",
                   fmt::format("{} in {} are {} samples; at most {} are taken, so write {:.3g}s or "
                               "longer",
                               durationText(s.sampleEvery), durationText(s.horizon),
                               s.horizon / s.sampleEvery, kMostSamples,
                               1.001 * toSeconds(s.horizon) / kMostSamples));
        }
    });
}

void checkLumps(Reader& r, const TrafficSpec& traffic) {
    const auto* lumps = std::get_if<LumpProcess>(&traffic.process);
    if (lumps == nullptr) return;
    for (const Lump& lump : lumps->lumps) {
        if (lump.count <= kMostAtOnce) continue;
        r.fail("arrivals", fmt::format("a lump of {:.0f} is more than the {:.0f} that fit in "
                                       "memory together; spread them with a rate, or over several "
                                       "lumps",
                                       lump.count, kMostAtOnce));
        return;
    }
}

void readSources(Reader& top, Scenario& s) {
    std::set<std::string> names;
    top.list(
        "sources",
        [&](Reader& r) {
            SourceSpec source;
            source.traffic.name = r.text("name");
            if (!names.insert(source.traffic.name).second) {
                r.fail("name", "two sources have the name \"" + source.traffic.name + "\"");
            }
            const std::string to = r.text("to");
            if (to.rfind("queue:", 0) == 0 && to.size() > 6) {
                source.queue = to.substr(6);
            } else if (to != "router") {
                r.fail("to", "\"" + to + "\" is neither \"router\" nor \"queue:<id of a queue>\"");
            }
            source.priority = r.integer<int>("priority", {-1000, 1000}, 0);
            source.fairnessId = r.text("fairness_id", source.traffic.name);
            source.tierLabel = r.text("tier_label", "tier");
            source.tenantAttribute = r.text("tenant_attribute", "userid");
            source.timeout = r.duration("timeout", {}, 0s);
            readTraffic(r, source.traffic);
            if (r.ok()) {
                if (auto valid = validate(source.traffic); !valid)
                    r.failHere(valid.error().message);
                checkLumps(r, source.traffic);
                if (!source.queue.empty() && !source.traffic.deadlineAfter &&
                    !(source.traffic.job && source.traffic.job->window) &&
                    !std::holds_alternative<TraceProcess>(source.traffic.process)) {
                    r.failHere("requests of a queue need a deadline: give `deadline`, for instance "
                               "30m, or a `job` with a `window`");
                }
            }
            s.sources.push_back(std::move(source));
        },
        {.min = 1, .max = 4096});
}

// As in Prometheus a scrape that lasts longer than its timeout fails; here they all last alike.
void remarkTimeouts(Reader& r, Scenario& s) {
    const MetricsSpec& m = s.metrics;
    const Duration timeout = MetricPath::Options{}.scrapeTimeout;
    const auto late = [&](Duration interval) {
        return m.scrapeDuration > std::min(timeout, interval);
    };
    if (!late(m.modelServerScrape) && !late(m.routerScrape)) return;
    const char* whose = !late(m.modelServerScrape) ? "the router"
                        : !late(m.routerScrape)    ? "the model servers"
                                                   : "router and model servers";
    const Duration most = std::min({timeout, m.modelServerScrape, m.routerScrape});
    s.remarks.push_back(
        {"scrapes-time-out", Severity::error, r.pathOf("scrape_duration"),
         r.where("scrape_duration"),
         fmt::format("A scrape lasts {}, and Prometheus gives it up after {}: no scrape of {} ever "
                     "succeeds.",
                     durationText(m.scrapeDuration), durationText(most), whose),
         fmt::format("Make scrape_duration at most {}, or the intervals longer.",
                     durationText(most))});
}

void readMetrics(Reader& top, Scenario& s) {
    top.object("metrics", [&](Reader& r) {
        MetricsSpec& m = s.metrics;
        m.modelServerScrape =
            r.duration("model_server_scrape", {.min = 1ms, .max = 1h}, m.modelServerScrape);
        m.routerScrape = r.duration("router_scrape", {.min = 1ms, .max = 1h}, m.routerScrape);
        m.scrapeDuration = r.duration("scrape_duration", {.max = 1min}, m.scrapeDuration);
        m.perfect = r.boolean("perfect", false);
        if (!m.perfect) remarkTimeouts(r, s);
    });
    top.object("broker", [&](Reader& r) {
        s.broker.roundTrip = r.duration("round_trip", {.max = 1min}, 0s);
    });
}

void readExpectations(Reader& top, Scenario& s) {
    top.list("expect", [&](Reader& r) {
        Expectation e;
        e.place = r.where("metric");
        const std::string metric = r.text("metric");
        const std::string op = r.choice("op", {"<", "<=", "==", "!=", ">=", ">"});
        if (r.isScalar("value"))
            e.expression = metric + " " + op + " " + r.raw("value")->text;
        else
            r.fail("value", "a number or a word to compare with is missing");
        r.known("value");
        e.why = r.text("why", "");
        s.expect.push_back(std::move(e));
    });
}

void readSweep(Reader& top, Scenario& s) {
    const Node* sweep = top.raw("sweep");
    if (sweep == nullptr) return;
    if (sweep->kind != Node::Kind::map) {
        top.fail("sweep", "a sweep maps paths to lists of values");
        return;
    }
    for (const Member& member : sweep->members) {
        const auto refuse = [&](const Position& at, std::string_view what) {
            top.problems().add(top.document().error(
                at, fmt::format("sweep: the values of \"{}\" {}", member.key, what)));
        };
        if (member.value.kind != Node::Kind::list || member.value.items.empty()) {
            refuse(member.value.at, "must be a list of at least one");
            continue;
        }
        for (const Node& item : member.value.items) {
            if (item.kind != Node::Kind::scalar) refuse(item.at, "must be numbers or words");
            s.sweep[member.key].push_back(item.text);
        }
    }
}

void checkQueues(Reader& top, Scenario& s) {
    for (std::size_t i = 0; i < s.sources.size(); ++i) {
        const std::string& wanted = s.sources[i].queue;
        if (wanted.empty()) continue;
        std::string known;
        bool found = false;
        for (const auto& queue : s.engine.transport.queues) {
            found = found || queue.id == wanted;
            known += (known.empty() ? "" : ", ") + queue.id;
        }
        if (!found) {
            top.fail("sources", "source \"" + s.sources[i].traffic.name + "\" sends to queue \"" +
                                    wanted + "\", which the transport does not have; it has: " +
                                    (known.empty() ? "none" : known));
        }
    }
}

Result<Scenario> read(Document document, const ScenarioOptions& options);

// A sweep lays values over the scenario, as --set does: the first of each path shows whether the
// path leads to something that can be set.
void trySweep(const Document& document, const ScenarioOptions& options, Problems& problems) {
    const Node* sweep = document.root().find("sweep");
    if (sweep == nullptr) return;
    ScenarioOptions again = options; // what was laid over the document is in it
    again.overrides.clear();
    again.semantics.reset();
    for (const Member& member : sweep->members) {
        Document tried = document;
        *tried.root().find("sweep") = Node{};
        const std::string assignment = member.key + "=" + member.value.items.front().text;
        Status fits = applyOverride(tried, assignment, "sweep:");
        if (fits) {
            if (auto scenario = read(std::move(tried), again); !scenario) {
                fits = fail(scenario.error());
            }
        }
        if (!fits) problems.add(document.error(member.at, fits.error().text()));
    }
}

Result<Scenario> read(Document document, const ScenarioOptions& options) {
    for (const char* part :
         {"engine.transport", "engine.pools", "engine.merge_policy", "engine.transforms", "pool"}) {
        if (auto included = includeFile(document, part); !included) return fail(included.error());
    }
    std::vector<std::string> overrides;
    if (options.semantics) {
        const std::string assignment = "engine.semantics=" + *options.semantics;
        overrides.push_back(assignment);
        auto done = applyOverride(document, assignment, "--semantics");
        if (!done) return fail(done.error());
    }
    for (const std::string& assignment : options.overrides) {
        if (auto done = applyOverride(document, assignment); !done) return fail(done.error());
        overrides.push_back(assignment);
    }
    Problems problems;
    Reader top = Reader::root(document, problems);
    Scenario s;
    readHeader(top, s);
    top.requireObject("engine", [&](Reader& r) { s.engine = readEngine(r, kSimulated); });
    readPool(top, s, options.resources.empty() ? resourceDirectory() : options.resources);
    readSources(top, s);
    readMetrics(top, s);
    readFaults(top, s);
    readExpectations(top, s);
    readSweep(top, s);
    top.finish();
    if (problems.empty()) checkQueues(top, s);
    if (problems.empty()) trySweep(document, options, problems);
    if (auto status = problems.status(); !status) return fail(status.error());
    s.overrides = std::move(overrides);
    for (const Document::Source& source : document.sources()) {
        if (!source.commandLine) s.inputs.push_back(source.name);
    }
    for (const SourceSpec& source : s.sources) {
        if (const auto* trace = std::get_if<TraceProcess>(&source.traffic.process)) {
            s.inputs.push_back(trace->source.path);
        }
        if (const auto* lengths = std::get_if<TraceLengths>(&source.traffic.lengths)) {
            s.inputs.push_back(lengths->source.path);
        }
    }
    if (options.seed) s.seed = *options.seed;
    if (options.until) s.horizon = std::min(s.horizon, *options.until);
    if (s.sampleEvery == 0s) s.sampleEvery = usualSampling(s.horizon);
    return s;
}

} // namespace

Result<Scenario> readScenario(const std::string& path, const ScenarioOptions& options) {
    const auto text = readText(path, Limits{}.fileBytes); // once: it may be a pipe
    if (!text) return fail(text.error());
    auto scenario = parseScenario(*text, path, options);
    if (!scenario) return scenario;
    // What a store keeps: the file as it lies there, after what was laid over it.
    std::string laidOver;
    for (std::string assignment : options.overrides) {
        std::replace(assignment.begin(), assignment.end(), '\n', ' '); // still a comment
        laidOver += "# --set " + assignment + "\n";
    }
    const bool marked = text->starts_with("\xef\xbb\xbf"); // only a text's first bytes may be
    scenario->text = laidOver + text->substr(marked ? 3 : 0);
    return scenario;
}

Result<Scenario> parseScenario(std::string_view text, std::string name,
                               const ScenarioOptions& options) {
    const std::string file = name;
    auto document = Document::parse(text, std::move(name), Syntax::yaml);
    if (!document) return fail(document.error());
    auto scenario = read(std::move(*document), options);
    if (scenario) {
        scenario->file = file;
        scenario->text = text;
    }
    return scenario;
}

} // namespace penstock::sim
