// SPDX-License-Identifier: Apache-2.0
// From a file's name to a stack of row sources: format, reader, order, transforms.
#include "sim/traffic/trace/csv.h"
#include "sim/traffic/trace/json_rows.h"
#include "sim/traffic/trace/readers.h"
#include "sim/traffic/trace/text_value.h"
#include "sim/traffic/transform/stages.h"
#include "sim/traffic/transform/time_grid.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace penstock::sim {
namespace {

bool isJson(TraceFormat format) {
    switch (format) {
    case TraceFormat::mooncake:
    case TraceFormat::servegenOffline:
    case TraceFormat::ragpulse:
    case TraceFormat::qwenBailian:
    case TraceFormat::openaiBatch:
    case TraceFormat::llmdAsync:
    case TraceFormat::jsonl:
        return true;
    default:
        return false;
    }
}

bool isMapped(TraceFormat format) {
    return format == TraceFormat::csv || format == TraceFormat::jsonl;
}

// A map that would change nothing is a misunderstanding.
Status checkColumns(const ColumnMap& columns, TraceFormat format, const std::string& path) {
    for (const auto& [ours, theirs] : columns.names) {
        if (const std::string why = unknownColumn(ours); !why.empty())
            return fail(Error{why, path});
    }
    const bool any = !columns.names.empty() || columns.timeUnitSeconds > 0;
    if (!any || isMapped(format)) return {};
    return fail(
        Error{fmt::format("is read as {}, which has its own columns and unit of time; leave "
                          "columns and time_unit out, or name the format csv or jsonl",
                          traceFormatName(format)),
              path});
}

std::string knownFormats() {
    std::string out;
    for (int i = 1; i < kTraceFormats; ++i) {
        if (i > 1) out += ", ";
        out += traceFormatName(static_cast<TraceFormat>(i));
    }
    return out;
}

Result<TraceFormat> detectJson(LineReader lines) {
    JsonObjects objects(std::move(lines));
    simdjson::dom::object object;
    if (!objects.next(object)) return fail(objects.error());
    JsonFields fields(objects, object);
    simdjson::dom::object nested;
    if (fields.object("hash_ids", nested)) return TraceFormat::ragpulse;
    if (fields.has("chat_id")) return TraceFormat::qwenBailian;
    if (fields.has("custom_id") || fields.has("body")) return TraceFormat::openaiBatch;
    if (fields.has("payload") || fields.has("data") || fields.has("payload_ref")) {
        return TraceFormat::llmdAsync;
    }
    if (fields.has("input_length")) {
        return fields.has("timestamp") ? TraceFormat::mooncake : TraceFormat::servegenOffline;
    }
    if (fields.has("prompt_tokens")) return TraceFormat::jsonl;
    objects.complain("", "these keys belong to no known trace; name the format (" + knownFormats() +
                             "), for jsonl with a column map");
    return fail(objects.error());
}

Status emptyTrace(const std::string& path) {
    return fail(Error{"trace is empty; expected at least one request", path, 1});
}

// Fails if the stack yields nothing at all, and hands its first row on unread.
class NotEmpty final : public RowSource {
  public:
    NotEmpty(RowSourcePtr below, std::string path, TraceCounters& counters)
        : below_(std::move(below)), path_(std::move(path)), counters_(counters) {}

    Pull next(TraceRow& row) override {
        const Pull pull = below_->next(row);
        if (pull == Pull::row) {
            ++counters_.rowsKept;
        } else if (pull == Pull::end && counters_.rowsKept == 0) {
            error_ = emptyTrace(path_).error();
            if (counters_.rowsRead > 0) {
                error_.message =
                    fmt::format("none of the {} requests read is usable:", counters_.rowsRead);
                for (const auto& [reason, count] : counters_.dropped) {
                    error_.message += fmt::format(" {} {};", count, reason);
                }
                error_.message += " loosen the slice or the filter, or check the format";
                error_.line = 0;
            }
            ownError_ = true;
            return Pull::failed;
        }
        return pull;
    }

    const Error& error() const override { return ownError_ ? error_ : below_->error(); }

  private:
    RowSourcePtr below_;
    std::string path_;
    TraceCounters& counters_;
    bool ownError_ = false;
    Error error_;
};

// A stack whose counters are not read, because another pass has counted already.
class Uncounted final : public RowSource {
  public:
    Uncounted(std::unique_ptr<TraceCounters> counters, RowSourcePtr below)
        : counters_(std::move(counters)), below_(std::move(below)) {}
    Pull next(TraceRow& row) override { return below_->next(row); }
    const Error& error() const override { return below_->error(); }

  private:
    std::unique_ptr<TraceCounters> counters_;
    RowSourcePtr below_;
};

class Opener {
  public:
    Opener(TraceSource source, std::string path, const DrawKey& key)
        : source_(std::move(source)), path_(std::move(path)), key_(key) {}

