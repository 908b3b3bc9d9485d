// SPDX-License-Identifier: Apache-2.0
// Traces in JSON Lines: Mooncake, ServeGen's offline jobs, RAGPulse, Qwen-Bailian, OpenAI batch
// input, llm-d-async messages, and any other by a column map.
#include "sim/traffic/json_rows.h"
#include "sim/traffic/readers.h"
#include "sim/traffic/text_value.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace penstock::sim {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kMillisecond = 1'000'000;
// ServeGen and Qwen-Bailian hash blocks of 16 tokens (their READMEs; the latter's file names say
// so).
constexpr std::uint32_t kAlibabaBlockTokens = 16;

class JsonTrace final : public RowSource {
  public:
    JsonTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
              TraceCounters& counters)
        : format_(format), columns_(columns), objects_(std::move(lines)), counters_(counters) {}

    Pull next(TraceRow& row) override {
        dom::object object;
        while (objects_.next(object)) {
            ++counters_.rowsRead;
            row.clear();
            JsonFields fields(objects_, object);
            if (!parse(fields, row)) return Pull::failed;
            row.prefixTokens = std::min(row.prefixTokens, row.promptTokens);
            if (const char* reason = unusable(row)) {
                ++counters_.dropped[reason];
                continue;
            }
            return Pull::row;
        }
        return objects_.failed() ? Pull::failed : Pull::end;
    }

    const Error& error() const override { return objects_.error(); }

  private:
    bool parse(JsonFields& fields, TraceRow& row) {
        switch (format_) {
        case TraceFormat::mooncake:
            return parseMooncake(fields, row);
        case TraceFormat::servegenOffline:
            return parseServegenOffline(fields, row);
        case TraceFormat::ragpulse:
            return parseRagpulse(fields, row);
        case TraceFormat::qwenBailian:
            return parseQwen(fields, row);
        case TraceFormat::openaiBatch:
            return parseOpenai(fields, row);
        case TraceFormat::llmdAsync:
            return parseLlmd(fields, row);
        default:
            return parseMapped(fields, row);
        }
    }

    static bool lengths(JsonFields& fields, TraceRow& row) {
        return fields.require("input_length") && fields.count("input_length", row.promptTokens) &&
               fields.count("output_length", row.outputTokens);
    }

    static bool parseMooncake(JsonFields& fields, TraceRow& row) {
        row.blockTokens = kMooncakeBlockTokens;
        fields.text("type", row.kind);
        return fields.require("timestamp") && fields.time("timestamp", kMillisecond, row.timeNs) &&
               lengths(fields, row) && fields.hashes("hash_ids", row.blockHashes);
    }

    static bool parseServegenOffline(JsonFields& fields, TraceRow& row) {
        row.job = 1;
        row.blockTokens = kAlibabaBlockTokens;
        fields.text("type", row.kind);
        return lengths(fields, row) && fields.hashes("hash_ids", row.blockHashes);
    }

    static bool parseRagpulse(JsonFields& fields, TraceRow& row) {
        row.session = fields.number("session_id");
        if (!fields.require("timestamp") || !fields.time("timestamp", kSecond, row.timeNs) ||
            !lengths(fields, row) || !fields.hashes("hash_ids", row.blockHashes)) {
            return false;
        }
        // Passages differ in length and their lengths are in other files; an equal share each keeps
        // the prompt's length and its order.
        if (!row.blockHashes.empty()) {
            const auto blocks = static_cast<std::uint32_t>(row.blockHashes.size());
            row.blockTokens = std::max(1U, row.promptTokens / blocks +
                                               (row.promptTokens % blocks != 0 ? 1U : 0U));
        }
        return true;
    }

    static bool parseQwen(JsonFields& fields, TraceRow& row) {
        row.blockTokens = kAlibabaBlockTokens;
        fields.text("type", row.kind);
        return fields.require("timestamp") && fields.time("timestamp", kSecond, row.timeNs) &&
               lengths(fields, row) && fields.hashes("hash_ids", row.blockHashes);
    }

    // The prompt, model and limits of an OpenAI request body.
    bool parseBody(dom::object body, TraceRow& row) {
        JsonFields fields(objects_, body);
        fields.text("model", row.model);
        row.promptTokens = estimatePromptTokens(body);
        return fields.count("max_tokens", row.maxTokens) &&
               fields.count("max_completion_tokens", row.maxTokens) &&
               fields.count("max_output_tokens", row.maxTokens);
    }

    bool parseOpenai(JsonFields& fields, TraceRow& row) {
        row.job = 1;
        dom::object body;
        if (!fields.require("body")) return false;
        if (!fields.object("body", body)) {
            return objects_.complain("body", "\"body\" is not an object");
        }
        fields.text("url", row.kind);
        return parseBody(body, row);
    }

    // A plain request message, or the envelope that the queues hold.
    bool parseLlmd(JsonFields& fields, TraceRow& row) {
        dom::object data = fields.raw();
        dom::object inner;
        if (fields.object("data", inner)) data = inner;
        JsonFields message(objects_, data);
        dom::object payload;
        if (!message.require("payload")) return false;
        if (!message.object("payload", payload)) {
            return objects_.complain("payload", "\"payload\" is not an object");
        }
        if (!parseBody(payload, row)) return false;
        if (message.has("model")) message.text("model", row.model);
        std::int64_t deadline = 0;
        if (!message.time("created", kSecond, row.timeNs) ||
            !message.time("deadline", kSecond, deadline)) {
            return false;
        }
        if (deadline > 0) row.deadlineNs = deadline;
        dom::object metadata;
        if (message.object("metadata", metadata)) {
            JsonFields(objects_, metadata).text("userid", row.tenant);
        }
        dom::object internal;
        dom::object labels;
        if (fields.object("internal", internal) &&
            internal.at_key("labels").get(labels) == simdjson::SUCCESS) {
            JsonFields(objects_, labels).text("tier", row.tier);
        }
        return true;
    }

    // The key that the column map gives to `name`.
    std::string_view key(std::string_view name) {
        const auto found = columns_.names.find(std::string(name));
        return found != columns_.names.end() ? std::string_view(found->second) : name;
    }

    bool parseMapped(JsonFields& fields, TraceRow& row) {
        const std::int64_t unit =
            columns_.timeUnitSeconds > 0
                ? static_cast<std::int64_t>(columns_.timeUnitSeconds * 1e9 + 0.5)
                : kSecond;
        row.blockTokens = kMooncakeBlockTokens;
        fields.text(key("tenant"), row.tenant);
        fields.text(key("tier"), row.tier);
        fields.text(key("model"), row.model);
        fields.text(key("kind"), row.kind);
        row.session = fields.number(key("session"));
        if (const std::uint64_t group = fields.number(key("prefix_group")); group != 0) {
            row.prefixGroup = static_cast<std::uint32_t>(group | 1);
        }
        return fields.require(key("prompt_tokens")) &&
               fields.count(key("prompt_tokens"), row.promptTokens) &&
               fields.time(key("time"), unit, row.timeNs) &&
               fields.count(key("output_tokens"), row.outputTokens) &&
               fields.count(key("max_tokens"), row.maxTokens) &&
               fields.time(key("deadline"), unit, row.deadlineNs) &&
               fields.time(key("cancel_after"), unit, row.cancelAfterNs) &&
               fields.count(key("prefix_tokens"), row.prefixTokens) &&
               fields.count(key("job"), row.job) && fields.priority(key("priority"), row) &&
               fields.count(key("block_tokens"), row.blockTokens) &&
               fields.hashes(key("block_hashes"), row.blockHashes);
    }

    TraceFormat format_;
    ColumnMap columns_;
    JsonObjects objects_;
    TraceCounters& counters_;
};

} // namespace

Result<RowSourcePtr> openJsonTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
                                   TraceCounters& counters) {
    return std::make_unique<JsonTrace>(format, columns, std::move(lines), counters);
}

} // namespace penstock::sim
