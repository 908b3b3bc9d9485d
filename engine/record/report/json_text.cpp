// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/json_text.h"

#include <fmt/core.h>

namespace penstock {

namespace {

// Whoever walks a tree goes as deep as it is.
constexpr int kMostLevels = 100;

bool tooDeep(std::string_view text) {
    int level = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted && c == '\\') {
            ++at;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '[' || c == '{')) {
            if (++level > kMostLevels) return true;
        } else if (!quoted && (c == ']' || c == '}')) {
            --level;
        }
    }
    return false;
}

} // namespace

Result<Json> jsonFrom(std::string_view text) {
    if (tooDeep(text)) return fail(fmt::format("nested deeper than {} levels", kMostLevels));
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return fail("not JSON");
    return json;
}

Result<Json> reportFrom(std::string_view text) {
    auto json = jsonFrom(text);
    if (!json) return json;
    const auto schema = json->is_object() ? json->find("schema") : json->end();
    if (!json->is_object() || schema == json->end() || *schema != kReportSchema) {
        return fail(
            fmt::format("not a report ({}), as `penstock run --json` writes it", kReportSchema));
    }
    return json;
}

} // namespace penstock
