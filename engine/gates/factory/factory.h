// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a gate_type and its gate_params, as the documents have them, to a Gate.
#include "engine/core/gate.h"
#include "engine/ports/key_value.h"
#include "engine/ports/loop.h"
#include "engine/ports/metric_source.h"
#include "engine/types/error.h"
#include "engine/types/semantics.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

// Where a gate was written, for error texts.
struct GatePlace {
    Place at;
    std::string path; // "queues[1]": put before "gate_params.threshold"
    // Where a part below `path` stands ("gate_params.gates[0].gate_params.limit"), where the reader
    // of the document knows it. An absent part stands where what should hold it stands.
    std::function<Place(std::string_view part)> locate = {};

    // About the part, or about the whole if `part` is empty.
    Error error(std::string_view part, std::string message) const {
        std::string where = path;
        if (!where.empty() && !part.empty()) where += '.';
        where += part;
        if (!where.empty()) message = where + ": " + message;
        return Error::at(locate && !part.empty() ? locate(part) : at, std::move(message));
    }
};

struct GateOwner {
    std::string queueId;   // empty for the gate of a pool
    std::string queueName; // likewise
    std::string poolId;
    std::int32_t workers = 64; // of the pool: what a share of its capacity is a share of
};

struct GateSpec {
    std::string type;
    nlohmann::json params = nlohmann::json::object(); // null counts as empty
    GateOwner owner = {};
    GatePlace place = {};
    std::string part = {}; // of a gate inside another: its path below place.path
};

// What gates are built on. Everything outlives the gates.
struct GateContext {
    Loop& loop;
    MetricSource* metrics = nullptr;            // null: gates on a metric are refused
    KeyValue* store = nullptr;                  // null: gates on Redis are refused
    Duration cacheTtl{std::chrono::seconds{5}}; // --prometheus-cache-ttl
    const Semantics& semantics;
    bool prometheusUrlSet = true; // false: prometheus-* gates are refused
    // The store at an address, where addresses matter; `store` serves all if this is empty.
    std::function<KeyValue*(std::string_view address)> storeAt = {};
};

inline constexpr int kMaxGateDepth = 8;

// Errors name gate, parameter, value and range. What llm-d-async would accept and we would not
// (unknown keys, values out of our range, unknown gate types) is an error, or a warning where
// semantics.unknownGateOpens.
Result<std::unique_ptr<Gate>> makeGate(const GateSpec& spec, const GateContext& context,
                                       std::vector<Error>* warnings = nullptr);

} // namespace penstock
