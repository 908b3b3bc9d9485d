// SPDX-License-Identifier: Apache-2.0
// Rows as text, buffered.
#include "sim/traffic/writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace penstock::sim {
namespace {

constexpr std::string_view kCsvHeader =
    "time,prompt_tokens,output_tokens,max_tokens,deadline,cancel_after,session,prefix_group,"
    "prefix_tokens,tenant,tier,priority,model,kind,job,block_hashes,block_tokens\n";

// The columns of BLIS TraceV2 (inference-sim, sim/workload/tracev2.go), in its order.
constexpr std::string_view kBlisHeader =
    "request_id,client_id,tenant_id,slo_class,session_id,round_index,prefix_group,prefix_length,"
    "streaming,input_tokens,output_tokens,text_tokens,image_tokens,audio_tokens,video_tokens,"
    "reason_ratio,model,deadline_us,server_input_tokens,arrival_time_us,send_time_us,"
    "first_chunk_time_us,last_chunk_time_us,num_chunks,status,error_message,finish_reason\n";
constexpr std::string_view kBlisYaml = "trace_version: 2\n"
                                       "time_unit: microseconds\n"
                                       "mode: generated\n"
                                       "warm_up_requests: 0\n";

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

std::string csvText(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
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

void appendBlis(const TraceRow& row, std::uint64_t number, std::string& out) {
    const std::uint32_t prefix = row.prefixGroup != 0 ? row.prefixTokens : 0;
    const std::uint32_t prompt =
        (row.promptTokens == kUnknownTokens ? prefix : row.promptTokens) - prefix;
    const std::uint32_t output =
        row.outputTokens == kUnknownTokens ? row.maxTokens : row.outputTokens;
    fmt::format_to(
        Out(out), "{},,{},{},{},0,{},{},true,{},{},{},0,0,0,0,{},{},0,{},{},0,0,0,ok,,\n", number,
        csvText(row.tenant), csvText(row.tier), row.session != 0 ? std::to_string(row.session) : "",
        row.prefixGroup != 0 ? std::to_string(row.prefixGroup) : "", prefix, prompt, output, prompt,
        csvText(row.model), row.deadlineNs != kNoTime ? row.deadlineNs / 1000 : 0,
        row.timeNs / 1000, row.timeNs / 1000);
}

// A file being written; removed unless finished.
class OutputFile {
  public:
    static Result<OutputFile> open(const std::string& path) {
        if (path == "-") return OutputFile(stdout, path);
        std::FILE* file = std::fopen(path.c_str(), "wb");
        if (file == nullptr) {
            return fail(Error{fmt::format("cannot be written: {}", std::strerror(errno)), path});
        }
        return OutputFile(file, path);
    }
    OutputFile(OutputFile&& other) noexcept
        : file_(std::exchange(other.file_, nullptr)), path_(std::move(other.path_)) {}
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile() {
        if (file_ == nullptr || file_ == stdout) return;
        std::fclose(file_);
        std::remove(path_.c_str());
    }

    void write(std::string_view text) {
        good_ = good_ && std::fwrite(text.data(), 1, text.size(), file_) == text.size();
    }

    Status finish() {
        good_ = std::fflush(file_) == 0 && good_;
        if (!good_) {
            return fail(Error{fmt::format("cannot be written to its end: {}", std::strerror(errno)),
                              path_});
        }
        if (file_ != stdout) std::fclose(file_);
        file_ = nullptr;
        return {};
    }

  private:
    OutputFile(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
    std::FILE* file_;
    std::string path_;
    bool good_ = true;
};

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
    std::error_code code;
    if (std::filesystem::equivalent(path, resolvedPath(source, directory), code)) {
        return fail(Error{"would overwrite the trace that is being read; name another file", path});
    }
    const bool blis = form == TrafficFile::blis;
    if (blis && (path == "-" || std::filesystem::path(path).extension() == ".yaml")) {
        return fail(
            Error{"BLIS TraceV2 is two files, data.csv and data.yaml; name the .csv", path});
    }
    Result<OutputFile> file = OutputFile::open(path);
    if (!file) return fail(file.error());
    std::string buffer;
    if (form == TrafficFile::csv) buffer = kCsvHeader;
    if (blis) buffer = kBlisHeader;
    std::uint64_t number = 0;
    Result<TraceStatistics> statistics =
        passTrace(source, directory, seed, [&](const TraceRow& row) {
            if (form == TrafficFile::jsonl) {
                appendJsonl(row, buffer);
            } else if (form == TrafficFile::csv) {
                appendCsv(row, buffer);
            } else {
                appendBlis(row, number, buffer);
            }
            ++number;
            if (buffer.size() > (1U << 18)) {
                file->write(buffer);
                buffer.clear();
            }
        });
    if (!statistics) return statistics;
    file->write(buffer);
    if (blis) {
        Result<OutputFile> header =
            OutputFile::open(std::filesystem::path(path).replace_extension(".yaml").string());
        if (!header) return fail(header.error());
        header->write(kBlisYaml);
        if (Status status = header->finish(); !status) return fail(status.error());
    }
    if (Status status = file->finish(); !status) return fail(status.error());
    return statistics;
}

} // namespace penstock::sim
