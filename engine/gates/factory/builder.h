// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the functions that make one kind of gate share: its parameters, the ports it is built on,
// and the gates inside it. Private to this folder.
#include "engine/gates/adaptive/window_gate.h"
#include "engine/gates/factory/factory.h"
#include "engine/gates/factory/parameter_reader.h"
#include "engine/gates/parts/cached_reading.h"

#include <span>

namespace penstock::detail {

class GateBuilder {
  public:
    GateBuilder(const GateDescription& gate, const GateSpec& spec, const GateContext& context,
                std::vector<Error>& warnings, int depth);

    ParameterReader read;
    const GateContext& context;

    // Each reports an error and returns null if the context has none.
    MetricSource* metrics();
    MetricSource* prometheus();
    KeyValue* store(std::string_view address);

    // Refuses a query of the user's that cannot be asked, or that never gives what a gate reads.
    void checkQuery(std::string_view parameter, const std::string& query);

    std::string saturationMetric(); // by `metric` and the semantics

    // A spec for a gate inside this one, placed at the parameter `name`; type and params to be set.
    GateSpec innerSpec(std::string_view name) const;
    std::unique_ptr<Gate> inner(const GateSpec& spec);

    WindowOwner windowOwner() const;
    const std::string& ownPool() const { return spec_.owner.poolId; }

    // A gate on a metric of `source`, which may be null; `more` comes last in its constructor.
    template <class MadeGate, class... More>
    std::unique_ptr<Gate> onMetric(MetricSource* source, typename MadeGate::Settings settings,
                                   More... more) {
        const CachePolicy policy = cache();
        if (failed()) return nullptr;
        return std::make_unique<MadeGate>(std::move(settings), *source, policy, more...);
    }

    bool failed() const { return error_ || read.error(); }
    Error error() const { return error_ ? *error_ : *read.error(); }

  private:
    CachePolicy cache(); // by cache_ttl and the semantics

    const GateDescription& gate_;
    const GateSpec& spec_;
    std::vector<Error>& warnings_;
    int depth_;
    std::optional<Error> error_;
};

// Null is returned exactly when the builder failed.
using MakeGate = std::unique_ptr<Gate> (*)(GateBuilder&);
struct Maker {
    std::string_view type;
    MakeGate make;
};
std::span<const Maker> llmDAsyncMakers();
std::span<const Maker> adaptiveMakers();

} // namespace penstock::detail
