// SPDX-License-Identifier: Apache-2.0
// What the world tells the recorder: events with their reasons, requests as their senders see them,
// samples of what no event says, and the facts at the end.
#include "engine/record/report/expectation.h"
#include "engine/types/check.h"
#include "sim/scenario/scenario_advice.h"
#include "sim/traffic/statistics/statistics.h"
#include "sim/world/world.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::sim {

RecorderSetup World::recorderSetup() const {
    RecorderSetup setup;
    setup.start = start_;
    setup.warmup = scenario_.warmup;
    setup.samplePeriod = scenario_.sampleEvery;
    setup.window = std::max<Duration>(scenario_.sampleEvery * 10, std::chrono::seconds{1});
    setup.replicas = static_cast<int>(router_->endpointCount());
    for (const SourceSpec& source : scenario_.sources)
        setup.sources.push_back({source.traffic.name, source.queue.empty()});
    for (const FaultKindInfo& kind : faultKinds())
        setup.faultNames.emplace_back(kind.name);
    return setup;
}

void World::emit(EventKind kind, std::uint8_t code, std::size_t subject, double value) {
    Event event;
    event.at = loop_.now();
    event.kind = kind;
    event.code = code;
    event.subject = static_cast<std::uint32_t>(subject);
    event.value = value;
    engine_->tell(event);
}

// A sender has put a request into a queue: no engine sees that.
void World::enqueued(const Request& request) {
    const std::uint32_t source = sourceOf(request.number);
    const Body& body = sources_[source]->bodies().at(sequenceOf(request.number));
    ++outstanding_[source];
    const Event event = about(EventKind::enqueued, request);
    recorder().arrived(event.at, static_cast<std::uint16_t>(source), event.request,
                       body.promptTokens, body.outputTokens);
    engine_->tell(event);
}

// Nor that the store has come back without it.
void World::destroyed(const Request& request) {
    const Event event = about(EventKind::lost, request);
    engine_->tell(event);
    engine_->tellEnd({request, event, ServiceTiming{}});
}

Event World::about(EventKind kind, const Request& request) const {
    Event event;
    event.at = loop_.now();
    event.kind = kind;
    event.request = request.number;
    event.queue = request.queue;
    event.attempt = request.retries;
    return event;
}

void World::engineEnded(const End& end) {
    const Request& request = end.request;
    const ServiceTiming& lastTiming = end.timing;
    const std::uint32_t source = sourceOf(request.number);
    Source& from = *sources_[source];
    const Body& body = from.bodies().at(sequenceOf(request.number));
    const Time now = loop_.now();

    Completion completion;
    completion.at = now;
    completion.request = request.number;
    completion.source = static_cast<std::uint16_t>(source);
    completion.e2e = now - request.created;
    completion.timing = lastTiming;
    completion.status = end.status();
    if (completion.status >= 200 && completion.status < 400) {
        completion.ttft = completion.e2e - lastTiming.decode;
        if (lastTiming.outputTokens > 1) {
            completion.tpot = lastTiming.decode / (lastTiming.outputTokens - 1);
        }
        completion.promptTokens = lastTiming.promptTokens;
        completion.outputTokens = lastTiming.outputTokens;
    }
    recorder().completed(completion);
    PENSTOCK_CHECK(outstanding_[source] > 0);
    --outstanding_[source];
    const std::uint32_t user = body.user;
    from.bodies().end(sequenceOf(request.number));
    if (completion.status >= 200 && completion.status < 400) {
        from.completed(user, now);
    } else {
        from.refused(user, now, Duration{-1});
    }
}

void World::interactiveArrived(std::uint16_t source, std::uint64_t number) {
    ++outstanding_[source];
    recorder().arrived(loop_.now(), source, number, 0, 0);
}

void World::interactiveEnded(const InteractiveOutcome& outcome) {
    const ServiceTiming& timing = outcome.response.timing;
    Completion completion;
    completion.at = loop_.now();
    completion.request = outcome.number;
    completion.source = outcome.source;
    completion.status = outcome.response.status;
    completion.e2e = completion.at - outcome.arrived;
    completion.timing = timing;
    if (completion.status >= 200 && completion.status < 400) {
        completion.ttft = completion.e2e - timing.decode;
        if (timing.outputTokens > 1) completion.tpot = timing.decode / (timing.outputTokens - 1);
        completion.promptTokens = timing.promptTokens;
        completion.outputTokens = timing.outputTokens;
    }
    PENSTOCK_CHECK(outstanding_[outcome.source] > 0);
    --outstanding_[outcome.source];
    recorder().completed(completion);
}

