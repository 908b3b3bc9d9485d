// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/build.h"

#include <fmt/format.h>

namespace penstock {
namespace {

// The factory locates parts by line and column. A part may come from the command line instead, so
// it is given the number of a Place, which is put back into its errors afterwards.
class Places {
  public:
    explicit Places(const GateDocument& gate) : gate_(gate), all_{gate.place} {}

    GatePlace lend() {
        GatePlace place{.file = gate_.place.file, .line = 1, .column = 0, .path = gate_.path};
        place.locate = [this](std::string_view part) { return std::pair{find(part), 0}; };
        return place;
    }

    void settle(Error& error) const {
        const auto index = static_cast<std::size_t>(error.line > 0 ? error.line - 1 : 0);
        const Place& place = all_[index < all_.size() ? index : 0];
        error.file = place.file;
        error.line = place.line;
        error.column = place.column;
    }

  private:
    int find(std::string_view part) {
        constexpr std::string_view kPrefix = "gate_params.";
        if (!part.starts_with(kPrefix)) return 1;
        std::string_view key = part.substr(kPrefix.size());
        // An absent parameter stands where what should hold it stands.
        while (!key.empty()) {
            if (const auto found = gate_.places.find(key); found != gate_.places.end()) {
                all_.push_back(found->second);
                return static_cast<int>(all_.size());
            }
            const std::size_t cut = key.find_last_of(".[");
            key = cut == std::string_view::npos ? std::string_view{} : key.substr(0, cut);
        }
        return 1;
    }

    const GateDocument& gate_;
    std::vector<Place> all_; // number n is all_[n - 1]
};

Result<std::unique_ptr<Gate>> make(const std::optional<GateDocument>& gate, GateOwner owner,
                                   const GateContext& context, std::vector<Error>* warnings) {
    if (!gate) return nullptr;
    Places places(*gate);
    std::vector<Error> remarks;
    auto made = makeGate({.type = gate->type,
                          .params = gate->params,
                          .owner = std::move(owner),
                          .place = places.lend()},
                         context, &remarks);
    for (Error& remark : remarks) {
        places.settle(remark);
        if (warnings != nullptr) warnings->push_back(std::move(remark));
    }
    if (!made) places.settle(made.error());
    return made;
}

// For checkGates: time stands still and nothing answers.
class StillLoop final : public Loop {
  public:
    Time now() const override { return {}; }
    void arm(Timer&, Time) override {}
    void disarm(Timer&) override {}
    double random(RandomStream, std::uint64_t) override { return 0.5; }
};

class SilentMetrics final : public MetricSource {
  public:
    void read(const MetricQuery&, std::uint32_t, MetricListener&) override {}
};

class SilentStore final : public KeyValue {
  public:
    void get(std::string_view, std::uint64_t, StoreListener&) override {}
    void acquire(std::string_view, std::int64_t, Duration, std::uint64_t, StoreListener&) override {
    }
    void release(std::string_view, Duration) override {}
    void admit(std::string_view, std::int64_t, Duration, std::uint64_t, StoreListener&) override {}
};

} // namespace

Result<DispatcherSettings> buildSettings(const EngineDocument& engine, const GateContext& context,
                                         std::vector<Error>* warnings) {
    const GateContext own{.loop = context.loop,
                          .metrics = context.metrics,
                          .store = context.store,
                          .cacheTtl = engine.prometheusCacheTtl,
                          .semantics = engine.semantics,
                          .prometheusUrlSet = context.prometheusUrlSet,
                          .storeAt = context.storeAt};
    DispatcherSettings settings;
    settings.semantics = engine.semantics;
    settings.pollInterval = engine.pollInterval();
    settings.batchSize = engine.batchSize();
    settings.requestTimeout = engine.requestTimeout;
    settings.backoff = engine.backoff;
    settings.merge = engine.mergePolicy.settings;
    for (const PoolDocument& pool : engine.pools) {
        auto gate =
            make(pool.gate, {.queueId = "", .queueName = "", .poolId = pool.id}, own, warnings);
        if (!gate) return fail(gate.error());
        settings.pools.push_back({pool.id, pool.workers, std::move(*gate)});
    }
    for (const QueueDocument& queue : engine.transport.queues) {
        auto gate =
            make(queue.gate, {.queueId = queue.id, .queueName = queue.name, .poolId = queue.pool},
                 own, warnings);
        if (!gate) return fail(gate.error());
        const PoolDocument* pool = engine.findPool(queue.pool);
        if (pool == nullptr) {
            return fail(fmt::format("{}: there is no pool \"{}\"", queue.path, queue.pool));
        }
        QueueSettings& into = settings.queues.emplace_back();
        into.id = queue.id;
        into.name = queue.name;
        into.pool = static_cast<std::uint16_t>(pool - engine.pools.data());
        into.objective = queue.objective;
        into.labels = queue.labels;
        into.gate = std::move(*gate);
    }
    return settings;
}

Status checkGates(const EngineDocument& engine, std::vector<Error>* warnings,
                  bool prometheusKnown) {
    StillLoop loop;
    SilentMetrics metrics;
    SilentStore store;
    const GateContext context{.loop = loop,
                              .metrics = &metrics,
                              .store = &store,
                              .semantics = engine.semantics,
                              .prometheusUrlSet =
                                  !prometheusKnown || !engine.prometheusUrl.empty()};
    // Gates borrow the loop and the sources: they go first.
    auto settings = buildSettings(engine, context, warnings);
    if (!settings) return fail(settings.error());
    return {};
}

} // namespace penstock