    // The stack up to and without transform number `upTo`.
    Result<RowSourcePtr> open(std::size_t upTo, TraceCounters& counters) const {
        if (upTo == 0) {
            Result<RowSourcePtr> reader = openReader(source_, path_, counters, key_);
            if (!reader) return reader;
            return makeReorder(std::move(*reader), source_.reorderRows, path_, counters);
        }
        const Transform& transform = source_.transforms[upTo - 1];
        RowSpan span;
        if (needsSpan(transform)) {
            Result<RowSpan> scanned = scan(upTo - 1);
            if (!scanned) return fail(scanned.error());
            span = *scanned;
        }
        // The first stack that a stage opens is counted, further copies and passes are not.
        auto first = std::make_shared<bool>(true);
        const Opener self = *this;
        TraceCounters* counted = &counters;
        const Reopen below = [self, upTo, first, counted]() -> Result<RowSourcePtr> {
            if (std::exchange(*first, false)) return self.open(upTo - 1, *counted);
            return self.openUncounted(upTo - 1);
        };
        return makeTransform(transform, below, span, counters, key_,
                             static_cast<std::uint32_t>(upTo));
    }

  private:
    Result<RowSourcePtr> openUncounted(std::size_t upTo) const {
        auto counters = std::make_unique<TraceCounters>();
        Result<RowSourcePtr> opened = open(upTo, *counters);
        if (!opened) return opened;
        return std::make_unique<Uncounted>(std::move(counters), std::move(*opened));
    }

    Result<RowSpan> scan(std::size_t upTo) const {
        Result<RowSourcePtr> rows = openUncounted(upTo);
        if (!rows) return fail(rows.error());
        RowSpan span;
        TimeGrid grid;
        TraceRow row;
        // A trace looped for ever has no span; its first hundred million rows stand for it.
        constexpr std::uint64_t kMostRows = 100'000'000;
        while (span.rows < kMostRows) {
            const Pull pull = (*rows)->next(row);
            if (pull == Pull::failed) return fail((*rows)->error());
            if (pull == Pull::end) break;
            if (span.rows++ == 0) span.firstNs = row.timeNs;
            span.lastNs = row.timeNs;
            grid.add(row.timeNs);
        }
        span.gridNs = grid.gridNs();
        return span;
    }

    TraceSource source_;
    std::string path_;
    DrawKey key_;
};

} // namespace

Result<TraceFormat> detectFormat(const std::string& path, std::uint32_t maxLineBytes) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) return TraceFormat::servegenWindows;
    Result<LineReader> opened = LineReader::open(path, maxLineBytes);
    if (!opened) return fail(opened.error());
    std::string_view line;
    do {
        if (!opened->next(line)) {
            return fail(opened->failed() ? opened->error() : emptyTrace(path).error());
        }
    } while (trimmed(line).empty());
    if (const char first = trimmed(line).front(); first == '{' || first == '[') {
        opened = LineReader::open(path, maxLineBytes);
        if (!opened) return fail(opened.error());
        return detectJson(std::move(*opened));
    }
    const std::string headerText(line.substr(0, 200));
    opened = LineReader::open(path, maxLineBytes);
    if (!opened) return fail(opened.error());
    CsvReader csv(std::move(*opened));
    const std::vector<CsvField>* header = nullptr;
    if (!csv.next(header)) return fail(csv.failed() ? csv.error() : emptyTrace(path).error());
    const auto has = [&](std::string_view name) { return findColumn(*header, name) >= 0; };
    if (has("ContextTokens")) return TraceFormat::azure;
    if (has("Request tokens")) return TraceFormat::burstgpt;
    if (has("arrival_time_us")) return TraceFormat::blis;
    if (has("prompt_tokens")) return TraceFormat::csv;
    if (header->size() >= 5 && parseDouble((*header)[0].text) && parseDouble((*header)[1].text)) {
        return TraceFormat::servegenWindows;
    }
    return fail(
        Error{fmt::format("{} is the header of no known trace; name the format ({}), for csv with "
                          "a column map",
                          quotedText(headerText), knownFormats()),
              path, csv.line(), 1});
}

Result<RowSourcePtr> openReader(const TraceSource& source, const std::string& path,
                                TraceCounters& counters, const DrawKey& key) {
    TraceFormat format = source.format;
    const Result<TraceFormat> found = detectFormat(path, source.maxLineBytes);
    const bool named = format != TraceFormat::automatic;
    if (!named) {
        if (!found) return fail(found.error());
        format = *found;
    } else if (found && *found != format && !isMapped(format)) {
        counters.notes.insert(
            fmt::format("this looks like {0} and was read as {1}, so times and "
                        "lengths may be wrong by a factor; name {0} if that is what "
                        "it is",
                        traceFormatName(*found), traceFormatName(format)));
    }
    counters.format = format;
    if (Status status = checkColumns(source.columns, format, path); !status) {
        return fail(status.error());
    }
    if (format == TraceFormat::servegenWindows) {
        return openServegen(path, source.maxLineBytes, counters, key);
    }
    Result<LineReader> lines = LineReader::open(path, source.maxLineBytes);
    if (!lines) return fail(lines.error());
    if (isJson(format)) return openJsonTrace(format, source.columns, std::move(*lines), counters);
    return openCsvTrace(format, source.columns, std::move(*lines), counters);
}

Result<RowSourcePtr> openTrace(const TraceSource& source, const std::string& directory,
                               TraceCounters& counters, const DrawKey& key) {
    const std::string path = resolvedPath(source, directory);
    const Opener opener(source, path, key);
    Result<RowSourcePtr> rows = opener.open(source.transforms.size(), counters);
    if (!rows) return rows;
    return std::make_unique<NotEmpty>(std::move(*rows), path, counters);
}

} // namespace penstock::sim
