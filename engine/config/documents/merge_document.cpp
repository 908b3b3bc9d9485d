// SPDX-License-Identifier: Apache-2.0
// The merge policy document: pkg/async/mergepolicy of llm-d-async.
#include "engine/config/documents/documents_parts.h"
#include "engine/config/text/wording.h"
#include "engine/core/stamp.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::detail {
namespace {

using namespace std::chrono_literals;

std::string readHeaderName(Reader& r, std::string_view key, std::string_view fallback,
                           bool emptyDisables, const PartContext& context) {
    // An absent key means the default; an empty one disables stamping where that is possible.
    if (!r.has(key)) {
        r.known(key);
        return std::string(fallback);
    }
    std::string name = r.text(key, "");
    if (name.empty()) return emptyDisables ? "" : std::string(fallback);
    if (!isHeaderName(name)) {
        const std::string what =
            fmt::format("{} is not a legal HTTP header name; letters, digits and hyphens are",
                        quoteForError(name));
        if (context.semantics.headerNamesChecked) {
            r.fail(key, what);
        } else {
            context.find(Severity::error, "unusable-header", r, key, what + ".",
                         "Mend it: llm-d-async starts, and ends every request at once as an "
                         "INFERENCE_ERROR.");
        }
        return "";
    }
    return name;
}

void readLanes(Reader& r, MergeSettings& s, const PartContext& context) {
    const auto& lanes = laneNames();
    for (const Label& lane : r.labels("lane_objectives")) {
        const auto found = std::find(lanes.begin(), lanes.end(), lane.key);
        if (found == lanes.end()) {
            context.judge(
                "unknown-lane", r, "lane_objectives",
                fmt::format("unknown lane {}{} Lanes: {}", quoteForError(lane.key),
                            didYouMean(lane.key, {lanes.begin(), lanes.end()}),
                            listOf({lanes.begin(), lanes.end()})),
                "Name one of the six; llm-d-async starts and stamps nothing for this one.");
            continue;
        }
        if (!isHeaderValue(lane.value)) {
            context.judge("unusable-header", r, "lane_objectives",
                          fmt::format("the objective of {} holds a control character; it is no "
                                      "HTTP header value",
                                      lane.key),
                          "Take it out: llm-d-async ends every request of this lane at once, as an "
                          "INFERENCE_ERROR.");
            continue;
        }
        s.laneObjectives.resize(lanes.size());
        s.laneObjectives[static_cast<std::size_t>(found - lanes.begin())] = lane.value;
    }
}

void readMergeParameters(Reader& r, MergePolicyDocument& merge, const PartContext& context) {
    MergeSettings& s = merge.settings;
    const Semantics& semantics = context.semantics;
    if (semantics.fairnessHeaderKnown) {
        s.fairnessHeader = readHeaderName(r, "fairness_header", s.fairnessHeader, true, context);
        s.fairnessAttribute = orElse(r.text("fairness_attribute", ""), "userid");
    }
    if (s.kind != MergeSettings::Kind::tierPriority) return;
    s.priorityHeader = readHeaderName(r, "priority_header", semantics.priorityHeaderDefault,
                                      semantics.priorityHeaderDefault.empty(), context);
    s.tierLabel = orElse(r.text("tier_label", ""), "tier");
    if (!context.asGo()) s.aging = r.duration("aging_seconds", {0s, 24h}, 0s);
    // Where a version does not read them, they are keys like any unknown one.
    if (context.asGo() && !semantics.stampLaneObjective) return;
    s.objectiveHeader = readHeaderName(r, "objective_header", s.objectiveHeader, false, context);
    readLanes(r, s, context);
}

} // namespace

void readMergePolicy(Reader& r, MergePolicyDocument& merge, const PartContext& context) {
    merge.path = r.path();
    merge.place = r.where();
    merge.settings.kind = r.choice<MergeSettings::Kind>(
        "type", {{"random-robin", MergeSettings::Kind::randomRobin},
                 {"tier-priority", MergeSettings::Kind::tierPriority}});
    if (merge.settings.kind == MergeSettings::Kind::tierPriority) {
        merge.settings.priorityHeader = context.semantics.priorityHeaderDefault;
    }
    r.object("parameters", [&](Reader& p) {
        context.begin(p);
        readMergeParameters(p, merge, context);
    });
}

} // namespace penstock::detail
