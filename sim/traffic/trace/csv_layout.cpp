// SPDX-License-Identifier: Apache-2.0
// The column names of the public CSV traces, as their files have them.
#include "sim/traffic/trace/csv_layout.h"

#include "engine/types/suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace penstock::sim {
namespace {

constexpr std::int64_t kMicrosecond = 1'000;

CsvLayout azureLayout() {
    CsvLayout l;
    l.names[kTime] = "TIMESTAMP";
    l.names[kPrompt] = "ContextTokens";
    l.names[kOutput] = "GeneratedTokens";
    return l;
}

CsvLayout burstGptLayout() {
    CsvLayout l;
    l.names[kTime] = "Timestamp";
    l.names[kPrompt] = "Request tokens";
    l.names[kOutput] = "Response tokens";
    l.names[kSession] = "Session ID";
    l.names[kModel] = "Model";
    l.names[kKind] = "Log Type";
    return l;
}

// The prefix is put before input_tokens, which do not count it; server_input_tokens count all.
// vllm_priority is vLLM's: 0 is the most urgent (inference-sim, sim/workload/tracev2.go).
CsvLayout blisLayout() {
    CsvLayout l;
    l.names[kTime] = "arrival_time_us";
    l.names[kPrompt] = "input_tokens";
    l.names[kServerPrompt] = "server_input_tokens";
    l.names[kOutput] = "output_tokens";
    l.names[kDeadline] = "deadline_us";
    l.names[kSession] = "session_id";
    l.names[kPrefixGroup] = "prefix_group";
    l.names[kPrefixTokens] = "prefix_length";
    l.names[kTenant] = "tenant_id";
    l.names[kTier] = "slo_class";
    l.names[kPriority] = "vllm_priority";
    l.names[kModel] = "model";
    l.timeUnitNs = kMicrosecond;
    l.prefixExtra = true;
    l.zeroDeadline = true;
    l.lowFirst = true;
    return l;
}

CsvLayout mappedLayout(const ColumnMap& map) {
    CsvLayout l;
    for (std::size_t k = 0; k < kMappedKeys; ++k) {
        const auto found = map.names.find(std::string(kMappedNames[k]));
        const bool named = found != map.names.end();
        l.names[k] = named ? found->second : std::string(kMappedNames[k]);
        l.required[k] = named && !found->second.empty();
    }
    // Who says that there are no times gets a lump; who does not say so has misnamed the column.
    l.required[kTime] = !l.names[kTime].empty();
    l.filled = {true, true, false};
    l.timeUnitNs = timeUnitNs(map);
    return l;
}

} // namespace

CsvLayout csvLayout(TraceFormat format, const ColumnMap& map) {
    CsvLayout layout = format == TraceFormat::azure      ? azureLayout()
                       : format == TraceFormat::burstgpt ? burstGptLayout()
                       : format == TraceFormat::blis     ? blisLayout()
                                                         : mappedLayout(map);
    layout.required[kPrompt] = true;
    if (format != TraceFormat::csv) layout.required[kTime] = layout.required[kOutput] = true;
    return layout;
}

std::int64_t timeUnitNs(const ColumnMap& map) {
    if (map.timeUnitSeconds <= 0) return kSecond;
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(map.timeUnitSeconds * 1e9 + 0.5));
}

std::string unknownColumn(std::string_view ours) {
    if (std::find(kMappedNames.begin(), kMappedNames.end(), ours) != kMappedNames.end()) return {};
    const std::string_view close = closestName(ours, kMappedNames);
    return fmt::format("\"{}\" is nothing that a column can be mapped to{}; known: {}", ours,
                       close.empty() ? "" : fmt::format(", did you mean \"{}\"?", close),
                       fmt::join(kMappedNames, ", "));
}

} // namespace penstock::sim
