// SPDX-License-Identifier: Apache-2.0
// Rows as BLIS reads them back; its own checks are the measure (inference-sim, sim/workload:
// parseTraceRecord in tracev2.go, LoadTraceV2SessionBlueprints in replay.go).
#include "sim/traffic/statistics/blis_writer.h"

#include "engine/types/csv_text.h"
#include "sim/traffic/statistics/output_file.h"
#include "sim/traffic/trace/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace penstock::sim {
namespace {

// The columns in BLIS's order, which it counts; the one of priorities may be missing.
constexpr std::string_view kColumns[] = {
    "request_id,client_id,tenant_id,slo_class,", "vllm_priority,",
    "session_id,round_index,prefix_group,prefix_length,streaming,input_tokens,output_tokens,"
    "text_tokens,image_tokens,audio_tokens,video_tokens,reason_ratio,model,deadline_us,"
    "server_input_tokens,arrival_time_us,send_time_us,first_chunk_time_us,last_chunk_time_us,"
    "num_chunks,status,error_message,finish_reason\n"};
constexpr std::string_view kHeader = "trace_version: 2\n"
                                     "time_unit: microseconds\n"
                                     "mode: generated\n"
                                     "warm_up_requests: 0\n";

class BlisRows {
  public:
    // `highest`: the highest priority of any row; none if no row has one.
    explicit BlisRows(std::optional<int> highest) : highest_(highest) {}

    void appendColumns(std::string& out) const {
        out += kColumns[0];
        if (highest_) out += kColumns[1];
        out += kColumns[2];
    }

    void append(const TraceRow& row, std::string& out) {
        const auto to = std::back_inserter(out);
        const auto id = [](std::uint64_t number) {
            return number != 0 ? std::to_string(number) : std::string();
        };
        fmt::format_to(to, "{},,{},{},", number_++, csvText(row.tenant), csvText(row.tier));
        // The negative, moved up where it would be below 0, which BLIS refuses. A row without a
        // priority has that of vLLM and ours, 0.
        if (highest_) fmt::format_to(to, "{},", std::max(0, *highest_) - row.priority);
        const std::uint32_t prefix = row.prefixGroup != 0 ? row.prefixTokens : 0;
        const std::uint32_t prompt =
            (row.promptTokens == kUnknownTokens ? prefix : row.promptTokens) - prefix;
        const std::uint32_t output =
            row.outputTokens == kUnknownTokens ? row.maxTokens : row.outputTokens;
        without_ += output == 0 ? 1 : 0;
        jobs_ |= row.job != 0;
        blocks_ |= !row.blockHashes.empty();
        cancellations_ |= row.cancelAfterNs != kNoTime;
        kinds_ |= !row.kind.empty();
        const std::uint32_t round = row.session != 0 ? rounds_[row.session]++ : 0;
        const std::int64_t arrivalUs = row.timeNs / 1000;
        // BLIS refuses a deadline before the arrival, and 0 would be none.
        const std::int64_t deadlineUs =
            row.deadlineNs == kNoTime
                ? 0
                : std::max({std::int64_t{1}, arrivalUs, row.deadlineNs / 1000});
        fmt::format_to(to, "{},{},{},{},true,{},{},{},0,0,0,0,{},{},0,{},{},0,0,0,ok,,\n",
                       id(row.session), round, id(row.prefixGroup), prefix, prompt, output, prompt,
                       csvText(row.model), deadlineUs, arrivalUs, arrivalUs);
    }

    // What of the rows so far is not in the text.
    void addNotes(std::set<std::string>& notes) const {
        std::string lost;
        for (const auto& [any, what] :
             {std::pair(jobs_, "jobs"), std::pair(blocks_, "block hashes"),
              std::pair(cancellations_, "cancellations"), std::pair(kinds_, "kinds")}) {
            if (any) lost += (lost.empty() ? "" : ", ") + std::string(what);
        }
        if (!lost.empty()) notes.insert("BLIS has no column for them, so left out: " + lost);
        if (without_ == 0) return;
        notes.insert(
            fmt::format("{} requests say neither their output nor a limit; to BLIS they have "
                        "no output tokens",
                        without_));
    }

  private:
    std::optional<int> highest_;
    std::uint64_t number_ = 0;
    std::uint64_t without_ = 0; // an output length
    bool jobs_ = false;
    bool blocks_ = false;
    bool cancellations_ = false;
    bool kinds_ = false;
    std::unordered_map<std::uint64_t, std::uint32_t> rounds_; // so far, by session
};

} // namespace

std::string blisHeaderOf(const std::string& path) {
    return std::filesystem::path(path).replace_extension(".yaml").string();
}

Result<TraceStatistics> writeBlis(const TraceSource& source, const std::string& directory,
                                  const std::string& path, std::uint64_t seed) {
    Result<OutputFile> header = OutputFile::open(blisHeaderOf(path));
    if (!header) return fail(header.error());
    Result<OutputFile> data = OutputFile::open(path);
    if (!data) return fail(data.error());

    std::optional<int> highest;
    const auto look = [&](const TraceRow& row) {
        if (row.hasPriority) highest = std::max(highest.value_or(row.priority), row.priority);
    };
    if (Result<TraceStatistics> first = passTrace(source, directory, seed, look); !first) {
        return first;
    }
    BlisRows rows(highest);
    std::string buffer;
    rows.appendColumns(buffer);
    Result<TraceStatistics> statistics =
        passTrace(source, directory, seed, [&](const TraceRow& row) {
            rows.append(row, buffer);
            if (buffer.size() > kOutputBufferBytes) {
                data->write(buffer);
                buffer.clear();
            }
        });
    if (!statistics) return statistics;
    rows.addNotes(statistics->counters.notes);
    data->write(buffer);
    header->write(kHeader);
    for (OutputFile* file : {&*header, &*data}) {
        if (Status status = file->close(); !status) return fail(status.error());
    }
    for (OutputFile* file : {&*header, &*data}) {
        if (Status status = file->place(); !status) return fail(status.error());
    }
    return statistics;
}

} // namespace penstock::sim
