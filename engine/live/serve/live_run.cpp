// SPDX-License-Identifier: Apache-2.0
#include "engine/live/serve/live_run.h"

#include "engine/config/documents/build.h"
#include "engine/live/http/http_server.h"
#include "engine/live/http/router_client.h"
#include "engine/live/prometheus/prometheus_source.h"
#include "engine/live/redis/redis_key_value.h"
#include "engine/live/redis/sorted_set_broker.h"
#include "engine/live/telemetry/live_metrics.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <map>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStopLook = 20ms; // how often a stopping run looks whether all is confirmed
constexpr Duration kConfirmPatience = 10s;

class Repeated final : public Timer {
  public:
    Repeated(LiveLoop& loop, Duration period, std::function<void()> call)
        : loop_(loop), period_(period), call_(std::move(call)) {
        loop_.arm(*this, loop_.now() + period_);
    }
    ~Repeated() override { loop_.disarm(*this); }
    void fire() override {
        loop_.arm(*this, loop_.now() + period_);
        call_();
    }

  private:
    LiveLoop& loop_;
    Duration period_;
    std::function<void()> call_;
};

// Another Redis that a gate names by its address.
struct OtherStore {
    QuotaScripts scripts;
    RedisConnection connection;
    RedisKeyValue store;
    OtherStore(LiveLoop& loop, RedisEndpoint endpoint)
        : connection(loop, std::move(endpoint), scripts.all()), store(connection, scripts) {
        connection.start();
    }
};

class RedisRun final : public LiveRun, private EngineListener {
  public:
    RedisRun(const EngineDocument& document, const LiveOptions& options)
        : document_(document), options_(options) {}
    ~RedisRun() override {
        repeated_.clear();
        engine_.reset(); // before what it is built on
    }

    Status make();
    void run() override;
    void stop(Duration drain) override;
    EngineRun& engine() override { return *engine_; }
    LiveCounts counts() const override;
    bool connected() const override { return redis_->ready(); }
    std::uint16_t metricsPort() const override { return metricsPort_; }
    std::uint16_t healthPort() const override { return healthPort_; }
    void every(Duration period, std::function<void()> call) override {
        repeated_.push_back(std::make_unique<Repeated>(loop_, period, std::move(call)));
    }

  private:
    void engineEnded(const End&) override {}
    Status listen();
    KeyValue* storeAt(std::string_view address);
    void say(std::string_view level, std::string_view event,
             nlohmann::json more = nlohmann::json::object());
    void stopping();
    HttpReply status();

    EngineDocument document_;
    LiveOptions options_;
    LiveLoop loop_;
    QueueScripts queueScripts_;
    QuotaScripts quotaScripts_;
    std::unique_ptr<RedisConnection> redis_;
    std::unique_ptr<RedisKeyValue> store_;
    std::map<std::string, std::unique_ptr<OtherStore>, std::less<>> others_;
    std::unique_ptr<HttpClient> http_;   // to routers
    std::unique_ptr<HttpClient> asking_; // to Prometheus and endpoints
    std::unique_ptr<RouterClient> client_;
    std::unique_ptr<PrometheusSource> prometheus_;
    std::unique_ptr<SortedSetBroker> broker_;
    std::unique_ptr<LiveMetrics> metrics_;
    std::unique_ptr<EngineRun> engine_;
    std::unique_ptr<HttpServer> metricsServer_, healthServer_;
    std::vector<std::unique_ptr<Repeated>> repeated_;
    std::uint16_t metricsPort_ = 0, healthPort_ = 0;
    bool started_ = false;
    int stops_ = 0;
    Time stoppedAt_ = kNever;
};

