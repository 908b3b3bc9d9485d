// SPDX-License-Identifier: Apache-2.0
// Traces in JSON Lines: Mooncake, ServeGen's offline jobs, RAGPulse, Qwen-Bailian, OpenAI batch
// input, llm-d-async messages, and any other by a column map.
#include "engine/types/suggest.h"
#include "sim/traffic/trace/conversations.h"
#include "sim/traffic/trace/json_rows.h"
#include "sim/traffic/trace/openai.h"
#include "sim/traffic/trace/readers.h"
#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace penstock::sim {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kMillisecond = 1'000'000;
// ServeGen and Qwen-Bailian hash blocks of 16 tokens (their READMEs; the latter's file names say
// so).
constexpr std::uint32_t kAlibabaBlockTokens = 16;
// A mapped key that none of so many requests has is misspelt.
constexpr std::uint64_t kRowsToFindAKey = 4096;

class JsonTrace final : public RowSource {
  public:
    JsonTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
              TraceCounters& counters)
        : format_(format), columns_(columns), objects_(std::move(lines)), counters_(counters) {
        for (const auto& [ours, theirs] : columns.names) {
            if (!theirs.empty()) unseen_.push_back({ours, theirs});
        }
        if (format == TraceFormat::openaiBatch || format == TraceFormat::llmdAsync) {
            counters.notes.insert(
                "prompt tokens are estimated from the length of the text, four bytes "
                "a token");
        }
    }

    Pull next(TraceRow& row) override {
        dom::object object;
        while (objects_.next(object)) {
            ++counters_.rowsRead;
            row.clear();
            JsonFields fields(objects_, object);
            skipped_ = nullptr;
            if (!unseen_.empty() && !lookForKeys(fields)) return Pull::failed;
            if (!parse(fields, row)) return Pull::failed;
            if (skipped_ != nullptr) {
                ++counters_.dropped[skipped_];
                continue;
            }
            row.prefixTokens = std::min(row.prefixTokens, row.promptTokens);
            if (const char* reason = unusable(row)) {
                ++counters_.dropped[reason];
                continue;
            }
            return Pull::row;
        }
        if (!objects_.failed() && !unseen_.empty() && counters_.rowsRead > 0) missed();
        return objects_.failed() ? Pull::failed : Pull::end;
    }

    const Error& error() const override { return objects_.error(); }

  private:
    struct MappedKey {
        std::string ours;
        std::string theirs;
    };

    // Strikes off the mapped keys that this request has; fails once one is missed for long.
    bool lookForKeys(const JsonFields& fields) {
        std::erase_if(unseen_, [&](const MappedKey& key) { return fields.has(key.theirs); });
        if (unseen_.empty() || counters_.rowsRead < kRowsToFindAKey) return true;
        return missed();
    }

    bool missed() {
        return objects_.complain(
            "", fmt::format(
                    "none of {} requests has the key {} that \"{}\" is mapped to; name the key "
                    "that holds it, or leave the mapping out",
                    counters_.rowsRead, quotedText(unseen_.front().theirs), unseen_.front().ours));
    }

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

    bool parseQwen(JsonFields& fields, TraceRow& row) {
        row.blockTokens = kAlibabaBlockTokens;
        fields.text("type", row.kind);
        std::int64_t chat = -1;
        std::int64_t parent = -1;
        if (fields.whole("chat_id", chat) && chat >= 0) {
            fields.whole("parent_chat_id", parent);
            row.session = conversations_.of(chat, parent);
        }
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
        fields.text("url", row.kind);
        skipped_ = notAGeneration(row.kind);
        if (skipped_ != nullptr) return true;
        dom::object body;
        if (!fields.require("body")) return false;
        if (!fields.object("body", body)) {
            return objects_.complain("body", "\"body\" is not an object");
        }
        return parseBody(body, row);
    }

    // A plain request message, or the envelope that the queues hold.
    bool parseLlmd(JsonFields& fields, TraceRow& row) {
        dom::object data = fields.raw();
        dom::object inner;
        if (fields.object("data", inner)) data = inner;
        dom::object internal;
        const bool envelope = fields.object("internal", internal);
        JsonFields message(objects_, data);
        dom::object payload;
        if (!message.has("payload") &&
            (message.has("payload_ref") ||
             (envelope && JsonFields(objects_, internal).has("payload_ref")))) {
            skipped_ = "its payload is kept apart (payload_ref)";
            return true;
        }
        if (!message.require("payload")) return false;
        if (!message.object("payload", payload)) {
            return objects_.complain("payload", "\"payload\" is not an object");
        }
        if (!parseBody(payload, row)) return false;
        if (message.has("model")) message.text("model", row.model);
        if (!parseLlmdTimes(message, row)) return false;
        dom::object metadata;
        if (message.object("metadata", metadata)) {
            JsonFields(objects_, metadata).text("userid", row.tenant);
        }
        dom::object labels;
        if (envelope && internal.at_key("labels").get(labels) == simdjson::SUCCESS) {
            JsonFields(objects_, labels).text("tier", row.tier);
        }
        return true;
    }

    // Where no message says when it was made, all come at once, and their deadlines, which are
    // dates, mean nothing on that clock: they are left to the scenario. Some that say so among
    // others that do not would put decades between them. 0 is what a sender writes that has set
    // nothing.
    bool parseLlmdTimes(JsonFields& message, TraceRow& row) {
        std::int64_t created = 0;
        std::int64_t deadline = 0;
        if (!message.time("created", kSecond, created) ||
            !message.time("deadline", kSecond, deadline)) {
            return false;
        }
        const bool dated = created != 0;
        if (std::exchange(firstMessage_, false)) {
            dated_ = dated;
            if (!dated) {
                counters_.notes.insert("no message says when it was created: all come at once, and "
                                       "their deadlines, which are dates, are left out");
            }
        }
        if (dated != dated_) {
            return objects_.complain(dated ? "created" : "",
                                     dated ? "\"created\" is set here and in none of the messages "
                                             "before; give all of them "
                                             "a time, or none"
                                           : "no \"created\" in this message, but in those before; "
                                             "give all of them a time, "
                                             "or none");
        }
        if (!dated) return true;
        row.timeNs = created;
        if (deadline > 0) row.deadlineNs = deadline;
        return true;
    }

    // The key that the column map gives to `name`.
    std::string_view key(std::string_view name) {
        const auto found = columns_.names.find(std::string(name));
        return found != columns_.names.end() ? std::string_view(found->second) : name;
    }

    bool parseMapped(JsonFields& fields, TraceRow& row) {
        const std::int64_t unit = timeUnitNs(columns_);
        row.blockTokens = kMooncakeBlockTokens;
        fields.text(key("tenant"), row.tenant);
        fields.text(key("tier"), row.tier);
        fields.text(key("model"), row.model);
        fields.text(key("kind"), row.kind);
        row.session = fields.number(key("session"));
        if (const std::uint64_t group = fields.number(key("prefix_group")); group != 0) {
            row.prefixGroup = static_cast<std::uint32_t>(group | 1);
        }
        constexpr const char* kTimes = "map the one that holds it, with columns: {time: NAME} or "
                                       "--column time=NAME; an empty NAME "
                                       "says that all requests come at once";
        constexpr const char* kPrompts =
            "map the one that holds it, with columns: {prompt_tokens: NAME} "
            "or --column prompt_tokens=NAME";
        const std::string_view time = key("time");
        return fields.require(key("prompt_tokens"), kPrompts) &&
               (time.empty() || fields.require(time, kTimes)) &&
               fields.count(key("prompt_tokens"), row.promptTokens) &&
               fields.time(time, unit, row.timeNs) &&
               fields.count(key("output_tokens"), row.outputTokens) &&
               fields.count(key("max_tokens"), row.maxTokens) &&
               fields.time(key("deadline"), unit, row.deadlineNs) &&
               fields.time(key("cancel_after"), unit, row.cancelAfterNs) &&
               fields.count(key("prefix_tokens"), row.prefixTokens) &&
               fields.count(key("job"), row.job, UINT32_MAX) &&
               fields.priority(key("priority"), row) &&
               fields.count(key("block_tokens"), row.blockTokens) &&
               fields.hashes(key("block_hashes"), row.blockHashes);
    }

    TraceFormat format_;
    ColumnMap columns_;
    std::vector<MappedKey> unseen_; // keys of the map that no request had so far
    JsonObjects objects_;
    TraceCounters& counters_;
    Conversations conversations_;
    const char* skipped_ = nullptr; // why the present request is left out
    bool firstMessage_ = true;
    bool dated_ = false;
};

} // namespace

Result<RowSourcePtr> openJsonTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
                                   TraceCounters& counters) {
    return std::make_unique<JsonTrace>(format, columns, std::move(lines), counters);
}

} // namespace penstock::sim
