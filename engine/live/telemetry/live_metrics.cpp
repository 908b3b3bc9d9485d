// SPDX-License-Identifier: Apache-2.0
#include "engine/live/telemetry/live_metrics.h"

#include <array>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace penstock {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using BucketHistogram = prometheus::Histogram;

const std::string kPrefix = "llm_d_async_async_";

const BucketHistogram::BucketBoundaries kMessageLatency{
    100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 120000, 300000, 600000, 1000000};
const BucketHistogram::BucketBoundaries kInferenceLatency{
    10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 120000};
const BucketHistogram::BucketBoundaries kResidence{500,     1000,     5000,     15000,   30000,
                                                   60000,   300000,   600000,   1800000, 3600000,
                                                   7200000, 21600000, 43200000, 86400000};

// gate_decisions_total, created at 0.
constexpr std::array<const char*, 4> kReasons{"gate_closed", "quota_exhausted", "dropped", "error"};

std::size_t reasonIndex(ReasonCode code) {
    switch (code) {
    case ReasonCode::quotaExhausted:
        return 1;
    case ReasonCode::droppedOverflow:
        return 2;
    case ReasonCode::gateError:
        return 3;
    default:
        return 0;
    }
}

} // namespace

struct LiveMetrics::Series {
    struct OfQueue {
        Counter *requests, *retries, *successes, *failures, *late, *shed, *dispatched;
        std::array<Counter*, kReasons.size()> decisions;
        Counter *claims, *redelivered, *dead, *leaseLost, *promptTokens, *outputTokens;
        BucketHistogram *latency, *inference, *residence;
        Gauge *depth, *inFlight, *backlog, *backlogKnown, *budget, *waiting;
        Gauge *value, *threshold, *available, *age;
    };
    prometheus::Registry registry;
    std::vector<OfQueue> queues;
    std::vector<Gauge*> workers;
    std::vector<std::array<Counter*, kReasons.size()>> poolDecisions;
    Gauge *lag, *unconfirmed;
    std::vector<std::uint16_t> poolOf;
};