Status RedisRun::make() {
    const TransportDocument& transport = document_.transport;
    const Semantics& semantics = document_.semantics;
    if (transport.kind != TransportDocument::Kind::redisSortedSet) {
        return fail(
            Error::at(transport.place, "this transport cannot be served; redis-sortedset can"));
    }
    if (semantics.claiming != Semantics::Claiming::fencedLease) {
        return fail(fmt::format("{} pops messages before they are answered and loses them when it "
                                "dies; serve claims them under a lease: choose penstock or "
                                "llm-d-async-0.10",
                                semantics.name));
    }
    if (!document_.transforms.empty()) {
        return fail(Error::at(document_.transforms.front().place,
                              "serve cannot transform requests yet, and would send them as they "
                              "are; take the transform away"));
    }
    auto endpoint = RedisEndpoint::parse(transport.url);
    if (!endpoint) return fail(Error::at(transport.place, endpoint.error().message));
    endpoint->caFile = document_.tls.caCert;
    endpoint->certificate = document_.tls.cert;
    endpoint->key = document_.tls.key;
    endpoint->verify = !document_.tls.insecureSkipVerify;

    std::vector<RedisScript*> scripts = queueScripts_.all();
    for (RedisScript* script : quotaScripts_.all())
        scripts.push_back(script);
    redis_ = std::make_unique<RedisConnection>(loop_, *endpoint, scripts);
    store_ = std::make_unique<RedisKeyValue>(*redis_, quotaScripts_);
    HttpSettings http;
    http.caFile = document_.tls.caCert;
    http.certificate = document_.tls.cert;
    http.key = document_.tls.key;
    http.verify = !document_.tls.insecureSkipVerify;
    http_ = std::make_unique<HttpClient>(loop_, http);
    asking_ = std::make_unique<HttpClient>(loop_, http);
    prometheus_ = std::make_unique<PrometheusSource>(loop_, *asking_, document_.prometheusUrl);

    GateContext context{loop_, prometheus_.get(), store_.get(), document_.prometheusCacheTtl,
                        semantics};
    context.prometheusUrlSet = !document_.prometheusUrl.empty();
    context.storeAt = [this](std::string_view address) { return storeAt(address); };
    std::vector<Error> warnings;
    auto settings = buildSettings(document_, context, &warnings);
    if (!settings) return fail(settings.error());
    for (const Finding& finding : document_.findings) {
        say("warn", "finding",
            {{"code", finding.code}, {"path", finding.path}, {"text", finding.computed}});
    }
    for (const Error& warning : warnings)
        say("warn", "document", {{"text", warning.text()}});

    SortedSetSettings queues;
    std::vector<RouterTarget> targets;
    std::vector<LiveMetrics::Queue> shown;
    std::vector<std::string> pools;
    for (const PoolSettings& pool : settings->pools)
        pools.push_back(pool.id);
    for (const QueueDocument& queue : transport.queues) {
        queues.queues.push_back({queue.id, queue.name, queue.resultQueue, queue.labels});
        targets.push_back({queue.baseUrl, queue.requestPath});
        std::string inferencePool;
        if (queue.gate && queue.gate->params.contains("pool") &&
            queue.gate->params["pool"].is_string()) {
            inferencePool = queue.gate->params["pool"];
        }
        shown.push_back({queue.id, queue.name, queue.pool, inferencePool});
    }
    queues.retryQueue = transport.retryQueue;
    queues.resultQueue = transport.resultQueue.empty() ? "result-list" : transport.resultQueue;
    queues.lease = semantics.lease;
    queues.reclaimScan = semantics.reclaimScan;
    queues.suspectLane = semantics.suspectLane;
    queues.unparsable = semantics.unparsable;
    broker_ = std::make_unique<SortedSetBroker>(loop_, *redis_, queueScripts_, queues);
    client_ = std::make_unique<RouterClient>(loop_, *http_, targets);

    RecorderSetup setup;
    setup.start = loop_.now();
    setup.sources.push_back({"queues", false});
    engine_ = std::make_unique<EngineRun>(std::move(*settings), std::move(setup),
                                          EnginePorts{loop_, *client_, broker_->ports()},
                                          static_cast<EngineListener*>(this));
    metrics_ = std::make_unique<LiveMetrics>(std::move(shown), std::move(pools));
    engine_->recorder().addSink(*metrics_);
    return listen();
}

Status RedisRun::listen() {
    metricsServer_ = std::make_unique<HttpServer>(loop_);
    healthServer_ = std::make_unique<HttpServer>(loop_);
    metricsServer_->serve("/metrics", [this] {
        metrics_->gauges(*engine_, loop_.lag(), broker_->unconfirmed());
        return HttpReply{200, metrics_->exposition(), "text/plain; version=0.0.4; charset=utf-8"};
    });
    healthServer_->serve("/healthz", [] { return HttpReply{200, "ok\n"}; });
    healthServer_->serve("/readyz", [this] {
        if (redis_->ready() && stops_ == 0) return HttpReply{200, "ok\n"};
        return HttpReply{503, stops_ > 0 ? "draining\n"
                                         : fmt::format("no Redis: {}\n", redis_->lastError())};
    });
    healthServer_->serve("/status", [this] { return status(); });
    auto metrics =
        metricsServer_->listen(options_.address, options_.anyPort ? 0 : document_.metricsPort);
    if (!metrics) return fail(metrics.error());
    auto health =
        healthServer_->listen(options_.address, options_.anyPort ? 0 : document_.healthPort);
    if (!health) return fail(health.error());
    metricsPort_ = *metrics;
    healthPort_ = *health;
    return {};
}

