// SPDX-License-Identifier: Apache-2.0
#pragma once

// One small set of series, and queries on it with answers worked out by hand. The PromQL tests
// check our evaluator against the answers, and the differential test checks a real Prometheus
// server against our evaluator on the same series and queries.
#include "sim/metrics/prom_evaluator.h"
#include "sim/metrics/series_store.h"

#include <cmath>
#include <string>
#include <vector>

namespace penstock::sim::test {

struct SampleData {
    std::int64_t atMs;
    double value;
    bool stale = false;
};
struct SeriesData {
    Labels labels;
    std::vector<SampleData> samples;
};

inline constexpr std::int64_t kBaseMs = 1'700'000'000'000;

inline Time atMs(std::int64_t ms) {
    return Time{std::chrono::milliseconds(ms)};
}

inline void load(const std::vector<SeriesData>& world, SeriesStore& store) {
    for (const SeriesData& series : world) {
        const SeriesId id = store.intern(series.labels).value();
        for (const SampleData& s : series.samples) {
            if (s.stale) {
                store.appendStale(id, atMs(s.atMs));
            } else {
                store.append(id, atMs(s.atMs), s.value);
            }
        }
    }
}

// Regular samples every 10 s from 0 s to 600 s after kBaseMs, value given by a function of the
// sample's number (0 … 60).
template <class F>
SeriesData regular(Labels labels, F value) {
    SeriesData out{std::move(labels), {}};
    for (int i = 0; i <= 60; ++i) {
        out.samples.push_back({kBaseMs + i * 10'000, static_cast<double>(value(i)), false});
    }
    return out;
}

// Gauges of one pool "p" as router and model servers export them, one series of another pool, two
// counters (one resets at sample 58), a series that ended 300 s before the end, one that turned
// stale in its last sample, and one with values that are no numbers.
inline std::vector<SeriesData> queryWorld() {
    std::vector<SeriesData> world;
    const auto constant = [](double v) { return [v](int) { return v; }; };
    const auto add = [&world](Labels labels, auto value) {
        world.push_back(regular(std::move(labels), value));
    };
    add({{"__name__", "inference_extension_flow_control_pool_saturation"},
         {"inference_pool", "p"},
         {"job", "epp"}},
        [](int i) { return i < 60 ? 0.25 : 0.75; });
    add({{"__name__", "inference_extension_flow_control_pool_saturation"},
         {"inference_pool", "other"},
         {"job", "epp"}},
        constant(0.125));
    add({{"__name__", "inference_extension_flow_control_queue_size"},
         {"inference_pool", "p"},
         {"fairness_id", "a"},
         {"priority", "0"}},
        constant(30));
    add({{"__name__", "inference_extension_flow_control_queue_size"},
         {"inference_pool", "p"},
         {"fairness_id", "b"},
         {"priority", "-1"}},
        constant(70));
    add({{"__name__", "inference_pool_ready_pods"}, {"name", "p"}}, constant(4));
    for (int pod = 0; pod < 4; ++pod) {
        const std::string n = std::to_string(pod);
        add({{"__name__", "inference_pool_per_pod_queue_size"},
             {"name", "p"},
             {"model_server_pod", "pod-" + n}},
            constant(10.0 * (pod + 1)));
        add({{"__name__", "vllm:num_requests_running"},
             {"inference_pool", "p"},
             {"instance", n},
             {"job", "vllm"}},
            constant(25.0 * (pod + 1)));
        add({{"__name__", "vllm:kv_cache_usage_perc"},
             {"inference_pool", "p"},
             {"instance", n},
             {"job", "vllm"}},
            constant(0.25 * pod));
    }
    add({{"__name__", "requests_total"}, {"code", "200"}}, [](int i) { return 10.0 * i; });
    add({{"__name__", "requests_total"}, {"code", "500"}},
        [](int i) { return i < 58 ? 2.0 * i : 2.0 * (i - 58); });
    world.push_back({{{"__name__", "ended"}, {"job", "x"}},
                     {{kBaseMs + 299'000, 1, false}, {kBaseMs + 300'000, 2, false}}});
    world.push_back({{{"__name__", "vanished"}, {"job", "x"}},
                     {{kBaseMs + 580'000, 8, false}, {kBaseMs + 590'000, 0, true}}});
    world.push_back({{{"__name__", "odd"}, {"kind", "nan"}}, {{kBaseMs + 590'000, NAN, false}}});
    world.push_back(
        {{{"__name__", "odd"}, {"kind", "inf"}}, {{kBaseMs + 590'000, INFINITY, false}}});
    world.push_back(
        {{{"__name__", "odd"}, {"kind", "-inf"}}, {{kBaseMs + 590'000, -INFINITY, false}}});
    world.push_back(
        {{{"__name__", "odd"}, {"kind", "quote\"back\\slash"}}, {{kBaseMs + 590'000, -3, false}}});
    return world;
}

struct QueryRow {
    const char* query;
    std::int64_t atMs;    // after kBaseMs
    const char* expected; // as render() writes it
};

// "labels value; labels value", in the order of the result; "scalar value"; "" for an empty vector.
inline std::string render(const QueryResult& result) {
    std::string out;
    for (const QuerySample& s : result.samples) {
        if (!out.empty()) out += "; ";
        char number[40];
        std::snprintf(number, sizeof number, "%.12g", s.value);
        const std::string text = std::isnan(s.value) ? "NaN" : number;
        out += (result.scalar ? "scalar" : s.labels->text()) + " " + text;
    }
    return out;
}

extern const std::vector<QueryRow> kQueryRows;

} // namespace penstock::sim::test