LiveMetrics::LiveMetrics(std::vector<Queue> queues, std::vector<std::string> pools)
    : series_(std::make_unique<Series>()) {
    Series& s = *series_;
    const auto counters = [&](const std::string& name, const char* help) -> auto& {
        return prometheus::BuildCounter().Name(name).Help(help).Register(s.registry);
    };
    const auto gaugesOf = [&](const std::string& name, const char* help) -> auto& {
        return prometheus::BuildGauge().Name(name).Help(help).Register(s.registry);
    };
    const auto histograms = [&](const std::string& name, const char* help) -> auto& {
        return prometheus::BuildHistogram().Name(name).Help(help).Register(s.registry);
    };
    auto& requests = counters(kPrefix + "request_total", "Requests taken from a queue.");
    auto& retries =
        counters(kPrefix + "request_retries_total", "Attempts that will be tried again.");
    auto& successes =
        counters(kPrefix + "successful_requests_total", "Requests answered with 2xx.");
    auto& failures = counters(kPrefix + "failed_requests_total",
                              "Requests that ended with an error, their deadline apart.");
    auto& late =
        counters(kPrefix + "exceeded_deadline_requests_total", "Requests whose deadline passed.");
    auto& shed = counters(kPrefix + "shedded_requests_total", "Attempts refused with 429.");
    auto& dispatched =
        counters(kPrefix + "dispatched_requests_total", "Attempts sent to the router.");
    auto& decisions =
        counters(kPrefix + "gate_decisions_total", "What gates held back, by reason.");
    auto& tokens = counters(kPrefix + "tokens_total", "Tokens of answers that say so.");
    auto& claims = counters("penstock_claims_total", "Leases taken.");
    auto& redelivered =
        counters("penstock_redeliveries_total", "Requests of dead owners made claimable again.");
    auto& dead = counters("penstock_dead_total", "Requests on the dead list.");
    auto& leaseLost = counters("penstock_leases_lost_total", "Leases that went to another owner.");
    auto& latency =
        histograms(kPrefix + "message_latency_time_millis", "From creation to the result.");
    auto& inference =
        histograms(kPrefix + "inference_latency_time_millis", "Of one attempt at the router.");
    auto& residence =
        histograms(kPrefix + "queue_residence_time_millis", "From creation to the first attempt.");
    auto& depth = gaugesOf(kPrefix + "queue_depth", "Taken from the broker and not yet sent.");
    auto& inFlight = gaugesOf(kPrefix + "inflight_requests", "Sent and not yet answered.");
    auto& backlog = gaugesOf(kPrefix + "broker_backlog", "Claimable in the broker.");
    auto& known =
        gaugesOf(kPrefix + "broker_backlog_source_available", "1 while the broker answers.");
    auto& budget = gaugesOf(kPrefix + "dispatch_budget", "Of the gate, from 0 to 1.");
    auto& waiting = gaugesOf(kPrefix + "gate_waiting_requests", "Kept at hand by a gate.");
    auto& value = gaugesOf(kPrefix + "gate_metric_value", "What the gate last read.");
    auto& threshold = gaugesOf(kPrefix + "gate_metric_threshold", "What it is compared with.");
    auto& available =
        gaugesOf(kPrefix + "gate_metric_source_available", "0 while the gate uses its fallback.");
    auto& age = gaugesOf("penstock_gate_reading_age_seconds",
                         "How old the gate's reading was when it decided.");
    auto& workers = gaugesOf(kPrefix + "pool_worker_limit", "Requests in flight at most.");
    s.lag = &gaugesOf("penstock_loop_lag_seconds", "How late the last timer fired.").Add({});
    s.unconfirmed =
        &gaugesOf("penstock_ends_unconfirmed", "Ends that the broker has not confirmed.").Add({});
    for (const Queue& queue : queues) {
        const prometheus::Labels q{
            {"queue_id", queue.id}, {"queue_name", queue.name}, {"pool_name", queue.pool}};
        prometheus::Labels gated = q;
        gated["inference_pool"] = queue.inferencePool;
        const auto with = [&q](const char* name, const char* text) {
            prometheus::Labels out = q;
            out[name] = text;
            return out;
        };
        Series::OfQueue of{};
        of.requests = &requests.Add(q);
        of.retries = &retries.Add(q);
        of.successes = &successes.Add(q);
        of.failures = &failures.Add(q);
        of.late = &late.Add(q);
        of.shed = &shed.Add(q);
        of.dispatched = &dispatched.Add(q);
        for (std::size_t i = 0; i < kReasons.size(); ++i)
            of.decisions[i] = &decisions.Add(with("reason", kReasons[i]));
        of.promptTokens = &tokens.Add(with("direction", "input"));
        of.outputTokens = &tokens.Add(with("direction", "output"));
        of.claims = &claims.Add(q);
        of.redelivered = &redelivered.Add(q);
        of.dead = &dead.Add(q);
        of.leaseLost = &leaseLost.Add(q);
        of.latency = &latency.Add(q, kMessageLatency);
        of.inference = &inference.Add(q, kInferenceLatency);
        of.residence = &residence.Add(q, kResidence);
        of.depth = &depth.Add(q);
        of.inFlight = &inFlight.Add(q);
        of.backlog = &backlog.Add(q);
        of.backlogKnown = &known.Add(q);
        of.budget = &budget.Add(q);
        of.waiting = &waiting.Add(q);
        of.value = &value.Add(gated);
        of.threshold = &threshold.Add(gated);
        of.available = &available.Add(gated);
        of.age = &age.Add(q);
        s.queues.push_back(of);
    }
    for (const std::string& pool : pools) {
        s.workers.push_back(&workers.Add({{"pool_name", pool}}));
        std::array<Counter*, kReasons.size()> of{};
        for (std::size_t i = 0; i < kReasons.size(); ++i) {
            of[i] = &decisions.Add({{"queue_id", ""},
                                    {"queue_name", ""},
                                    {"pool_name", pool},
                                    {"reason", kReasons[i]}});
        }
        s.poolDecisions.push_back(of);
    }
}