HttpReply RedisRun::status() {
    nlohmann::json out{{"connected", connected()}, {"draining", stops_ > 0}};
    const DispatcherSettings& settings = engine_->settings();
    for (std::size_t i = 0; i < settings.queues.size(); ++i) {
        const QueueView view = engine_->dispatcher().queueView(static_cast<std::uint16_t>(i));
        out["queues"].push_back({{"id", settings.queues[i].id},
                                 {"name", settings.queues[i].name},
                                 {"in_hand", view.inHand},
                                 {"in_flight", view.inFlight},
                                 {"budget", view.budget},
                                 {"reason", name(view.reason.code)},
                                 {"value", view.reason.value},
                                 {"threshold", view.reason.threshold},
                                 {"source", view.reason.source},
                                 {"age_seconds", toSeconds(view.reason.age)},
                                 {"available", view.reason.available}});
    }
    const LiveCounts c = counts();
    out["counts"] = {{"claimed", c.claimed},         {"sent", c.sent},
                     {"finished", c.finished},       {"parked", c.parked},
                     {"given_back", c.givenBack},    {"refused", c.refused},
                     {"redelivered", c.redelivered}, {"dead", c.dead},
                     {"unconfirmed", c.unconfirmed}};
    return {200, out.dump(2) + "\n", "application/json"};
}

KeyValue* RedisRun::storeAt(std::string_view address) {
    if (address.empty()) return store_.get();
    const auto found = others_.find(address);
    if (found != others_.end()) return &found->second->store;
    const bool url = address.find("://") != std::string_view::npos;
    auto endpoint =
        RedisEndpoint::parse(url ? std::string(address) : fmt::format("redis://{}", address));
    if (!endpoint) return nullptr;
    auto made = std::make_unique<OtherStore>(loop_, *endpoint);
    KeyValue* store = &made->store;
    others_.emplace(address, std::move(made));
    return store;
}

void RedisRun::say(std::string_view level, std::string_view event, nlohmann::json more) {
    if (!options_.log) return;
    nlohmann::json line{{"at", fmt::format("{:.3f}", unixSeconds(loop_.now()))},
                        {"level", level},
                        {"event", event}};
    line.update(more);
    options_.log(line.dump());
}

LiveCounts RedisRun::counts() const {
    const BrokerCounts& c = broker_->counts();
    return {c.claimed, client_->sent(), c.finished, c.parked, c.givenBack,
            c.refused, c.redelivered,   c.dead,     c.tried,  broker_->unconfirmed()};
}

void RedisRun::run() {
    redis_->onReady([this] {
        say("info", "redis-ready");
        if (started_) return;
        started_ = true;
        engine_->start();
    });
    redis_->onLost([this](const std::string& why) { say("warn", "redis-lost", {{"why", why}}); });
    redis_->start();
    for (const int signal : {SIGTERM, SIGINT}) {
        loop_.onSignal(signal, [this] { stop(document_.drainTimeout); });
    }
    say("info", "started", {{"metrics_port", metricsPort_}, {"health_port", healthPort_}});
    loop_.run();
    const LiveCounts c = counts();
    say("info", "stopped",
        {{"claimed", c.claimed}, {"finished", c.finished}, {"unconfirmed", c.unconfirmed}});
}

// The first call drains; the second hands everything back at once.
void RedisRun::stop(Duration drain) {
    ++stops_;
    if (!started_) return loop_.stop();
    if (stops_ == 1) {
        say("info", "draining", {{"seconds", toSeconds(drain)}});
        engine_->stop(drain);
        every(kStopLook, [this] { stopping(); });
        return;
    }
    say("warn", "handing back at once");
    engine_->stop(Duration{0});
}

void RedisRun::stopping() {
    if (!engine_->stopped()) return;
    if (stoppedAt_ == kNever) stoppedAt_ = loop_.now();
    // Ends that Redis does not confirm come back by their leases.
    if (broker_->unconfirmed() > 0 && loop_.now() - stoppedAt_ < kConfirmPatience) return;
    loop_.stop();
}

} // namespace

Result<std::unique_ptr<LiveRun>> makeLive(const EngineDocument& document,
                                          const LiveOptions& options) {
    auto run = std::make_unique<RedisRun>(document, options);
    if (auto made = run->make(); !made) return fail(made.error());
    return run;
}

} // namespace penstock
