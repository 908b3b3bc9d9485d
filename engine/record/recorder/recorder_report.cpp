// SPDX-License-Identifier: Apache-2.0
// Folds what the Recorder holds into a Report and into chart data. Runs once a run, or whenever
// a report so far is asked for; changes nothing.
#include "engine/record/recorder/recorder_state.h"
#include "engine/record/report/expectation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock {

namespace {
constexpr double kNanosToMillis = 1e-6;
constexpr double kNanosToSeconds = 1e-9;

double ratio(double a, double b) {
    return b > 0 ? a / b : kUnmeasured;
}

// To the nearest double: 60 s are 60, and compare as such.
double seconds(Duration d) {
    return static_cast<double>(d.count()) / 1e9;
}

template <class Values>
double jain(const Values& values) {
    double sum = 0;
    double squares = 0;
    for (double v : values) {
        sum += v;
        squares += v * v;
    }
    return squares > 0 ? sum * sum / (static_cast<double>(values.size()) * squares) : kUnmeasured;
}

// Lateness and slack are kept apart because histograms hold no negative values; the quantile of
// both together runs through the late ones from the worst.
double slackQuantile(const QueueState& q, double p) {
    const std::uint64_t late = q.slackLate.count();
    const std::uint64_t met = q.slackMet.count();
    const double rank = std::ceil(p * static_cast<double>(late + met));
    if (rank <= static_cast<double>(late) && late > 0) {
        const double fromBest = 1.0 - (rank - 1) / static_cast<double>(late);
        return -static_cast<double>(q.slackLate.quantile(fromBest)) * kNanosToSeconds;
    }
    const double within = (rank - static_cast<double>(late)) / static_cast<double>(met);
    return static_cast<double>(q.slackMet.quantile(within)) * kNanosToSeconds;
}

SlackReport slackReport(const QueueState& q) {
    SlackReport out;
    out.met = q.slackMet.count();
    out.missed = q.slackLate.count();
    const std::uint64_t all = out.met + out.missed;
    if (all == 0) return out;
    out.mean = q.slackSum / static_cast<double>(all);
    out.min = out.missed > 0 ? -static_cast<double>(q.slackLate.max()) * kNanosToSeconds
                             : static_cast<double>(q.slackMet.min()) * kNanosToSeconds;
    out.p01 = slackQuantile(q, 0.01);
    out.p05 = slackQuantile(q, 0.05);
    out.p50 = slackQuantile(q, 0.50);
    out.p95 = slackQuantile(q, 0.95);
    const auto nanos = [](double seconds) { return fromSeconds(seconds).count(); };
    // Late by more than a minute, more than ten seconds, ... then in time by up to ...
    std::uint64_t before = 0;
    for (double edge : {-60.0, -10.0, -1.0, 0.0}) {
        const std::uint64_t worse =
            edge == 0.0 ? out.missed : out.missed - q.slackLate.countUpTo(nanos(-edge));
        out.histogram.push_back({edge, worse - before});
        before = worse;
    }
    before = 0;
    for (double edge : {1.0, 10.0, 60.0, 600.0, 3600.0}) {
        const std::uint64_t upTo = q.slackMet.countUpTo(nanos(edge));
        out.histogram.push_back({edge, upTo - before});
        before = upTo;
    }
    out.histogram.push_back({std::numeric_limits<double>::infinity(), out.met - before});
    return out;
}

ChartData::Span spanOf(const ClosedSpan& span, Time start) {
    return {toSeconds(span.from - start), toSeconds(span.to - start),
            std::string(closedReasonName(span.reason))};
}
} // namespace

QueueReport Recorder::State::queueReport(std::size_t i, const RunFacts& facts) const {
    const QueueState& q = queues[i];
    QueueReport out = q.counts;
    const double seconds = toSeconds(facts.end - setup.start);
    if (i < facts.queues.size()) {
        out.inFlight = static_cast<std::uint64_t>(facts.queues[i].inFlight);
        out.stillQueued = static_cast<std::uint64_t>(facts.queues[i].depth());
    }
    out.waitMs = q.wait.distribution(kNanosToMillis);
    out.e2eMs = q.e2e.distribution(kNanosToMillis);
    Integral depth = q.depth;
    Integral inSystem = q.inSystem;
    if (i < facts.queues.size()) {
        depth.look(static_cast<double>(facts.queues[i].depth()), elapsedTo(facts.end));
        inSystem.look(static_cast<double>(facts.queues[i].inSystem()),
                      toSeconds(facts.end - lastSample));
    }
    out.depthMean = depth.mean();
    out.depthMax = depth.seconds > 0 ? std::max(q.depthMax, depth.last) : kUnmeasured;
    out.goodputPerSecond = ratio(static_cast<double>(out.succeeded - out.late), seconds);
    out.goodputTokensPerSecond = ratio(static_cast<double>(out.timelyTokens), seconds);
    out.littleExact = i < facts.inSystemSeconds.size();
    out.littleL = out.littleExact ? ratio(facts.inSystemSeconds[i], seconds) : inSystem.mean();
    // Those still here have lived too, up to now.
    const double open = static_cast<double>(out.enqueued) - static_cast<double>(out.ended);
    out.littleLambdaW = ratio(q.lifeSeconds + open * seconds - q.openSinceSeconds, seconds);
    out.slack = slackReport(q);
    return out;
}