LiveMetrics::~LiveMetrics() = default;

void LiveMetrics::event(const Event& event) {
    if (event.queue >= series_->queues.size()) {
        const bool held =
            event.kind == EventKind::gateClosed && event.pool < series_->poolDecisions.size();
        if (held)
            series_->poolDecisions[event.pool][reasonIndex(static_cast<ReasonCode>(event.code))]
                ->Increment();
        return;
    }
    Series::OfQueue& q = series_->queues[event.queue];
    switch (event.kind) {
    case EventKind::claimed:
        q.claims->Increment();
        q.requests->Increment();
        break;
    case EventKind::sent:
        q.dispatched->Increment();
        if (event.attempt == 0) q.residence->Observe(toMillis(event.age));
        break;
    case EventKind::response:
        q.inference->Observe(event.value * 1000.0);
        if (event.status == 429) q.shed->Increment();
        break;
    case EventKind::retry:
        q.retries->Increment();
        break;
    case EventKind::refused:
    case EventKind::gateClosed:
        q.decisions[reasonIndex(static_cast<ReasonCode>(event.code))]->Increment();
        break;
    case EventKind::redelivered:
        q.redelivered->Increment();
        break;
    case EventKind::deadLetter:
    case EventKind::unparsable:
        q.dead->Increment();
        break;
    case EventKind::leaseLost:
        q.leaseLost->Increment();
        break;
    default:
        break;
    }
}

void LiveMetrics::ended(const End& end) {
    if (end.request.queue >= series_->queues.size()) return;
    Series::OfQueue& q = series_->queues[end.request.queue];
    q.latency->Observe(toMillis(end.at() - end.request.created));
    const int status = end.status();
    if (status >= 200 && status < 400) {
        q.successes->Increment();
    } else if (end.event.kind == EventKind::finished &&
               static_cast<ResultCode>(end.event.code) == ResultCode::deadlineExceeded) {
        q.late->Increment();
    } else {
        q.failures->Increment();
        if (end.event.kind == EventKind::finished &&
            static_cast<ResultCode>(end.event.code) == ResultCode::gateDropped) {
            q.decisions[2]->Increment();
        }
    }
    q.promptTokens->Increment(end.timing.promptTokens);
    q.outputTokens->Increment(end.timing.outputTokens);
}

void LiveMetrics::gauges(const EngineRun& engine, Duration loopLag, std::size_t unconfirmed) {
    const DispatcherSettings& settings = engine.settings();
    for (std::size_t i = 0; i < series_->queues.size(); ++i) {
        const QueueView view = engine.dispatcher().queueView(static_cast<std::uint16_t>(i));
        Series::OfQueue& q = series_->queues[i];
        q.depth->Set(view.inHand);
        q.inFlight->Set(view.inFlight);
        q.backlog->Set(static_cast<double>(view.depth.claimable()));
        q.backlogKnown->Set(view.depth.known ? 1.0 : 0.0);
        q.budget->Set(view.budget);
        q.value->Set(view.reason.value);
        q.threshold->Set(view.reason.threshold);
        q.available->Set(view.reason.available ? 1.0 : 0.0);
        q.age->Set(toSeconds(view.reason.age));
        const PoolView pool = engine.dispatcher().poolView(settings.queues[i].pool);
        q.waiting->Set(pool.waiting);
    }
    for (std::size_t i = 0; i < series_->workers.size(); ++i)
        series_->workers[i]->Set(settings.pools[i].workers);
    series_->lag->Set(toSeconds(loopLag));
    series_->unconfirmed->Set(static_cast<double>(unconfirmed));
}

std::string LiveMetrics::exposition() const {
    return prometheus::TextSerializer().Serialize(series_->registry.Collect());
}

} // namespace penstock