void World::sample() {
    const Time now = loop_.now();
    gauger_->readEngine(now);
    gauger_->readFleet(now);
    gauger_->mark(now);
    recorder().sample(now, gauger_->sample());
    // Charts may be coarser than what gauges are integrated over.
    const Duration next = std::min(scenario_.sampleEvery, usualSampling(scenario_.horizon));
    if (now + next <= end()) loop_.arm(sampleTimer_, now + next);
}

// What replicas generated for requests that were given up or lost, before or after they were done.
std::uint64_t World::wastedTokens() const {
    std::uint64_t tokens = router_->totals().unheardTokens;
    for (std::size_t i = 0; i < router_->endpointCount(); ++i) {
        tokens += static_cast<std::uint64_t>(router_->endpoint(i).observe().discardedTokens);
    }
    return tokens;
}

double World::gpuSeconds() const {
    double seconds = 0.0;
    for (std::size_t i = 0; i < router_->endpointCount(); ++i) {
        seconds += endpointGpus_[i] * toSeconds(router_->endpoint(i).held());
    }
    return seconds;
}

RunFacts World::facts(double wallSeconds) {
    gauger_->readFleet(loop_.now());
    RunFacts facts;
    engine_->addFacts(facts);
    facts.scenario = scenario_.name;
    facts.about = scenario_.about;
    facts.lesson = scenario_.lesson;
    facts.seed = scenario_.seed;
    facts.wallSeconds = wallSeconds;
    facts.fleet = gauger_->fleet();
    for (std::size_t i = 0; i < broker_->size(); ++i)
        facts.inSystemSeconds.push_back(broker_->queue(i).inSystemSeconds());
    facts.cachedPromptTokens = router_->totals().cachedTokens;
    for (const auto& source : sources_)
        facts.traffic.emplace_back(source->stream().describe());
    for (const Expectation& e : scenario_.expect)
        facts.expectations.push_back(e.expression);
    facts.abortedTokens = wastedTokens();
    facts.gpuSeconds = gpuSeconds();
    facts.costPerGpuHour = scenario_.costPerGpuHour;
    facts.faults = faultsBegun_;
    facts.attemptsLost = router_->totals().lost;
    // About the policy as written; a perfect gate needs none.
    if (options_.perfectGate) return facts;
    for (const Finding& finding : adviseScenario(scenario_)) {
        facts.advice.push_back({finding.code, std::string(penstock::name(finding.severity)),
                                finding.path, finding.computed, finding.remedy});
    }
    return facts;
}

// What a metric names is in every report, the first too: a slip shows before the run, not after it.
Status World::checkExpectations() {
    if (scenario_.expect.empty()) return {};
    Report report = recorder().report(facts(0.0));
    report.score.emplace(); // asking for a score takes care that there is one
    const Json json = toJson(report);
    // Gates of a scenario have other names, or none, in its controls: its lesson is not about
    // those.
    const bool control = options_.perfectGate || options_.poissonControl;
    for (const Expectation& e : scenario_.expect) {
        if (control && !e.place.file.empty()) continue;
        const ExpectationResult found = evaluate(json, e.expression);
        if (found.error.empty() || found.unmeasured) continue;
        const char* what = e.place.file.empty() ? "--assert" : "expect";
        return fail(Error{fmt::format("{}: {}", what, found.error), e.place.file, e.place.line,
                          e.place.column});
    }
    return {};
}

void World::addChecksums(std::vector<Json>& traffic) {
    for (Json& source : traffic) {
        if (!source.contains("file")) continue;
        const auto file = source["file"].get<std::string>();
        if (!checksums_.contains(file)) {
            TraceFormat format = TraceFormat::automatic;
            parseTraceFormat(source["format"].get<std::string>(), format);
            const auto sum = sha256OfTrace(file, format); // it was there when the run began
            checksums_[file] = sum ? *sum : "";
        }
        source["sha256"] = checksums_[file];
    }
}

Result<Report> World::report(double wallSeconds, const Report* perfect) {
    if (auto conserved = checkConservation(); !conserved) return fail(conserved.error());
    RunFacts known = facts(wallSeconds);
    known.perfect = perfect;
    addChecksums(known.traffic);
    return recorder().finish(known);
}

} // namespace penstock::sim
