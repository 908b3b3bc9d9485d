// SPDX-License-Identifier: Apache-2.0
// Rows as text, buffered.
#include "sim/traffic/statistics/writer.h"

#include "engine/types/csv_text.h"
#include "sim/traffic/statistics/blis_writer.h"
#include "sim/traffic/statistics/output_file.h"
#include "sim/traffic/trace/csv.h"

#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

namespace penstock::sim {
namespace {

constexpr std::string_view kCsvHeader =
    "time,prompt_tokens,output_tokens,max_tokens,deadline,cancel_after,session,prefix_group,"
    "prefix_tokens,tenant,tier,priority,model,kind,job,block_hashes,block_tokens\n";

using Out = std::back_insert_iterator<std::string>;

// Seconds with nine digits, less trailing zeros.
std::string seconds(std::int64_t ns) {
    const bool negative = ns < 0;
    const std::uint64_t all =
        negative ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
    std::string text =
        fmt::format("{}{}.{:09}", negative ? "-" : "", all / 1'000'000'000, all % 1'000'000'000);
    while (text.back() == '0')
        text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string jsonText(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void appendCsv(const TraceRow& row, std::string& out) {
    const auto count = [&](std::uint32_t value, bool given) {
        if (given) fmt::format_to(Out(out), "{}", value);
        out += ',';
    };
    out += seconds(row.timeNs) + ',';
    count(row.promptTokens, row.promptTokens != kUnknownTokens);
    count(row.outputTokens, row.outputTokens != kUnknownTokens);
    count(row.maxTokens, row.maxTokens != 0);
    out += (row.deadlineNs != kNoTime ? seconds(row.deadlineNs) : "") + ',';
    out += (row.cancelAfterNs != kNoTime ? seconds(row.cancelAfterNs) : "") + ',';
    out += (row.session != 0 ? std::to_string(row.session) : "") + ',';
    count(row.prefixGroup, row.prefixGroup != 0);
    count(row.prefixTokens, row.prefixTokens != 0);
    out += csvText(row.tenant) + ',' + csvText(row.tier) + ',';
    out += (row.hasPriority ? std::to_string(row.priority) : "") + ',';
    out += csvText(row.model) + ',' + csvText(row.kind) + ',';
    count(row.job, row.job != 0);
    for (std::size_t i = 0; i < row.blockHashes.size(); ++i) {
        fmt::format_to(Out(out), "{}{}", i > 0 ? " " : "", row.blockHashes[i]);
    }
    out += ',';
    if (!row.blockHashes.empty()) fmt::format_to(Out(out), "{}", row.blockTokens);
    out += '\n';
}

} // namespace

void appendJsonl(const TraceRow& row, std::string& out) {
    const auto number = [&](std::string_view key, std::uint64_t value, bool given) {
        if (given) fmt::format_to(Out(out), ",\"{}\":{}", key, value);
    };
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) fmt::format_to(Out(out), ",\"{}\":{}", key, jsonText(value));
    };
    fmt::format_to(Out(out), "{{\"time\":{}", seconds(row.timeNs));
    number("prompt_tokens", row.promptTokens, row.promptTokens != kUnknownTokens);
    number("output_tokens", row.outputTokens, row.outputTokens != kUnknownTokens);
    number("max_tokens", row.maxTokens, row.maxTokens != 0);
    if (row.deadlineNs != kNoTime) {
        fmt::format_to(Out(out), ",\"deadline\":{}", seconds(row.deadlineNs));
    }
    if (row.cancelAfterNs != kNoTime) {
        fmt::format_to(Out(out), ",\"cancel_after\":{}", seconds(row.cancelAfterNs));
    }
    if (row.session != 0) fmt::format_to(Out(out), ",\"session\":\"{}\"", row.session);
    number("prefix_group", row.prefixGroup, row.prefixGroup != 0);
    number("prefix_tokens", row.prefixTokens, row.prefixTokens != 0);
    text("tenant", row.tenant);
    text("tier", row.tier);
    if (row.hasPriority) fmt::format_to(Out(out), ",\"priority\":{}", row.priority);
    text("model", row.model);
    text("kind", row.kind);
    number("job", row.job, row.job != 0);
    if (!row.blockHashes.empty()) {
        number("block_tokens", row.blockTokens, true);
        out += ",\"block_hashes\":[";
        for (std::size_t i = 0; i < row.blockHashes.size(); ++i) {
            fmt::format_to(Out(out), "{}{}", i > 0 ? "," : "", row.blockHashes[i]);
        }
        out += ']';
    }
    out += "}\n";
}

Result<TraceStatistics> writeTraffic(const TraceSource& source, const std::string& directory,
                                     const std::string& path, TrafficFile form,
                                     std::uint64_t seed) {
    const bool compressed = path.ends_with(".gz");
    std::vector<std::string> names{path};
    if (form == TrafficFile::blis) {
        const std::string header = blisHeaderOf(path);
        if (path == "-" || path == header) {
            return fail(
                Error{"BLIS TraceV2 is two files, data.csv and data.yaml; name the .csv", path});
        }
        if (compressed) {
            return fail(Error{"BLIS reads no gzip; leave the ending .gz away", path});
        }
        names.push_back(header);
    }
    for (const std::string& name : names) {
        std::error_code code;
        if (!std::filesystem::equivalent(name, resolvedPath(source, directory), code)) continue;
        return fail(Error{"would overwrite the trace that is being read; name another file", name});
    }
    if (form == TrafficFile::blis) return writeBlis(source, directory, path, seed);

    Result<OutputFile> file = OutputFile::open(path, compressed);
    if (!file) return fail(file.error());
    std::string buffer;
    if (form == TrafficFile::csv) buffer = kCsvHeader;
    Result<TraceStatistics> statistics =
        passTrace(source, directory, seed, [&](const TraceRow& row) {
            if (form == TrafficFile::jsonl) {
                appendJsonl(row, buffer);
            } else {
                appendCsv(row, buffer);
            }
            if (buffer.size() > kOutputBufferBytes) {
                file->write(buffer);
                buffer.clear();
            }
        });
    if (!statistics) return statistics;
    file->write(buffer);
    if (Status status = file->close(); !status) return fail(status.error());
    if (Status status = file->place(); !status) return fail(status.error());
    return statistics;
}

} // namespace penstock::sim
