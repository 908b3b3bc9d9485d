// SPDX-License-Identifier: Apache-2.0
#include "sim/world/scenario_reader.h"

#include "engine/config/documents.h"
#include "engine/config/override.h"
#include "engine/config/reader.h"
#include "sim/world/pool_reader.h"
#include "sim/world/traffic_reader.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

// Nothing in a simulated world has an address.
const EngineOptions kSimulated{.needAddresses = false};

void readHeader(Reader& top, Scenario& s) {
    top.requireObject("scenario", [&](Reader& r) {
        s.name = r.text("name");
        s.about = r.text("about", "");
        s.lesson = r.text("lesson", "");
        s.seed = r.integer<std::uint64_t>("seed", {0, INT64_MAX}, 1);
        s.horizon = r.duration("horizon", {.min = 1ms, .max = std::chrono::hours{24 * 3660}}, 1h);
        s.warmup = r.duration("warmup", {.max = s.horizon}, 0s);
        s.sampleEvery = r.duration("sample_every", {}, 0s);
    });
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
                if (auto valid = validate(source.traffic); !valid) r.failHere(valid.error().message);
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

void readMetrics(Reader& top, Scenario& s) {
    top.object("metrics", [&](Reader& r) {
        MetricsSpec& m = s.metrics;
        m.modelServerScrape =
            r.duration("model_server_scrape", {.min = 1ms, .max = 1h}, m.modelServerScrape);
        m.routerScrape = r.duration("router_scrape", {.min = 1ms, .max = 1h}, m.routerScrape);
        m.scrapeDuration = r.duration("scrape_duration", {.max = 1min}, m.scrapeDuration);
        m.perfect = r.boolean("perfect", false);
    });
    top.object("broker", [&](Reader& r) {
        s.broker.roundTrip = r.duration("round_trip", {.max = 1min}, 0s);
    });
}

Fault readFault(Reader& r, bool timed) {
    Fault fault;
    std::vector<std::string_view> names;
    const std::string kind = r.text("kind");
    const auto kinds = faultKinds();
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.name == kind; });
    if (found == kinds.end()) {
        std::string known;
        for (const FaultKindInfo& info : kinds) {
            known += (known.empty() ? "" : ", ") + std::string(info.name);
        }
        r.fail("kind", "\"" + kind + "\" is not a kind of fault; known: " + known);
    } else {
        fault.kind = found->kind;
    }
    if (timed) fault.at = r.duration("at");
    fault.lasting = r.duration("for", {}, 0s);
    fault.target = r.integer<std::int32_t>("replica", {0, 100000}, -1);
    fault.targetName = r.text("target", "");
    fault.factor = r.number("factor", {.min = 0.01, .max = 1000}, 1.0);
    fault.status = r.integer<int>("status", {400, 599}, 503);
    fault.probability = r.number("probability", {.min = 0, .max = 1}, 1.0);
    if (r.has("retry_after")) fault.retryAfter = r.duration("retry_after");
    else r.known("retry_after");
    fault.delay = r.duration("delay", {}, 0s);
    return fault;
}

void readFaults(Reader& top, Scenario& s) {
    top.list("faults", [&](Reader& r) {
        if (r.has("every")) {
            FaultProcess process;
            process.meanGap = r.duration("every", {.min = 1ms});
            process.fault = readFault(r, false);
            s.faultProcesses.push_back(process);
            return;
        }
        r.known("every");
        s.faults.push_back(readFault(r, true));
    });
}

void readExpectations(Reader& top, Scenario& s) {
    top.list("expect", [&](Reader& r) {
        Expectation e;
        e.line = r.where().line;
        const std::string metric = r.text("metric");
        const std::string op = r.choice("op", {"<", "<=", "==", "!=", ">=", ">"});
        if (r.isScalar("value")) e.expression = metric + " " + op + " " + r.raw("value")->text;
        else r.fail("value", "a number or a word to compare with is missing");
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
        if (member.value.kind != Node::Kind::list) {
            top.fail("sweep", "the values of \"" + member.key + "\" are not a list");
            continue;
        }
        for (const Node& item : member.value.items) s.sweep[member.key].push_back(item.text);
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

Result<Scenario> read(Document document, const ScenarioOptions& options) {
    for (const char* part : {"engine.transport", "engine.pools", "engine.merge_policy",
                             "engine.transforms", "pool"}) {
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
    readPool(top, s, options.resources.empty() ? resourceDirectory() : options.resources);
    top.requireObject("engine", [&](Reader& r) { s.engine = readEngine(r, kSimulated); });
    readSources(top, s);
    readMetrics(top, s);
    readFaults(top, s);
    readExpectations(top, s);
    readSweep(top, s);
    top.finish();
    if (problems.empty()) checkQueues(top, s);
    if (auto status = problems.status(); !status) return fail(status.error());
    s.overrides = std::move(overrides);
    if (options.seed) s.seed = *options.seed;
    if (options.until) s.horizon = std::min(s.horizon, *options.until);
    if (s.sampleEvery == 0s) s.sampleEvery = std::max<Duration>(s.horizon / 1000, 100ms);
    return s;
}

} // namespace

Result<Scenario> readScenario(const std::string& path, const ScenarioOptions& options) {
    auto document = Document::load(path, Syntax::yaml);
    if (!document) return fail(document.error());
    auto scenario = read(std::move(*document), options);
    if (!scenario) return scenario;
    scenario->file = path;
    // What a store keeps: the file as it lies there, after what was laid over it.
    for (const std::string& assignment : options.overrides) {
        scenario->text += "# --set " + assignment + "\n";
    }
    std::ifstream in{path, std::ios::binary};
    scenario->text.append(std::istreambuf_iterator<char>(in), {});
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
