// SPDX-License-Identifier: Apache-2.0
#include "engine/record/store/run_record.h"

#include "engine/record/measures/varint.h"

#include <cstring>

namespace penstock {

namespace {
// Small numbers of either sign become small unsigned ones. Arithmetic is modulo 2^64 throughout, so
// that no time overflows.
std::uint64_t zigzag(std::uint64_t v) {
    return (v << 1) ^ (v >> 63 != 0 ? ~std::uint64_t{0} : 0);
}
std::uint64_t unzigzag(std::uint64_t v) {
    return (v >> 1) ^ ((v & 1) != 0 ? ~std::uint64_t{0} : 0);
}
} // namespace

std::string encodePoints(const std::vector<Point>& points) {
    std::string out;
    out.reserve(points.size() * 5 + 24);
    std::uint64_t previous = 0;
    std::uint64_t delta = 0;
    for (const Point& p : points) {
        const auto t = static_cast<std::uint64_t>(p.t.time_since_epoch().count());
        const std::uint64_t step = t - previous;
        putVarint(out, zigzag(step - delta));
        previous = t;
        delta = step;
        char bytes[sizeof(float)];
        std::memcpy(bytes, &p.value, sizeof bytes);
        out.append(bytes, sizeof bytes);
    }
    return out;
}

Status decodePoints(const void* data, std::size_t size, std::vector<Point>& out) {
    std::string_view bytes{static_cast<const char*>(data), size};
    std::uint64_t t = 0;
    std::uint64_t delta = 0;
    while (!bytes.empty()) {
        std::uint64_t change = 0;
        if (!takeVarint(bytes, change) || bytes.size() < sizeof(float)) {
            return fail("a chunk of a series is cut short");
        }
        delta += unzigzag(change);
        t += delta;
        Point p{Time{Duration{static_cast<std::int64_t>(t)}}, 0};
        std::memcpy(&p.value, bytes.data(), sizeof(float));
        bytes.remove_prefix(sizeof(float));
        out.push_back(p);
    }
    return {};
}

std::string_view name(RunState state) {
    switch (state) {
    case RunState::running:
        return "running";
    case RunState::done:
        return "done";
    case RunState::recovered:
        return "recovered";
    }
    return "running";
}

Json toJson(const RunLayout& layout) {
    Json gates = Json::array();
    for (const auto& gate : layout.gates) {
        gates.push_back({{"owner", gate.owner},
                         {"type", gate.type},
                         {"higher_is_busier", gate.higherIsBusier}});
    }
    return {{"queues", layout.queues},   {"worker_pools", layout.workerPools},
            {"sources", layout.sources}, {"interactive", layout.interactive},
            {"gates", std::move(gates)}, {"parameters", layout.parameters},
            {"faults", layout.faults},   {"warmup_seconds", layout.warmupSeconds}};
}

RunLayout layoutFromJson(const Json& json) {
    RunLayout out;
    const auto strings = [&](const char* key, std::vector<std::string>& into) {
        if (json.contains(key)) into = json.at(key).get<std::vector<std::string>>();
    };
    strings("queues", out.queues);
    strings("worker_pools", out.workerPools);
    strings("sources", out.sources);
    strings("parameters", out.parameters);
    strings("faults", out.faults);
    if (json.contains("interactive")) {
        out.interactive = json.at("interactive").get<std::vector<bool>>();
    }
    for (const Json& gate : json.value("gates", Json::array())) {
        out.gates.push_back({gate.value("owner", ""), gate.value("type", ""),
                             gate.value("higher_is_busier", true)});
    }
    out.warmupSeconds = json.value("warmup_seconds", 0.0);
    return out;
}

} // namespace penstock
