// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names a recorded trace and what is done to it on the way in. Transforms apply in the order given
// and are repeated in the report, so that a stretched trace is not mistaken for a measured one.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace penstock::sim {

// The formats understood. `automatic` looks at the first rows.
enum class TraceFormat : std::uint8_t {
    automatic,
    azure,           // 2023, 2024 and 2025 CSV of Azure/AzurePublicDataset
    burstgpt,        // v1 and v3 CSV of HPMLL/BurstGPT
    mooncake,        // JSONL with 512-token block hashes
    servegenWindows, // alibaba/ServeGen: chunk-*-trace.csv beside chunk-*-dataset.json, or a folder
                     // of such pairs
    servegenOffline, // alibaba/ServeGen data/offline JSONL: one lump
    ragpulse,        // flashserve/RAGPulse 0_trace.jsonl
    qwenBailian,     // alibaba-edu/qwen-bailian-usagetraces-anon JSONL
    openaiBatch,     // OpenAI batch input JSONL: one lump
    llmdAsync,       // llm-d-async request messages, JSONL; where none has `created`, one lump
    blis,            // inference-sim (BLIS) TraceV2 CSV
    csv,             // any CSV, with a column map
    jsonl,           // any JSONL, with a column map; what writeJsonl() writes
};
inline constexpr int kTraceFormats = 13;

// auto, azure, burstgpt, mooncake, servegen, servegen_offline, ragpulse, qwen_bailian,
// openai_batch, llmd_async, blis, csv, jsonl.
std::string_view traceFormatName(TraceFormat format);
// False if there is no such format. Case and the signs - and _ do not matter: servegen-offline,
// servegen_offline and servegenOffline are one.
bool parseTraceFormat(std::string_view name, TraceFormat& out);

// Which column (CSV) or top-level key (JSONL) holds what, for `csv` and `jsonl`; other formats
// refuse one. Keys of the map: time, prompt_tokens, output_tokens, max_tokens, deadline,
// cancel_after, session, prefix_group, prefix_tokens, tenant, tier, priority, model, kind, job,
// block_hashes, block_tokens. Absent keys use the same name. A name that is given must be in the
// file; an empty one says that the file has no such column. Without times all requests come at
// once.
struct ColumnMap {
    std::map<std::string, std::string> names;
    double timeUnitSeconds = 0; // of a numeric time; 0: seconds
};

// Why `ours` cannot be a key of the map, with the nearest that can; empty if it can.
std::string unknownColumn(std::string_view ours);
std::int64_t timeUnitNs(const ColumnMap& map);

struct SliceTransform { // keeps rows with from <= time < to, and moves `from` to 0
    double fromSeconds = 0;
    double toSeconds = 1e18;
};
struct FilterTransform { // keeps rows inside all bounds; an empty text matches everything
    double minPromptTokens = 0;
    double maxPromptTokens = 1e18;
    double minOutputTokens = 0;
    double maxOutputTokens = 1e18;
    std::string model; // equal, as the trace spells it
    std::string kind;  // equal: BurstGPT's "Log Type", Qwen-Bailian's "type"
};
struct DitherTransform { // adds uniform [0, grid) to every time; 0: the grid that was detected
    double gridSeconds = 0;
};
enum class ScaleMode : std::uint8_t {
    thin,      // keeps each row with probability `factor` <= 1: keeps the rhythm, loosens bursts
    superpose, // adds up `factor` copies, each rotated in time: more independent clients
    replicate, // every row `factor` times at the same instant: the same clients, each louder
    timeScale, // divides every time by `factor`: the same shape, faster
};
struct ScaleTransform {
    ScaleMode mode = ScaleMode::thin;
    double factor = 1; // of the rate; a fraction is met on average
};
struct ClampTransform { // lengths outside the bounds are set to the nearest
    double minPromptTokens = 1;
    double maxPromptTokens = 1e18;
    double minOutputTokens = 1;
    double maxOutputTokens = 1e18;
};
struct LoopTransform { // repeats the trace, one mean gap after its last row
    double times = 0;  // 0: for ever
};
using Transform = std::variant<SliceTransform, FilterTransform, DitherTransform, ScaleTransform,
                               ClampTransform, LoopTransform>;

struct TraceSource {
    std::string path;
    TraceFormat format = TraceFormat::automatic;
    ColumnMap columns;
    std::vector<Transform> transforms;
    // Rows out of order by no more than this many places are put right and counted; one further out
    // is an error.
    std::uint32_t reorderRows = 4096;
    std::uint32_t maxLineBytes = 16U << 20;
};

} // namespace penstock::sim
