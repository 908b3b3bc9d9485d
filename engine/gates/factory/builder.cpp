// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/factory/builder.h"

#include "engine/gates/llm_d_async/constant.h"
#include "engine/metrics/promql.h"
#include "engine/types/check.h"
#include "engine/types/suggest.h"

#include <fmt/format.h>

namespace penstock {
namespace {

Error errorAt(const GateSpec& spec, std::string message) {
    return spec.place.error(spec.part, std::move(message));
}

Error unknownType(const GateSpec& spec) {
    std::vector<std::string_view> types;
    for (const GateDescription& gate : gateCatalogue())
        types.push_back(gate.type);
    const std::string_view near = closestName(spec.type, types);
    return errorAt(spec,
                   fmt::format("unknown gate_type \"{}\"{}; known: {}", spec.type,
                               near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near),
                               fmt::join(types, ", ")));
}

detail::MakeGate makerOf(std::string_view type) {
    for (const auto makers : {detail::llmDAsyncMakers(), detail::adaptiveMakers()}) {
        for (const detail::Maker& maker : makers) {
            if (maker.type == type) return maker.make;
        }
    }
    PENSTOCK_CHECK(false); // a gate of the catalogue
    return nullptr;
}

Result<std::unique_ptr<Gate>> makeAt(const GateSpec& spec, const GateContext& context,
                                     std::vector<Error>& warnings, int depth) {
    if (depth > kMaxGateDepth) {
        return fail(
            errorAt(spec, fmt::format("gates are nested more than {} deep", kMaxGateDepth)));
    }
    const GateDescription* gate = findGate(spec.type);
    if (gate == nullptr || gate->since > context.semantics.gatesOfRelease) {
        Error error = gate == nullptr
                          ? unknownType(spec)
                          : errorAt(spec, fmt::format("gate_type \"{}\" is not known", spec.type));
        if (!context.semantics.unknownGateOpens) return fail(std::move(error));
        error.message += fmt::format("; under {} it is an open gate", context.semantics.name);
        warnings.push_back(std::move(error));
        return std::make_unique<ConstantGate>();
    }
    detail::GateBuilder builder{*gate, spec, context, warnings, depth};
    std::unique_ptr<Gate> made = makerOf(spec.type)(builder);
    if (builder.failed()) return fail(builder.error());
    return made;
}

// How many reservations a request may hold at once because of this gate, at most.
std::size_t reservationsOf(const Gate& gate) {
    std::size_t most = findGate(gate.type())->reserves ? 1 : 0;
    for (const auto& inner : gate.inner())
        most += reservationsOf(*inner);
    return most;
}

} // namespace

Result<std::unique_ptr<Gate>> makeGate(const GateSpec& spec, const GateContext& context,
                                       std::vector<Error>* warnings) {
    std::vector<Error> unheard;
    auto made = makeAt(spec, context, warnings == nullptr ? unheard : *warnings, 1);
    if (!made) return made;
    if (const std::size_t most = reservationsOf(**made); most > Reservations::kMax) {
        return fail(errorAt(spec, fmt::format("gate {} holds up to {} reservations for a request; "
                                              "at most {} are possible",
                                              spec.type, most, Reservations::kMax)));
    }
    return made;
}

namespace detail {

GateBuilder::GateBuilder(const GateDescription& gate, const GateSpec& spec,
                         const GateContext& givenContext, std::vector<Error>& warnings, int depth)
    : read(gate, spec, givenContext.semantics, warnings), context(givenContext), gate_(gate),
      spec_(spec), warnings_(warnings), depth_(depth) {}

MetricSource* GateBuilder::metrics() {
    if (context.metrics == nullptr && !error_) {
        error_ = errorAt(spec_, fmt::format("gate {} needs a source of metrics", gate_.type));
    }
    return context.metrics;
}

MetricSource* GateBuilder::prometheus() {
    if (!context.prometheusUrlSet && !error_) {
        error_ = errorAt(spec_, fmt::format("gate {} needs --prometheus-url", gate_.type));
    }
    return metrics();
}

void GateBuilder::checkQuery(std::string_view parameter, const std::string& query) {
    if (context.metrics == nullptr) return;
    const auto shape = context.metrics->shapeOf(MetricQuery{.text = query});
    if (!shape && metrics::saysUnsupported(shape.error())) {
        read.refuse(parameter, fmt::format("{}: {}", parameter, shape.error().message));
    } else if (!shape) {
        read.refuseUnlessLenient(parameter,
                                 fmt::format("{}: {}", parameter, shape.error().message));
    } else if (*shape == MetricSource::Shape::scalar) {
        read.refuseUnlessLenient(
            parameter,
            fmt::format("{} \"{}\" gives a scalar, and a gate reads the first sample of a "
                        "vector, so that it would run on its fallback for ever; write "
                        "vector({})",
                        parameter, query, query));
    }
}

KeyValue* GateBuilder::store(std::string_view address) {
    KeyValue* store = context.storeAt ? context.storeAt(address) : context.store;
    if (store == nullptr && !error_) {
        error_ = errorAt(spec_, fmt::format("gate {}: no store at {}", gate_.type, address));
    }
    return store;
}

CachePolicy GateBuilder::cache() {
    return {.ttl = read.duration("cache_ttl", context.cacheTtl),
            .cacheErrors = context.semantics.cacheMetricErrors,
            .errorRetry = context.semantics.metricErrorRetry};
}

std::string GateBuilder::saturationMetric() {
    const std::string given = read.text("metric");
    return given.empty() ? context.semantics.saturationMetric : given;
}

WindowOwner GateBuilder::windowOwner() const {
    const GateOwner& owner = spec_.owner;
    return {.ofPool = owner.queueId.empty() && !owner.poolId.empty(), .workers = owner.workers};
}

GateSpec GateBuilder::innerSpec(std::string_view name) const {
    GateSpec inner{.type = "", .owner = spec_.owner, .place = spec_.place};
    inner.part = spec_.part.empty() ? "" : spec_.part + ".";
    inner.part += fmt::format("gate_params.{}", name);
    return inner;
}

std::unique_ptr<Gate> GateBuilder::inner(const GateSpec& spec) {
    if (failed()) return nullptr;
    auto made = makeAt(spec, context, warnings_, depth_ + 1);
    if (made) return std::move(*made);
    error_ = made.error();
    return nullptr;
}

} // namespace detail
} // namespace penstock
