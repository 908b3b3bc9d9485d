// SPDX-License-Identifier: Apache-2.0
// Small things every reader needs, and the names of formats and transforms.
#include "sim/traffic/trace/trace_row.h"

#include "sim/traffic/spec/overload.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace penstock::sim {
namespace {

constexpr std::array<std::string_view, kTraceFormats> kNames = {
    "auto",     "azure",        "burstgpt",     "mooncake",   "servegen", "servegen_offline",
    "ragpulse", "qwen_bailian", "openai_batch", "llmd_async", "blis",     "csv",
    "jsonl"};

} // namespace

void TraceRow::clear() {
    timeNs = 0;
    deadlineNs = kNoTime;
    cancelAfterNs = kNoTime;
    promptTokens = outputTokens = kUnknownTokens;
    maxTokens = prefixGroup = prefixTokens = job = blockTokens = 0;
    session = 0;
    priority = 0;
    hasPriority = false;
    blockHashes.clear();
    tenant.clear();
    tier.clear();
    model.clear();
    kind.clear();
}

std::uint64_t textNumber(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return hash == 0 ? 1 : hash;
}

std::string_view traceFormatName(TraceFormat format) {
    return kNames[static_cast<std::size_t>(format)];
}

bool parseTraceFormat(std::string_view name, TraceFormat& out) {
    const auto plain = [](std::string_view text) {
        std::string letters;
        for (const char c : text) {
            if (c == '-' || c == '_' || c == ' ') continue;
            letters += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        return letters;
    };
    const std::string wanted = plain(name);
    if (wanted == "automatic") {
        out = TraceFormat::automatic;
        return true;
    }
    if (wanted == "servegenwindows") {
        out = TraceFormat::servegenWindows;
        return true;
    }
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (wanted == plain(kNames[i])) {
            out = static_cast<TraceFormat>(i);
            return true;
        }
    }
    return false;
}

std::string resolvedPath(const TraceSource& source, const std::string& directory) {
    const std::filesystem::path path(source.path);
    if (directory.empty() || path.is_absolute()) return source.path;
    return (std::filesystem::path(directory) / path).lexically_normal().string();
}

bool endless(const std::vector<Transform>& transforms) {
    for (const Transform& transform : transforms) {
        const auto* loop = std::get_if<LoopTransform>(&transform);
        if (loop != nullptr && loop->times == 0) return true;
    }
    return false;
}

std::vector<std::string> describeTransforms(const std::vector<Transform>& transforms) {
    static const char* const kModes[] = {"thin", "superpose", "replicate", "time_scale"};
    std::vector<std::string> out;
    for (const Transform& transform : transforms) {
        out.push_back(std::visit(
            Overload{
                [](const SliceTransform& t) {
                    return fmt::format("slice from {:g} s to {:g} s", t.fromSeconds, t.toSeconds);
                },
                [](const FilterTransform& t) {
                    std::string text =
                        fmt::format("filter prompt {:g}..{:g} output {:g}..{:g}", t.minPromptTokens,
                                    t.maxPromptTokens, t.minOutputTokens, t.maxOutputTokens);
                    if (!t.model.empty()) text += " model " + t.model;
                    if (!t.kind.empty()) text += " kind " + t.kind;
                    return text;
                },
                [](const DitherTransform& t) {
                    return t.gridSeconds > 0 ? fmt::format("dither over {:g} s", t.gridSeconds)
                                             : std::string("dither over the detected grid");
                },
                [](const ScaleTransform& t) {
                    return fmt::format("scale by {} x {:g}", kModes[static_cast<int>(t.mode)],
                                       t.factor);
                },
                [](const ClampTransform& t) {
                    return fmt::format("clamp prompt {:g}..{:g} output {:g}..{:g}",
                                       t.minPromptTokens, t.maxPromptTokens, t.minOutputTokens,
                                       t.maxOutputTokens);
                },
                [](const LoopTransform& t) {
                    return t.times > 0 ? fmt::format("loop {:g} times", t.times)
                                       : std::string("loop for ever");
                },
            },
            transform));
    }
    return out;
}

} // namespace penstock::sim
