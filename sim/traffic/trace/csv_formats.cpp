// SPDX-License-Identifier: Apache-2.0
// Traces in CSV: Azure, BurstGPT, BLIS TraceV2, and any other by a column map. Columns go by name.
#include "engine/types/suggest.h"
#include "sim/traffic/trace/csv.h"
#include "sim/traffic/trace/csv_layout.h"
#include "sim/traffic/trace/readers.h"
#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace penstock::sim {
namespace {

constexpr const char* kNotTokens = "not a whole number of tokens, 0 to 1e8";

class CsvTrace final : public RowSource {
  public:
    CsvTrace(CsvReader csv, TraceCounters& counters) : csv_(std::move(csv)), counters_(counters) {}

    Status start(const CsvLayout& layout, TraceFormat format) {
        layout_ = layout;
        const std::vector<CsvField>* header = nullptr;
        if (!csv_.next(header)) {
            if (csv_.failed()) return fail(csv_.error());
            return fail(Error{"trace is empty; expected a header line", csv_.path(), 1});
        }
        for (std::size_t k = 0; k < kColumnKeys; ++k) {
            const std::string& name = layout.names[k];
            column_[k] = name.empty() ? -1 : findColumn(*header, name);
            if (column_[k] < 0) {
                if (layout.required[k]) return fail(missing(*header, k, format));
                continue;
            }
            const int again = findColumn(*header, name, column_[k] + 1);
            if (again < 0) continue;
            return fail(
                Error{fmt::format("two columns are called \"{}\", numbers {} and {}; rename "
                                  "the one that is not meant",
                                  name, column_[k] + 1, again + 1),
                      csv_.path(), csv_.line(), (*header)[static_cast<std::size_t>(again)].column});
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
    Error missing(const std::vector<CsvField>& header, std::size_t key, TraceFormat format) const {
        std::vector<std::string> names; // closestName() compares views
        std::string found;
        for (const CsvField& field : header) {
            names.emplace_back(trimmed(field.text));
            if (found.size() < 300) found += (found.empty() ? "" : ", ") + quotedText(names.back());
        }
        const std::vector<std::string_view> views(names.begin(), names.end());
        const std::string wanted =
            layout_.names[key].empty() ? std::string(kMappedNames[key]) : layout_.names[key];
        const std::string_view close = closestName(wanted, views);
        std::string way = "is this the right format?";
        if (format == TraceFormat::csv && key < kMappedKeys) {
            way = fmt::format("map the one that holds it, with columns: {{{0}: NAME}} or --column "
                              "{0}=NAME",
                              kMappedNames[key]);
            if (key == kTime) way += "; an empty NAME says that all requests come at once";
        }
        return {
            fmt::format("no column \"{}\", which {} needs{}; the columns are: {}; {}", wanted,
                        traceFormatName(format),
                        close.empty() ? "" : fmt::format(", did you mean {}?", quotedText(close)),
                        found, way),
            csv_.path(), csv_.line(), 1};
    }

    // `is` says what the value is instead of what it should be: "not a number".
    bool bad(const std::vector<CsvField>& fields, std::size_t key, const std::string& is) {
        const auto c = static_cast<std::size_t>(column_[key]);
        failed_ = true;
        error_ = {fmt::format("{} in column \"{}\" is {}", quotedText(fields[c].text),
                              layout_.names[key], is),
                  csv_.path(), csv_.line(), fields[c].column};
        return false;
    }

    // Empty where the column is absent.
    std::string_view text(const std::vector<CsvField>& fields, std::size_t key) const {
        const int c = column_[key];
        if (c < 0) return {};
        return trimmed(fields[static_cast<std::size_t>(c)].text);
    }

    // A count that may be left empty. False after an error.
    bool count(const std::vector<CsvField>& fields, std::size_t key, std::uint32_t& out) {
        const std::string_view value = text(fields, key);
        if (value.empty()) return true;
        const auto parsed = parseCount(value, kMostTraceTokens);
        if (!parsed) return bad(fields, key, kNotTokens);
        out = *parsed;
        return true;
    }

    bool time(const std::vector<CsvField>& fields, std::size_t key, std::int64_t& out) {
        const std::string_view value = text(fields, key);
        const auto parsed = parseTimeNs(value, layout_.timeUnitNs);
        if (!parsed) return bad(fields, key, wantedTime(value, layout_.timeUnitNs));
        std::optional<bool>& dated = dated_[key];
        if (dated.value_or(isDate(value)) != isDate(value)) {
            return bad(fields, key, otherTimes(*dated));
        }
        dated = isDate(value);
        out = *parsed;
        return true;
    }

    bool parse(const std::vector<CsvField>& fields, TraceRow& row) {
        if (column_[kTime] >= 0 && !time(fields, kTime, row.timeNs)) return false;
        for (const ColumnKey key : {kPrompt, kOutput}) {
            if (column_[key] < 0) continue;
            const auto tokens = parseCount(text(fields, key), kMostTraceTokens);
            const bool optional = !layout_.filled[key] && text(fields, key).empty();
            if (!tokens && !optional) return bad(fields, key, kNotTokens);
            if (tokens) (key == kPrompt ? row.promptTokens : row.outputTokens) = *tokens;
        }
        if (!count(fields, kMaxTokens, row.maxTokens) ||
            !count(fields, kPrefixTokens, row.prefixTokens)) {
            return false;
        }
        return parseRest(fields, row);
    }

    bool parseRest(const std::vector<CsvField>& fields, TraceRow& row) {
        if (!text(fields, kDeadline).empty()) {
            std::int64_t deadline = 0;
            if (!time(fields, kDeadline, deadline)) return false;
            if (deadline != 0 || !layout_.zeroDeadline) row.deadlineNs = deadline;
        }
        if (const auto value = text(fields, kCancelAfter); !value.empty()) {
            const auto after = parseDecimalNs(value, kSecond);
            if (!after || *after < 0) return bad(fields, kCancelAfter, "not a number of seconds");
            row.cancelAfterNs = *after;
        }
        if (const auto value = text(fields, kPriority); !value.empty()) {
            const double least = layout_.lowFirst ? 0 : INT16_MIN;
            const auto priority = parseDouble(value);
            if (!priority || *priority < least || *priority > INT16_MAX) {
                return bad(fields, kPriority,
                           fmt::format("not a priority, {} to {}", least, INT16_MAX));
            }
            row.priority = static_cast<int>(layout_.lowFirst ? -*priority : *priority);
            row.hasPriority = true;
        }
        if (const auto value = text(fields, kBlockHashes); !value.empty()) {
            if (!parseHashes(value, row)) {
                return bad(fields, kBlockHashes, "not a list of whole numbers separated by blanks");
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
            row.job = parseCount(value, UINT32_MAX)
                          .value_or(static_cast<std::uint32_t>(textNumber(value) | 1));
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
                row.promptTokens += row.prefixTokens;
                if (row.promptTokens > kMostTraceTokens) {
                    return bad(fields, kPrefixTokens,
                               "with input_tokens more than 1e8 tokens, the most of one prompt");
                }
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
    CsvLayout layout_;
    std::array<int, kColumnKeys> column_{};
    std::array<std::optional<bool>, kColumnKeys> dated_; // its times are dates; else numbers
    bool failed_ = false;
    Error error_;
};

} // namespace

Result<RowSourcePtr> openCsvTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
                                  TraceCounters& counters) {
    auto trace = std::make_unique<CsvTrace>(CsvReader(std::move(lines)), counters);
    if (Status status = trace->start(csvLayout(format, columns), format); !status)
        return fail(status.error());
    return trace;
}

} // namespace penstock::sim
