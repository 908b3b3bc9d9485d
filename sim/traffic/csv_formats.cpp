// SPDX-License-Identifier: Apache-2.0
// Traces in CSV: Azure, BurstGPT, BLIS TraceV2, and any other by a column map. Columns go by name.
#include "sim/traffic/csv.h"
#include "sim/traffic/readers.h"
#include "sim/traffic/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace penstock::sim {
namespace {

constexpr std::int64_t kMicrosecond = 1'000;

// What a column holds. The order is that of kKeys.
enum Key : std::size_t {
    kTime,
    kPrompt,
    kOutput,
    kMaxTokens,
    kDeadline,
    kCancelAfter,
    kSession,
    kPrefixGroup,
    kPrefixTokens,
    kTenant,
    kTier,
    kPriority,
    kModel,
    kJob,
    kBlockHashes,
    kBlockTokens,
    kKind,
    kServerPrompt,
    kKeyCount
};
constexpr std::array<std::string_view, kKeyCount> kKeys = {
    "time",         "prompt_tokens", "output_tokens",
    "max_tokens",   "deadline",      "cancel_after",
    "session",      "prefix_group",  "prefix_tokens",
    "tenant",       "tier",          "priority",
    "model",        "job",           "block_hashes",
    "block_tokens", "kind",          "server_prompt_tokens"};

struct Layout {
    std::array<std::string, kKeyCount> names{};     // empty: not in this format
    std::array<bool, 3> required{true, true, true}; // time, prompt, output
    std::int64_t timeUnitNs = kSecond;
    bool prefixExtra = false;  // prompt_tokens does not count the prefix
    bool zeroDeadline = false; // 0 means none
};

Layout azureLayout() {
    Layout l;
    l.names[kTime] = "TIMESTAMP";
    l.names[kPrompt] = "ContextTokens";
    l.names[kOutput] = "GeneratedTokens";
    return l;
}

Layout burstGptLayout() {
    Layout l;
    l.names[kTime] = "Timestamp";
    l.names[kPrompt] = "Request tokens";
    l.names[kOutput] = "Response tokens";
    l.names[kSession] = "Session ID";
    l.names[kModel] = "Model";
    l.names[kKind] = "Log Type";
    return l;
}

// The prefix is put before input_tokens, which do not count it; server_input_tokens count all.
Layout blisLayout() {
    Layout l;
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
    return l;
}

Layout mappedLayout(const ColumnMap& map) {
    Layout l;
    for (std::size_t k = 0; k < kKeyCount; ++k) {
        const auto found = map.names.find(std::string(kKeys[k]));
        l.names[k] = found != map.names.end() ? found->second : std::string(kKeys[k]);
    }
    l.required = {false, true, false};
    if (map.timeUnitSeconds > 0) {
        l.timeUnitNs = static_cast<std::int64_t>(map.timeUnitSeconds * 1e9 + 0.5);
    }
    return l;
}

class CsvTrace final : public RowSource {
  public:
    CsvTrace(CsvReader csv, TraceCounters& counters) : csv_(std::move(csv)), counters_(counters) {}

    Status start(const Layout& layout, TraceFormat format) {
        layout_ = layout;
        const std::vector<CsvField>* header = nullptr;
        if (!csv_.next(header)) {
            if (csv_.failed()) return fail(csv_.error());
            return fail(Error{"trace is empty; expected a header line", csv_.path(), 1});
        }
        width_ = header->size();
        for (std::size_t k = 0; k < kKeyCount; ++k) {
            column_[k] = layout.names[k].empty() ? -1 : findColumn(*header, layout.names[k]);
            if (k < layout.required.size() && layout.required[k] && column_[k] < 0) {
                std::string found;
                for (const CsvField& field : *header) {
                    if (!found.empty()) found += ", ";
                    found += std::string(trimmed(field.text)).substr(0, 60);
                    if (found.size() > 300) break;
                }
                return fail(
                    Error{fmt::format("no column \"{}\", which {} needs; the columns are: {}. "
                                      "Name the right format, or map the columns",
                                      layout.names[k], traceFormatName(format), found),
                          csv_.path(), csv_.line(), 1});
            }
        }
        return {};
    }

    Pull next(TraceRow& row) override {
        while (!failed_) {
            const std::vector<CsvField>* fields = nullptr;
            if (!csv_.next(fields)) {
                if (!csv_.failed()) return Pull::end;
                error_ = csv_.error();
                failed_ = true;
                break;
            }
            ++counters_.rowsRead;
            row.clear();
            if (!parse(*fields, row)) break;
            if (const char* reason = unusable(row)) {
                ++counters_.dropped[reason];
                continue;
            }
            return Pull::row;
        }
        return Pull::failed;
    }

    const Error& error() const override { return error_; }

  private:
    bool bad(const std::vector<CsvField>& fields, std::size_t key, const char* wanted) {
        const auto c = static_cast<std::size_t>(column_[key]);
        failed_ = true;
        if (c >= fields.size()) {
            error_ = {
                fmt::format("row has {} fields where the header has {}; column \"{}\" is missing. "
                            "Is the file cut off?",
                            fields.size(), width_, layout_.names[key]),
                csv_.path(), csv_.line(), fields.back().column};
        } else {
            error_ = {fmt::format("\"{}\" in column \"{}\" is not {}",
                                  std::string(fields[c].text.substr(0, 80)), layout_.names[key],
                                  wanted),
                      csv_.path(), csv_.line(), fields[c].column};
        }
        return false;
    }