PoolReport Recorder::State::poolReport(const RunFacts& facts) const {
    FleetIntegral all = fleet;
    all.look(facts.fleet, elapsedTo(facts.end), facts.end >= warmEnd);
    const Distribution ofTime = saturationMicro.distribution(1e-6);
    const double seconds = toSeconds(facts.end - setup.start);
    const bool measured = all.saturation.seconds > 0;
    return {.saturationMean = all.saturation.mean(),
            .saturationP99 = ofTime.p99,
            .saturationMax = ofTime.max,
            .busyShare = ratio(all.busySum, all.saturation.seconds),
            .kvMean = all.kv.mean(),
            .kvMax = measured ? all.kvMax : kUnmeasured,
            .runningMean = all.running.mean(),
            .runningMax = measured ? static_cast<double>(all.runningMax) : kUnmeasured,
            .waitingMean = all.waiting.mean(),
            .waitingMax = measured ? static_cast<double>(all.waitingMax) : kUnmeasured,
            .preemptions = facts.fleet.preemptions,
            .promptTokens = facts.fleet.promptTokens,
            .generatedTokens = facts.fleet.generatedTokens,
            .cachedPromptTokens = facts.cachedPromptTokens,
            .tokensPerSecond = ratio(static_cast<double>(facts.fleet.generatedTokens), seconds),
            .replicas = facts.fleet.replicas,
            .gpuHours = facts.gpuSeconds / 3600.0};
}

namespace {
std::optional<CostReport> costOf(const Report& report, double perGpuHour) {
    if (perGpuHour <= 0) return std::nullopt;
    double prompt = 0;
    double output = 0;
    for (const SourceReport& s : report.sources) {
        prompt += static_cast<double>(s.promptTokens);
        output += static_cast<double>(s.outputTokens);
    }
    CostReport cost;
    cost.perGpuHour = perGpuHour;
    cost.total = report.pool.gpuHours * perGpuHour;
    cost.perMillionOutputTokens = ratio(cost.total * 1e6, output);
    cost.perMillionTokens = ratio(cost.total * 1e6, prompt + output);
    return cost;
}

LossReport lossesOf(const Report& report, const RunFacts& facts) {
    LossReport out;
    out.faults = facts.faults;
    out.attemptsLost = facts.attemptsLost;
    for (const QueueReport& q : report.queues) {
        out.requestsLost += q.lost;
        out.resultsLost += q.withoutResult;
    }
    for (const SourceReport& s : report.sources) {
        if (s.interactive) out.interactiveFailed += s.failed;
    }
    return out;
}
} // namespace

FairnessReport Recorder::State::fairness() const {
    FairnessReport out;
    std::vector<double> served;
    std::vector<double> satisfied;
    std::vector<double> speed;
    for (const TenantState& t : tenants.all()) {
        if (t.ended == 0) continue;
        const auto count = static_cast<double>(t.ended);
        served.push_back(static_cast<double>(t.succeeded));
        satisfied.push_back(static_cast<double>(t.succeeded) / count);
        speed.push_back(t.lifeSeconds > 0 ? count / t.lifeSeconds : 0.0);
    }
    out.tenants = served.size();
    out.jainServed = jain(served);
    out.jainSatisfied = jain(satisfied);
    out.jainWait = jain(speed);
    return out;
}

Report Recorder::report(const RunFacts& facts) const {
    const State& s = *state_;
    Report out;
    out.scenario = facts.scenario;
    out.about = facts.about;
    out.lesson = facts.lesson;
    out.seed = facts.seed;
    out.fingerprint = s.fingerprint.text();
    out.trafficFingerprint = s.traffic.text();
    out.engineSemantics = facts.semantics;
    out.virtualSeconds = seconds(facts.end - s.setup.start);
    out.warmupSeconds = seconds(s.setup.warmup);
    out.wallSeconds = facts.wallSeconds;
    out.simulatedRequests = s.arrivals;
    out.events = s.fingerprint.events();
    for (const SourceState& source : s.sources) {
        SourceReport r = source.counts;
        r.ttftMs = source.ttft.distribution(kNanosToMillis);
        r.tpotMs = source.tpot.distribution(kNanosToMillis);
        r.e2eMs = source.e2e.distribution(kNanosToMillis);
        r.requestsPerSecond = ratio(static_cast<double>(r.completed), out.virtualSeconds);
        if (out.sources.size() < facts.traffic.size()) {
            r.traffic = facts.traffic[out.sources.size()];
        }
        out.sources.push_back(std::move(r));
    }
    std::uint64_t attempts = 0;
    for (std::size_t i = 0; i < s.queues.size(); ++i) {
        out.queues.push_back(s.queueReport(i, facts));
        attempts += out.queues.back().attempts;
    }
    for (const GateState& gate : s.gates) {
        GateReport r = gate.counts;
        r.stats = gate.track.statistics(facts.end);
        out.gates.push_back(std::move(r));
    }
    out.pool = s.poolReport(facts);
    out.cost = costOf(out, facts.costPerGpuHour);
    out.losses = lossesOf(out, facts);
    out.retryAmplification =
        ratio(static_cast<double>(attempts), static_cast<double>(s.firstAttempts));
    out.wastedTokens = s.wastedTokens + facts.abortedTokens;
    out.wastedShare = ratio(static_cast<double>(out.wastedTokens),
                            static_cast<double>(facts.fleet.generatedTokens));
    out.fairness = s.fairness();
    out.limiter = facts.limiter;
    out.advice = facts.advice;
    out.extra = facts.extra;
    if (facts.perfect != nullptr) out.score = scoreAgainst(out, *facts.perfect);
    if (!facts.expectations.empty()) {
        const Json json = toJson(out);
        for (const std::string& expr : facts.expectations) {
            out.expectations.push_back(evaluate(json, expr));
        }
    }
    return out;
}

