// SPDX-License-Identifier: Apache-2.0
// The promised keys of "penstock.report/1". Units are part of a key: _ms, _s, _share.
#include "engine/record/report/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
// What was not measured is null, and so is the upper edge of the last bin: JSON knows neither NaN
// nor infinity. In one place, so that no value can be forgotten.
void nullWhatIsNoNumber(Json& node) {
    if (node.is_structured()) {
        for (Json& child : node)
            nullWhatIsNoNumber(child);
    } else if (node.is_number_float() && !std::isfinite(node.get<double>())) {
        node = nullptr;
    }
}

Json source(const SourceReport& s) {
    Json out = {{"interactive", s.interactive},    {"arrivals", s.arrivals},
                {"completed", s.completed},        {"failed", s.failed},
                {"ttft_ms", toJson(s.ttftMs)},     {"tpot_ms", toJson(s.tpotMs)},
                {"e2e_ms", toJson(s.e2eMs)},       {"requests_per_second", s.requestsPerSecond},
                {"prompt_tokens", s.promptTokens}, {"output_tokens", s.outputTokens}};
    if (!s.traffic.is_null()) out["traffic"] = s.traffic;
    return out;
}

Json slack(const SlackReport& s) {
    Json bins = Json::array();
    for (const auto& bin : s.histogram) {
        bins.push_back({{"up_to_s", bin.upToSeconds}, {"count", bin.count}});
    }
    return {{"met", s.met}, {"missed", s.missed}, {"min", s.min},
            {"p01", s.p01}, {"p05", s.p05},       {"p50", s.p50},
            {"p95", s.p95}, {"mean", s.mean},     {"histogram", std::move(bins)}};
}

Json queue(const QueueReport& q) {
    Json shedBy = Json::object();
    for (std::size_t i = 0; i < q.shedBy.size(); ++i) {
        const std::string_view reason = name(static_cast<DroppedReason>(i));
        shedBy[reason.empty() ? "no-reason" : std::string(reason)] = q.shedBy[i];
    }
    Json out = {{"enqueued", q.enqueued},   {"claimed", q.claimed},
                {"attempts", q.attempts},   {"succeeded", q.succeeded},
                {"failed", q.failed},       {"retries", q.retries},
                {"shed", q.shed},           {"deadline_exceeded", q.deadlineExceeded},
                {"cancelled", q.cancelled}, {"dropped", q.dropped},
                {"dead", q.dead},           {"lost", q.lost}};
    out["wait_ms"] = toJson(q.waitMs);
    out["e2e_ms"] = toJson(q.e2eMs);
    out["depth"] = {{"mean", q.depthMean}, {"max", q.depthMax}};
    out["late"] = q.late;
    out["ended"] = q.ended;
    out["still_queued"] = q.stillQueued;
    out["in_flight"] = q.inFlight;
    out["without_result"] = q.withoutResult;
    out["redelivered"] = q.redelivered;
    out["unparsable"] = q.unparsable;
    out["transport_errors"] = q.transportErrors;
    out["shed_by_reason"] = std::move(shedBy);
    out["goodput_per_second"] = q.goodputPerSecond;
    out["goodput_tokens_per_second"] = q.goodputTokensPerSecond;
    out["prompt_tokens"] = q.promptTokens;
    out["output_tokens"] = q.outputTokens;
    out["deadline_slack_s"] = slack(q.slack);
    out["littles_law"] = {{"l", q.littleL}, {"lambda_w", q.littleLambdaW}};
    return out;
}

Json gate(const GateReport& g) {
    const GateStatistics& s = g.stats;
    return {{"type", g.type},
            {"closed_share", s.closedShare},
            {"budget", {{"mean", s.budgetMean}, {"p50", s.budgetP50}}},
            {"verdict", std::string(name(s.verdict))},
            {"overshoot", {{"max", s.overshootMax}, {"integral", s.overshootIntegral}}},
            {"decisions",
             {{"gate_closed", g.gateClosed},
              {"quota_exhausted", g.quotaExhausted},
              {"dropped", g.dropped},
              {"error", g.error},
              {"waiting", g.waiting}}},
            {"source_available_share", s.sourceAvailableShare},
            {"information_age_s", {{"mean", s.ageMean}, {"max", s.ageMax}}},
            {"true_load_mean", s.trueMean},
            {"reading_mean", s.readMean},
            {"tracking_error_mean", s.trackingError},
            {"evaluations", s.evaluations},
            {"closures", s.closures}};
}

Json pool(const PoolReport& p) {
    return {{"saturation",
             {{"mean", p.saturationMean}, {"p99", p.saturationP99}, {"max", p.saturationMax}}},
            {"busy_share", p.busyShare},
            {"kv_used", {{"mean", p.kvMean}, {"max", p.kvMax}}},
            {"running", {{"mean", p.runningMean}, {"max", p.runningMax}}},
            {"waiting", {{"mean", p.waitingMean}, {"max", p.waitingMax}}},
            {"preemptions", p.preemptions},
            {"prompt_tokens", p.promptTokens},
            {"cached_prompt_tokens", p.cachedPromptTokens},
            {"generated_tokens", p.generatedTokens},
            {"tokens_per_second", p.tokensPerSecond},
            {"replicas", p.replicas},
            {"gpu_hours", p.gpuHours}};
}

Json cost(const CostReport& c) {
    return {{"per_gpu_hour", c.perGpuHour},
            {"total", c.total},
            {"per_million_output_tokens", c.perMillionOutputTokens},
            {"per_million_tokens", c.perMillionTokens}};
}