    // Empty where the column is absent.
    std::string_view text(const std::vector<CsvField>& fields, std::size_t key) const {
        const int c = column_[key];
        if (c < 0 || static_cast<std::size_t>(c) >= fields.size()) return {};
        return trimmed(fields[static_cast<std::size_t>(c)].text);
    }

    // A count that may be left empty. False after an error.
    bool count(const std::vector<CsvField>& fields, std::size_t key, std::uint32_t& out) {
        const std::string_view value = text(fields, key);
        if (value.empty()) return true;
        const auto parsed = parseCount(value);
        if (!parsed) return bad(fields, key, "a whole number of tokens, 0 to 4e9");
        out = *parsed;
        return true;
    }

    bool parse(const std::vector<CsvField>& fields, TraceRow& row) {
        if (column_[kTime] >= 0) {
            const auto time = parseTimeNs(text(fields, kTime), layout_.timeUnitNs);
            if (!time) return bad(fields, kTime, "a time (a number, or 2023-11-16 18:17:03.97)");
            row.timeNs = *time;
        }
        for (const Key key : {kPrompt, kOutput}) {
            if (column_[key] < 0) continue;
            const auto tokens = parseCount(text(fields, key));
            const bool optional = !layout_.required[key] && text(fields, key).empty();
            if (!tokens && !optional) {
                return bad(fields, key, "a whole number of tokens, 0 to 4e9");
            }
            if (tokens) (key == kPrompt ? row.promptTokens : row.outputTokens) = *tokens;
        }
        if (!count(fields, kMaxTokens, row.maxTokens) ||
            !count(fields, kPrefixTokens, row.prefixTokens)) {
            return false;
        }
        return parseRest(fields, row);
    }

    bool parseRest(const std::vector<CsvField>& fields, TraceRow& row) {
        if (const auto value = text(fields, kDeadline); !value.empty()) {
            const auto time = parseTimeNs(value, layout_.timeUnitNs);
            if (!time) return bad(fields, kDeadline, "a time");
            if (*time != 0 || !layout_.zeroDeadline) row.deadlineNs = *time;
        }
        if (const auto value = text(fields, kCancelAfter); !value.empty()) {
            const auto time = parseDecimalNs(value, kSecond);
            if (!time || *time < 0) return bad(fields, kCancelAfter, "a number of seconds");
            row.cancelAfterNs = *time;
        }
        if (const auto value = text(fields, kPriority); !value.empty()) {
            const auto priority = parseDouble(value);
            if (!priority || *priority < INT16_MIN || *priority > INT16_MAX) {
                return bad(fields, kPriority, "a priority, -32768 to 32767");
            }
            row.priority = static_cast<int>(*priority);
            row.hasPriority = true;
        }
        if (const auto value = text(fields, kBlockHashes); !value.empty()) {
            if (!parseHashes(value, row)) {
                return bad(fields, kBlockHashes, "a list of whole numbers separated by blanks");
            }
            if (!count(fields, kBlockTokens, row.blockTokens)) return false;
        }
        if (const auto value = text(fields, kSession); !value.empty()) {
            row.session = textNumber(value);
        }
        if (const auto value = text(fields, kPrefixGroup); !value.empty()) {
            row.prefixGroup = static_cast<std::uint32_t>(textNumber(value) | 1);
        }
        if (const auto value = text(fields, kJob); !value.empty()) {
            row.job = parseCount(value).value_or(static_cast<std::uint32_t>(textNumber(value) | 1));
        }
        if (column_[kTenant] >= 0) row.tenant.assign(text(fields, kTenant));
        if (column_[kTier] >= 0) row.tier.assign(text(fields, kTier));
        if (column_[kModel] >= 0) row.model.assign(text(fields, kModel));
        if (column_[kKind] >= 0) row.kind.assign(text(fields, kKind));
        if (layout_.prefixExtra) {
            std::uint32_t server = 0;
            if (!count(fields, kServerPrompt, server)) return false;
            if (row.prefixGroup == 0) {
                row.prefixTokens = 0;
                if (server > 0) row.promptTokens = server;
            } else {
                row.promptTokens += std::min(row.prefixTokens, 4'000'000'000U - row.promptTokens);
            }
        }
        row.prefixTokens = std::min(row.prefixTokens, row.promptTokens);
        return true;
    }

    static bool parseHashes(std::string_view text, TraceRow& row) {
        while (!text.empty()) {
            const std::size_t blank = std::min(text.find(' '), text.size());
            std::uint64_t hash = 0;
            const auto [end, code] = std::from_chars(text.data(), text.data() + blank, hash);
            if (code != std::errc{} || end != text.data() + blank) return false;
            row.blockHashes.push_back(hash);
            text = trimmed(text.substr(blank));
        }
        row.blockTokens = kMooncakeBlockTokens;
        return true;
    }

    CsvReader csv_;
    TraceCounters& counters_;
    Layout layout_;
    std::array<int, kKeyCount> column_{};
    std::size_t width_ = 0;
    bool failed_ = false;
    Error error_;
};

} // namespace

Result<RowSourcePtr> openCsvTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
                                  TraceCounters& counters) {
    Layout layout;
    if (format == TraceFormat::azure) {
        layout = azureLayout();
    } else if (format == TraceFormat::burstgpt) {
        layout = burstGptLayout();
    } else if (format == TraceFormat::blis) {
        layout = blisLayout();
    } else {
        layout = mappedLayout(columns);
    }
    auto trace = std::make_unique<CsvTrace>(CsvReader(std::move(lines)), counters);
    if (Status status = trace->start(layout, format); !status) return fail(status.error());
    return trace;
}

} // namespace penstock::sim
