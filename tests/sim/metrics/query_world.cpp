// SPDX-License-Identifier: Apache-2.0
// The queries and their answers; see query_world.h. clang-format is off: one row, one fact.
#include "tests/sim/metrics/query_world.h"

namespace penstock::sim::test {

// clang-format off
const std::vector<QueryRow> kQueryRows = {
    // The gates' own queries, letter by letter.
    {R"(1 - inference_extension_flow_control_pool_saturation{inference_pool="p"})", 600'000,
     R"({inference_pool="p", job="epp"} 0.25)"},
    {R"(1 - inference_extension_flow_control_pool_saturation{inference_pool="p"})", 599'999,
     R"({inference_pool="p", job="epp"} 0.75)"},
    {R"(1 - (sum by(inference_pool)(inference_extension_flow_control_queue_size{inference_pool="p"}) / on() (inference_pool_ready_pods{name="p"} * 100)))", 600'000,
     "{} 0.75"},
    {R"(1 - (avg by(name)(inference_pool_per_pod_queue_size{name="p"}) / 100))", 600'000,
     R"({name="p"} 0.75)"},
    {R"(1 - (sum(vllm:num_requests_running{inference_pool="p"}) / on() (inference_pool_ready_pods{name="p"} * 100)))", 600'000,
     "{} 0.375"},
    // A metric that this router does not export gives no sample, and the cascade goes on.
    {R"(1 - (avg by(name)(inference_pool_per_pod_queue_size{name="nobody"}) / 100))", 600'000, ""},
    {R"(1 - (sum(vllm:num_requests_running{inference_pool="p"}) / on() (inference_pool_ready_pods{name="nobody"} * 100)))", 600'000, ""},

    // Numbers.
    {"1", 0, "scalar 1"}, {"0x1F", 0, "scalar 31"}, {"017", 0, "scalar 15"}, {"08", 0, "scalar 8"},
    {".5e1", 0, "scalar 5"}, {"5.", 0, "scalar 5"}, {"Inf", 0, "scalar inf"}, {"-inf", 0, "scalar -inf"},
    {"NaN", 0, "scalar NaN"}, {"1e-400", 0, "scalar 0"},
    {"1 + 2 * 3", 0, "scalar 7"}, {"(1 + 2) * 3", 0, "scalar 9"}, {"2 ^ 3 ^ 2", 0, "scalar 512"},
    {"-2 ^ 2", 0, "scalar -4"}, {"2 ^ -1 * 4", 0, "scalar 2"}, {"7 % 4", 0, "scalar 3"},
    {"-7 % 4", 0, "scalar -3"}, {"1 - 2 - 3", 0, "scalar -4"}, {"8 / 4 / 2", 0, "scalar 1"},
    {"1 / 0", 0, "scalar inf"}, {"0 / 0", 0, "scalar NaN"}, {"1 > bool 2", 0, "scalar 0"},
    {"1 <= bool 1", 0, "scalar 1"}, {"1 == bool NaN", 0, "scalar 0"}, {"NaN != bool NaN", 0, "scalar 1"},
    {"1 + on() 2", 0, "scalar 3"}, {"- - 3", 0, "scalar 3"}, {"+-3", 0, "scalar -3"},
    {"1 # and a comment", 0, "scalar 1"},

    // Selectors and matchers.
    {"inference_pool_ready_pods", 600'000, R"(inference_pool_ready_pods{name="p"} 4)"},
    {R"({__name__="inference_pool_ready_pods"})", 600'000, R"(inference_pool_ready_pods{name="p"} 4)"},
    {R"({__name__=~"inference_pool_re.*",name="p",})", 600'000, R"(inference_pool_ready_pods{name="p"} 4)"},
    {R"(vllm:kv_cache_usage_perc{instance!="0",instance!~"1|2"})", 600'000,
     R"(vllm:kv_cache_usage_perc{inference_pool="p", instance="3", job="vllm"} 0.75)"},
    {R"(vllm:kv_cache_usage_perc{instance=~"0"})", 600'000,
     R"(vllm:kv_cache_usage_perc{inference_pool="p", instance="0", job="vllm"} 0)"},
    // Regular expressions match the whole value.
    {R"(vllm:kv_cache_usage_perc{job=~"vll"})", 600'000, ""},
    {R"q(vllm:kv_cache_usage_perc{job=~"(?i:VLLM)",instance='0'})q", 600'000,
     R"(vllm:kv_cache_usage_perc{inference_pool="p", instance="0", job="vllm"} 0)"},
    // An absent label is the empty string.
    {R"(inference_pool_ready_pods{zone=""})", 600'000, R"(inference_pool_ready_pods{name="p"} 4)"},
    {R"(inference_pool_ready_pods{zone=~".*"})", 600'000, R"(inference_pool_ready_pods{name="p"} 4)"},
    {R"(inference_pool_ready_pods{zone!=""})", 600'000, ""},
    {R"(odd{kind="quote\"back\\slash"})", 600'000, R"(odd{kind="quote\"back\\slash"} -3)"},
    {R"(odd{kind=`quote"back\slash`})", 600'000, R"(odd{kind="quote\"back\\slash"} -3)"},
    {R"(odd{kind="\x6ea\u006e"})", 600'000, R"(odd{kind="nan"} NaN)"},
    {"no_such_metric", 600'000, ""},

    // Lookback of 5 minutes, its far edge included; stale markers; offset.
    {"ended", 299'999, R"(ended{job="x"} 1)"}, {"ended", 300'000, R"(ended{job="x"} 2)"},
    {"ended", 600'000, R"(ended{job="x"} 2)"}, {"ended", 600'001, ""},
    {"ended", 298'999, ""},
    {"ended offset 1m", 660'000, R"(ended{job="x"} 2)"}, {"ended offset 1m", 660'001, ""},
    {"ended offset -1m", 240'000, R"(ended{job="x"} 2)"},
    {"vanished", 589'999, R"(vanished{job="x"} 8)"}, {"vanished", 590'000, ""}, {"vanished", 600'000, ""},
    {"vanished offset 10s", 599'999, R"(vanished{job="x"} 8)"},
    {"sum(vanished) or vector(0)", 600'000, "{} 0"},

    // Ranges: both edges included in version 2; stale markers are skipped.
    {"count_over_time(requests_total{code=\"200\"}[1m])", 600'000, R"({code="200"} 7)"},
    {"count_over_time(requests_total{code=\"200\"}[1m])", 605'000, R"({code="200"} 6)"},
    {"increase(requests_total{code=\"200\"}[1m])", 600'000, R"({code="200"} 60)"},
    {"rate(requests_total{code=\"200\"}[1m])", 600'000, R"({code="200"} 1)"},
    // 550 … 600 s, extended by 5 s at both ends.
    {"increase(requests_total{code=\"200\"}[1m])", 605'000, R"({code="200"} 60)"},
    // 540 … 600 s; the end is 40 s away: extended by half a spacing, 5 s. 60 · 65/60.
    {"increase(requests_total{code=\"200\"}[100s])", 640'000, R"({code="200"} 65)"},
    // Counts of 100 … 114 then a reset and 0, 2, 4: 14 + 4 + 0 … over 540 … 600 s: 108 110 112 114 0 2 4.
    {"increase(requests_total{code=\"500\"}[1m])", 600'000, R"({code="500"} 10)"},
    {"delta(requests_total{code=\"500\"}[1m])", 600'000, R"({code="500"} -104)"},
    // A counter is not extrapolated below zero: it was 0 at 0 s.
    {"increase(requests_total{code=\"200\"}[40s])", 25'000, R"({code="200"} 25)"},
    {"rate(requests_total{code=\"200\"}[5s])", 600'000, ""},
    {"avg_over_time(inference_extension_flow_control_pool_saturation{inference_pool=\"p\"}[30s])", 600'000,
     R"({inference_pool="p", job="epp"} 0.375)"},
    {"max_over_time(inference_extension_flow_control_pool_saturation{inference_pool=\"p\"}[30s])", 600'000,
     R"({inference_pool="p", job="epp"} 0.75)"},
    {"min_over_time(inference_extension_flow_control_pool_saturation{inference_pool=\"p\"}[30s])", 600'000,
     R"({inference_pool="p", job="epp"} 0.25)"},
    {"sum_over_time(inference_extension_flow_control_pool_saturation{inference_pool=\"p\"}[30s])", 600'000,
     R"({inference_pool="p", job="epp"} 1.5)"},
    {"last_over_time(vanished[1m])", 600'000, R"(vanished{job="x"} 8)"},
    {"avg_over_time(requests_total{code=\"200\"}[20s] offset 5m)", 600'000, R"({code="200"} 290)"},

    // Aggregations.
    {"sum(vllm:num_requests_running)", 600'000, "{} 250"},
    {"avg(vllm:num_requests_running)", 600'000, "{} 62.5"},
    {"min(vllm:num_requests_running)", 600'000, "{} 25"},
    {"max(vllm:num_requests_running)", 600'000, "{} 100"},
    {"count(vllm:num_requests_running)", 600'000, "{} 4"},
    {"sum by (job, nothing) (vllm:num_requests_running)", 600'000, R"({job="vllm"} 250)"},
    {"sum(vllm:num_requests_running) by (job,)", 600'000, R"({job="vllm"} 250)"},
    {"SUM WITHOUT (instance) (vllm:num_requests_running)", 600'000,
     R"({inference_pool="p", job="vllm"} 250)"},
    {"sum without () (requests_total)", 600'000, R"({code="200"} 600; {code="500"} 4)"},
    {"max by (__name__) (requests_total)", 600'000, "requests_total 600"},
    {"count by () (odd)", 600'000, "{} 4"},
    {"max(odd)", 600'000, "{} inf"}, {"min(odd)", 600'000, "{} -inf"}, {"sum(odd)", 600'000, "{} NaN"},
    {"avg(odd{kind=~\"inf|quote.*\"})", 600'000, "{} inf"},
    {"sum(no_such_metric)", 600'000, ""}, {"count(no_such_metric)", 600'000, ""},
    {R"(sum({job="vllm"}) by (__name__))", 600'000,
     "vllm:kv_cache_usage_perc 1.5; vllm:num_requests_running 250"},

    // Operators between vectors and numbers.
    {"requests_total > 100", 600'000, R"(requests_total{code="200"} 600)"},
    {"100 < requests_total", 600'000, R"(requests_total{code="200"} 600)"},
    {"requests_total > bool 100", 600'000, R"({code="200"} 1; {code="500"} 0)"},
    {"100 > bool requests_total", 600'000, R"({code="200"} 0; {code="500"} 1)"},
    {"-requests_total", 600'000, R"({code="200"} -600; {code="500"} -4)"},
    {"+requests_total", 600'000, R"(requests_total{code="200"} 600; requests_total{code="500"} 4)"},
    {"requests_total % 7", 600'000, R"({code="200"} 5; {code="500"} 4)"},

    // Vector matching.
    {R"(vllm:num_requests_running{instance="3"} / ignoring(instance) sum without(instance)(vllm:num_requests_running))", 600'000,
     R"({inference_pool="p", job="vllm"} 0.4)"},
    {"vllm:num_requests_running * vllm:kv_cache_usage_perc > 10", 600'000,
     R"({inference_pool="p", instance="1", job="vllm"} 12.5; {inference_pool="p", instance="2", job="vllm"} 37.5; {inference_pool="p", instance="3", job="vllm"} 75)"},
    {"vllm:num_requests_running > on(instance) vllm:kv_cache_usage_perc * 120", 600'000,
     R"({instance="0"} 25; {instance="1"} 50; {instance="2"} 75; {instance="3"} 100)"},
    {"vllm:kv_cache_usage_perc > bool on(instance, job) (vllm:num_requests_running / 200)", 600'000,
     R"({instance="0", job="vllm"} 0; {instance="1", job="vllm"} 0; {instance="2", job="vllm"} 1; {instance="3", job="vllm"} 1)"},
    {"vllm:num_requests_running / on(job) group_left() sum by(job)(vllm:num_requests_running)", 600'000,
     R"({inference_pool="p", instance="0", job="vllm"} 0.1; {inference_pool="p", instance="1", job="vllm"} 0.2; {inference_pool="p", instance="2", job="vllm"} 0.3; {inference_pool="p", instance="3", job="vllm"} 0.4)"},
    {R"(inference_pool_ready_pods * on() group_right(name) vllm:num_requests_running{instance="1"})", 600'000,
     R"({inference_pool="p", instance="1", job="vllm", name="p"} 200)"},
    {"vllm:num_requests_running and on(instance) (vllm:kv_cache_usage_perc > 0.5)", 600'000,
     R"(vllm:num_requests_running{inference_pool="p", instance="3", job="vllm"} 100)"},
    {"vllm:num_requests_running unless (vllm:kv_cache_usage_perc > 0)", 600'000,
     R"(vllm:num_requests_running{inference_pool="p", instance="0", job="vllm"} 25)"},
    {R"(no_such_metric or requests_total{code="500"})", 600'000, R"(requests_total{code="500"} 4)"},
    {R"(requests_total{code="200"} or requests_total)", 600'000,
     R"(requests_total{code="200"} 600; requests_total{code="500"} 4)"},
    {"vector(1) or vector(2)", 0, "{} 1"},

    // Functions.
    {"abs(odd{kind=~\"quote.*\"})", 600'000, R"({kind="quote\"back\\slash"} 3)"},
    {"clamp(requests_total, 10, 100)", 600'000, R"({code="200"} 100; {code="500"} 10)"},
    {"clamp(requests_total, 100, 10)", 600'000, ""},
    {"clamp_min(requests_total, 10)", 600'000, R"({code="200"} 600; {code="500"} 10)"},
    {"clamp_max(requests_total, 10)", 600'000, R"({code="200"} 10; {code="500"} 4)"},
    {"clamp_max(odd, 1)", 600'000,
     R"({kind="-inf"} -inf; {kind="inf"} 1; {kind="nan"} NaN; {kind="quote\"back\\slash"} -3)"},
    {"clamp_min(odd, NaN)", 600'000,
     R"({kind="-inf"} NaN; {kind="inf"} inf; {kind="nan"} NaN; {kind="quote\"back\\slash"} NaN)"},
    {"scalar(inference_pool_ready_pods)", 600'000, "scalar 4"},
    {"scalar(requests_total)", 600'000, "scalar NaN"},
    {"vector(scalar(inference_pool_ready_pods) + 1)", 600'000, "{} 5"},
    {"sum", 600'000, ""}, {"offset", 600'000, ""}, // keywords may name metrics
};
// clang-format on

} // namespace penstock::sim::test
