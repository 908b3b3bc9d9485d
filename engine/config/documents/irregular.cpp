// SPDX-License-Identifier: Apache-2.0
// What is odd about a document as a whole, and what becomes of it: as Go's decoder has it, or
// refused.
#include "engine/config/documents/documents_parts.h"

#include <fmt/format.h>

namespace penstock::detail {
namespace {

// Does a position belong to the part `key` of the tree, which came from a file of its own?
bool within(Reader& r, std::string_view key, const Position& at) {
    const Node* part = r.node().find(key);
    return part != nullptr && part->at.source == at.source && at.source != 0;
}

// What a key that an older version ignores does in a later one.
std::string_view since(std::string_view key) {
    static constexpr std::pair<std::string_view, std::string_view> kSince[] = {
        {"result_ttl_seconds", "0.9.1"},
        {"lane_objectives", "0.9.1"},
        {"objective_header", "0.9.1"},
        {"claim_lease_ttl_seconds", "0.9.1"},
        {"claim_reclaim_interval_ms", "0.9.1"},
        {"fairness_header", "0.9"},
        {"fairness_attribute", "0.9"},
        {"mode", "0.11"},
        {"addrs", "0.11"},
        {"master_name", "0.11"}};
    for (const auto& [name, version] : kSince) {
        if (name == key) return version;
    }
    return "";
}

} // namespace

void judgeIrregular(Reader& r, const PartContext& context) {
    for (const Irregularity& odd : r.document().irregularities()) {
        const Place place = r.document().place(odd.at);
        const auto refuse = [&](std::string_view why) {
            r.problems().add(Error::at(place, odd.message + std::string(why)));
        };
        const auto warn = [&](std::string_view code, std::string_view why) {
            context.findings.push_back({std::string(code), Severity::warning, r.path(), place,
                                        odd.message + std::string(why), "Keep one."});
        };
        const bool first = within(r, "merge_policy", odd.at) || within(r, "transforms", odd.at);
        switch (odd.kind) {
        case Irregularity::Kind::byteOrderMark:
            if (context.asGo()) {
                refuse(" stands before the text, which llm-d-async does not take for JSON; save "
                       "the file without it");
            }
            break;
        case Irregularity::Kind::repeatedKey:
            if (!context.asGo()) {
                refuse("");
            } else {
                warn("repeated-key", ": llm-d-async lays the later value over the earlier, so that "
                                     "the last counts and mappings and lists are merged.");
            }
            break;
        case Irregularity::Kind::trailingText:
            if (!context.asGo() || !first) {
                refuse("; a document is one value");
            } else {
                warn("text-ignored", ", which llm-d-async does not see: only the first value of "
                                     "this document counts.");
            }
            break;
        case Irregularity::Kind::loneSurrogate:
            if (!context.asGo()) {
                refuse("; it is no character");
            } else {
                warn("repaired-text", ": llm-d-async reads U+FFFD instead.");
            }
            break;
        }
    }
}

Finding ignoredKey(const UnknownKey& key, const Semantics& semantics) {
    const std::string_view version = since(key.key);
    std::string remedy = "Take it out. Known here: " + key.known + ".";
    if (!version.empty()) {
        remedy = fmt::format("Deploy {} or later, which read it, or take it out.", version);
    } else if (!key.nearest.empty()) {
        remedy = fmt::format("Write \"{}\", if that is meant.", key.nearest);
    }
    return {"ignored-key",
            Severity::error,
            key.path,
            key.place,
            fmt::format("{} does not know the key {} here: it starts and runs as if the key were "
                        "not there{}.",
                        semantics.name, quoteForError(key.key),
                        key.nearest.empty() ? ""
                                            : fmt::format(", with what {} is without it",
                                                          quoteForError(key.nearest))),
            std::move(remedy)};
}

void PartContext::find(Severity severity, std::string_view code, Reader& r, std::string_view key,
                       std::string computed, std::string remedy) const {
    findings.push_back({std::string(code), severity, r.pathOf(key), r.where(key),
                        std::move(computed), std::move(remedy)});
}

void PartContext::judge(std::string_view code, Reader& r, std::string_view key,
                        std::string computed, std::string remedy) const {
    if (asGo()) {
        find(Severity::error, code, r, key, std::move(computed), std::move(remedy));
    } else {
        r.fail(key, computed);
    }
}

} // namespace penstock::detail
