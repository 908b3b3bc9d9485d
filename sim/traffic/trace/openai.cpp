// SPDX-License-Identifier: Apache-2.0
// Bytes of text are counted, not tokens: the tokeniser of a recorded model is not at hand.
#include "sim/traffic/trace/openai.h"

#include "sim/traffic/trace/trace_row.h"

#include <algorithm>
#include <utility>

namespace penstock::sim {
namespace {

namespace dom = simdjson::dom;

// Bytes of text in a prompt, however nested; token ids count four bytes each.
std::uint64_t textBytes(dom::element element, int depth) {
    if (depth > 8) return 0;
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) return text.size();
    std::uint64_t bytes = 0;
    dom::array array;
    if (element.get(array) == simdjson::SUCCESS) {
        for (const dom::element item : array) {
            bytes += item.is_number() ? 4 : textBytes(item, depth + 1);
        }
        return bytes;
    }
    dom::object object;
    if (element.get(object) == simdjson::SUCCESS) {
        for (const auto field : object) {
            if (field.key == "content" || field.key == "text") {
                bytes += textBytes(field.value, depth + 1);
            }
        }
    }
    return bytes;
}

} // namespace

std::uint32_t estimatePromptTokens(dom::object body) {
    std::uint64_t bytes = 0;
    for (const std::string_view key : {"prompt", "messages", "input"}) {
        dom::element value;
        if (body.at_key(key).get(value) == simdjson::SUCCESS) bytes += textBytes(value, 0);
    }
    return static_cast<std::uint32_t>(std::min<std::uint64_t>((bytes + 3) / 4, kMostTraceTokens));
}

const char* notAGeneration(std::string_view url) {
    static constexpr std::pair<std::string_view, const char*> kOthers[] = {
        {"/embeddings", "no generation: embeddings"},
        {"/moderations", "no generation: moderations"},
        {"/score", "no generation: score"},
        {"/rerank", "no generation: rerank"},
        {"/classify", "no generation: classify"},
        {"/pooling", "no generation: pooling"},
        {"/images/generations", "no generation of text: images"},
        {"/audio/transcriptions", "no generation of text: audio"},
        {"/audio/translations", "no generation of text: audio"},
        {"/audio/speech", "no generation of text: audio"},
    };
    for (const auto& [end, reason] : kOthers) {
        if (url.ends_with(end)) return reason;
    }
    return nullptr;
}

} // namespace penstock::sim
