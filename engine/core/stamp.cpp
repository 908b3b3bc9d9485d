// SPDX-License-Identifier: Apache-2.0
#include "engine/core/stamp.h"

#include <algorithm>

namespace penstock {

bool isHeaderName(std::string_view name) {
    static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const auto token = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kMarks.find(c) != std::string_view::npos;
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), token);
}

bool isHeaderValue(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

Outbound stamp(const Request& request, const MergeSettings& merge, const Semantics& semantics,
               std::string_view queueObjective, std::uint8_t lane) {
    Outbound out;
    out.sendTimeoutHeader = semantics.sendTimeoutHeader;
    out.objective = queueObjective;
    if (semantics.fairnessHeaderKnown && !merge.fairnessHeader.empty() &&
        request.envelope != nullptr) {
        const std::string* id = findLabel(request.envelope->metadata, merge.fairnessAttribute);
        if (id != nullptr && !id->empty() && id->size() <= kIdentityBytesMax &&
            isHeaderValue(*id)) {
            out.fairnessHeader = merge.fairnessHeader;
            out.fairnessId = *id;
        }
    }
    if (merge.kind != MergeSettings::Kind::tierPriority) return out;
    if (semantics.stampLaneObjective && lane < merge.laneObjectives.size() &&
        !merge.laneObjectives[lane].empty()) {
        out.laneObjectiveHeader = merge.objectiveHeader;
        out.laneObjective = merge.laneObjectives[lane];
    }
    if (!merge.priorityHeader.empty()) {
        out.priorityHeader = merge.priorityHeader;
        out.priority = lane;
    }
    return out;
}

} // namespace penstock