Json losses(const LossReport& l) {
    return {{"faults", l.faults},
            {"attempts_lost", l.attemptsLost},
            {"requests_lost", l.requestsLost},
            {"results_lost", l.resultsLost},
            {"interactive_failed", l.interactiveFailed}};
}

Json scoreParts(const ScoreReport& s) {
    return {{"lost_goodput", s.lostGoodput},
            {"needless_wait", s.needlessWait},
            {"failed_users", s.failedUsers},
            {"perfect_gate",
             {{"goodput_tokens_per_second", s.perfectTokensPerSecond},
              {"mean_ttft_ms", s.perfectTtftMs},
              {"failed_share", s.perfectFailedShare}}}};
}
} // namespace

Json toJson(const Distribution& d) {
    Json out = {{"mean", d.mean}, {"p50", d.p50}, {"p90", d.p90},    {"p95", d.p95},
                {"p99", d.p99},   {"max", d.max}, {"count", d.count}};
    nullWhatIsNoNumber(out);
    return out;
}

Json toJson(const Report& r) {
    Json out = {
        {"schema", kReportSchema},
        {"scenario", r.scenario},
        {"about", r.about},
        {"lesson", r.lesson},
        {"seed", r.seed},
        {"fingerprint", r.fingerprint},
        {"traffic_fingerprint", r.trafficFingerprint},
        {"engine_semantics", r.engineSemantics},
        {"virtual_seconds", r.virtualSeconds},
        {"warmup_seconds", r.warmupSeconds},
        {"warmup_rule", "counts and rates of counts are of the whole run; times, gauges and shares "
                        "of time are of what lies after the warm-up"},
        {"wall_seconds", r.wallSeconds},
        {"simulated_requests", r.simulatedRequests},
        {"simulated_requests_per_second",
         r.wallSeconds > 0 ? static_cast<double>(r.simulatedRequests) / r.wallSeconds : 0.0},
        {"events", r.events}};
    out["sources"] = Json::object();
    for (const SourceReport& s : r.sources)
        out["sources"][s.name] = source(s);
    out["queues"] = Json::object();
    for (const QueueReport& q : r.queues)
        out["queues"][q.name] = queue(q);
    out["gates"] = Json::object();
    for (const GateReport& g : r.gates)
        out["gates"][g.owner] = gate(g);
    out["pool"] = pool(r.pool);
    if (r.cost) out["cost"] = cost(*r.cost);
    out["losses"] = losses(r.losses);
    if (r.score) {
        out["score"] = r.score->value;
        out["score_parts"] = scoreParts(*r.score);
    }
    out["retry_amplification"] = r.retryAmplification;
    out["wasted_tokens"] = r.wastedTokens;
    out["wasted_share"] = r.wastedShare;
    out["fairness"] = {{"tenants", r.fairness.tenants},
                       {"jain_served", r.fairness.jainServed},
                       {"jain_satisfied", r.fairness.jainSatisfied},
                       {"jain_wait", r.fairness.jainWait}};
    out["limiter"] = Json::object();
    for (const auto& [stage, share] : r.limiter)
        out["limiter"][stage] = share;
    for (const auto& [key, value] : r.extra)
        out[key] = value;
    out["advice"] = Json::array();
    for (const AdviceItem& a : r.advice) {
        out["advice"].push_back({{"code", a.code},
                                 {"severity", a.severity},
                                 {"place", a.place},
                                 {"finding", a.finding},
                                 {"remedy", a.remedy}});
    }
    out["expectations"] = Json::array();
    for (const ExpectationResult& e : r.expectations) {
        Json item = {{"expr", e.expr}, {"value", e.value}, {"pass", e.pass}};
        if (!e.error.empty()) item["error"] = e.error;
        out["expectations"].push_back(std::move(item));
    }
    nullWhatIsNoNumber(out);
    return out;
}

Status checkConservation(const Report& report) {
    for (const QueueReport& q : report.queues) {
        const std::uint64_t outcomes =
            q.succeeded + q.failed + q.deadlineExceeded + q.cancelled + q.dropped + q.dead + q.lost;
        if (outcomes != q.ended) {
            return fail(fmt::format("queue {}: {} requests ended, but {} terminal results were "
                                    "counted; each must have exactly one",
                                    q.name, q.ended, outcomes));
        }
        if (q.enqueued != q.ended + q.stillQueued + q.inFlight) {
            return fail(fmt::format("queue {}: {} enqueued, but {} ended + {} still queued + {} in "
                                    "flight = {}; a request was lost or doubled",
                                    q.name, q.enqueued, q.ended, q.stillQueued, q.inFlight,
                                    q.ended + q.stillQueued + q.inFlight));
        }
        const double apart = std::abs(q.littleL - q.littleLambdaW);
        if (q.littleExact && apart > 1e-6 * std::max(1.0, q.littleLambdaW)) {
            return fail(fmt::format("queue {}: {:.6g} requests in it on average, but arrival rate "
                                    "x mean life is {:.6g}; Little's law does not hold",
                                    q.name, q.littleL, q.littleLambdaW));
        }
    }
    for (const SourceReport& s : report.sources) {
        if (s.completed + s.failed > s.arrivals) {
            return fail(fmt::format("source {}: {} arrivals, but {} completed and {} failed",
                                    s.name, s.arrivals, s.completed, s.failed));
        }
    }
    return {};
}

} // namespace penstock