Result<Report> Recorder::finish(const RunFacts& facts) const {
    Report out = report(facts);
    if (Status status = checkConservation(out); !status) return fail(status.error());
    return out;
}

ChartData Recorder::charts(Time end) const {
    const State& s = *state_;
    const Time start = s.setup.start;
    ChartData out;
    out.seconds = toSeconds(end - start);
    out.warmupSeconds = toSeconds(s.setup.warmup);
    for (const QueueState& q : s.queues) {
        out.queueDepth.push_back(q.depthSeries.curve(q.counts.name, "requests", end));
    }
    out.brokerBacklog = s.backlog.curve("broker backlog", "requests", end);
    for (std::size_t i = 0; i < s.gates.size(); ++i) {
        const GateState& gate = s.gates[i];
        ChartData::Gate g;
        g.owner = gate.counts.owner;
        g.type = gate.counts.type;
        g.trueLoad = gate.track.trueLoad().curve("true load", "", end);
        g.reading = gate.track.reading().curve("what the gate read", "", end);
        g.threshold = gate.track.threshold().curve("threshold", "", end);
        g.budget = gate.track.budget().curve("budget", "", end);
        if (!s.setup.gates[i].higherIsBusier) {
            for (Curve* curve : {&g.trueLoad, &g.reading, &g.threshold})
                *curve = curve->complement();
        }
        for (const ClosedSpan& span : gate.track.closedSpans(end)) {
            g.closed.push_back(spanOf(span, start));
        }
        out.gates.push_back(std::move(g));
    }
    for (std::size_t i = 0; i < s.pools.size(); ++i) {
        out.workers.push_back({s.setup.workerPools[i].name,
                               s.pools[i].busy.curve("in flight", "requests", end),
                               s.pools[i].limit.curve("worker limit", "requests", end)});
    }
    out.ok = s.ok.curve("ok", "1/s", end);
    out.retry = s.retry.curve("retry", "1/s", end);
    out.shed = s.shed.curve("shed", "1/s", end);
    out.late = s.late.curve("late", "1/s", end);
    out.failed = s.failed.curve("failed", "1/s", end);
    WindowedQuantiles ttft = s.ttft;
    if (ttft.histogram.count() > 0) ttft.close(std::max(end, ttft.end));
    out.ttftP50 = ttft.p50.curve("p50", "s", end);
    out.ttftP95 = ttft.p95.curve("p95", "s", end);
    out.ttftP99 = ttft.p99.curve("p99", "s", end);
    out.saturation = s.saturation.curve("saturation", "", end);
    out.busy = s.busy.curve("busy", "", end);
    out.kv = s.kv.curve("KV cache", "", end);
    out.running = s.running.curve("running", "requests", end);
    out.waiting = s.waiting.curve("waiting", "requests", end);
    out.heat = {.rows = s.heat.rows(),
                .columns = s.heat.columns(),
                .members = s.heat.members(),
                .columnSeconds = s.heat.columnSeconds(),
                .share = {}};
    for (int r = 0; r < out.heat.rows; ++r) {
        for (int c = 0; c < out.heat.columns; ++c)
            out.heat.share.push_back(s.heat.at(r, c));
    }
    for (const auto& [at, text] : s.marks)
        out.marks.push_back({toSeconds(at - start), text});
    return out;
}

std::size_t Recorder::bytes() const {
    const State& s = *state_;
    const std::size_t series = 14 + s.queues.size() + 2 * s.pools.size() + 4 * s.gates.size();
    return sizeof(State) + series * Series::bytes() + s.queues.size() * sizeof(QueueState) +
           s.sources.size() * sizeof(SourceState) + s.gates.size() * sizeof(GateState) +
           static_cast<std::size_t>(s.heat.rows()) * HeatStrip::kColumns * 2 * sizeof(float);
}

} // namespace penstock
