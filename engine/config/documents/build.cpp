// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/build.h"

#include <fmt/format.h>

namespace penstock {
namespace {

// Where a part of a gate stands; an absent parameter where what should hold it stands.
Place placeOf(const GateDocument& gate, std::string_view part) {
    constexpr std::string_view kPrefix = "gate_params.";
    std::string_view key = part.starts_with(kPrefix) ? part.substr(kPrefix.size()) : "";
    while (!key.empty()) {
        if (const auto found = gate.places.find(key); found != gate.places.end()) {
            return found->second;
        }
        const std::size_t cut = key.find_last_of(".[");
        key = cut == std::string_view::npos ? std::string_view{} : key.substr(0, cut);
    }
    return gate.place;
}

Result<std::unique_ptr<Gate>> make(const std::optional<GateDocument>& gate, GateOwner owner,
                                   const GateContext& context, std::vector<Error>* warnings) {
    if (!gate) return nullptr;
    return makeGate(
        {.type = gate->type,
         .params = gate->params,
         .owner = std::move(owner),
         .place = {.at = gate->place,
                   .path = gate->path,
                   .locate = [&gate](std::string_view part) { return placeOf(*gate, part); }}},
        context, warnings);
}

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
            return fail(Error::at(
                queue.place, fmt::format("{}: there is no pool \"{}\"", queue.path, queue.pool)));
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

Result<DispatcherSettings> buildSettings(const EngineDocument& engine, SilentWorld& world,
                                         std::vector<Error>* warnings, bool prometheusKnown) {
    const GateContext context{.loop = world,
                              .metrics = &world,
                              .store = &world,
                              .semantics = engine.semantics,
                              .prometheusUrlSet =
                                  !prometheusKnown || !engine.prometheusUrl.empty()};
    return buildSettings(engine, context, warnings);
}

Status checkGates(const EngineDocument& engine, std::vector<Error>* warnings,
                  bool prometheusKnown) {
    SilentWorld silent; // gates borrow it: they go first
    auto settings = buildSettings(engine, silent, warnings, prometheusKnown);
    if (!settings) return fail(settings.error());
    return {};
}

} // namespace penstock
