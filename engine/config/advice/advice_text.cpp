// SPDX-License-Identifier: Apache-2.0
#include "engine/config/advice/advice.h"

#include <fmt/format.h>

namespace penstock {
namespace {

// Words of `text` in lines of at most `width`, each after `indent`, the first after `lead`.
std::string wrapped(std::string_view lead, std::string_view text, std::size_t width) {
    const std::string indent(4, ' ');
    std::string out;
    std::string line(lead);
    bool bare = true;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string_view word = text.substr(at, end - at);
        if (!bare && line.size() + 1 + word.size() > width) {
            out += line + "\n";
            line = indent;
            bare = true;
        }
        if (!bare) line += ' ';
        line += word;
        bare = false;
        at = end + 1;
    }
    return out + line + "\n";
}

} // namespace

std::string_view name(Severity severity) {
    switch (severity) {
    case Severity::note:
        return "note";
    case Severity::warning:
        return "warning";
    case Severity::error:
        return "error";
    }
    return "";
}

const std::vector<FindingKind>& findingKinds() {
    static const std::vector<FindingKind> kKinds{
        {"never-closes", "the gate closes above anything the pool can reach"},
        {"never-opens", "the gate is shut even when the pool is idle"},
        {"quantised", "rounding shuts the gate well before its threshold"},
        {"workers-above-ceiling", "more workers than the poll can ever keep busy"},
        {"poll-slower-than-cache", "the poll, not the metric cache, sets the age of decisions"},
        {"dead-time", "readings arrive too late for bursts this short"},
        {"fails-open", "without a reading the gate lets everything through"},
        {"fails-closed", "without a reading the queue stands still"},
        {"budget-counted-twice", "several queues each take the whole of one budget"},
        {"metric-not-exported", "nothing exports the series that the gate reads"},
        {"needs-flow-control", "the series exists only while the router's flow control is on"},
        {"tier-label-missing", "priority goes by a label that is not set"},
        {"deadline-unreachable", "the work cannot be done by its deadline at the highest rate"},
        {"timeout-beyond-lease", "a request may outlive the lease on it many times over"},
        {"ignored-key", "llm-d-async does not know the key and runs without it"},
        {"repeated-key", "a key is given twice, and the last counts"},
        {"text-ignored", "text behind a document that llm-d-async does not see"},
        {"repaired-text", "half a surrogate pair, read as U+FFFD"},
        {"unknown-gate", "an unknown gate_type, which llm-d-async takes for an open gate"},
        {"gate-ignored", "a gate where the transport has none"},
        {"gate-left-open", "parameters of a gate without its type"},
        {"not-a-number", "a number text that is NaN or infinite"},
        {"never-yields", "a query that Prometheus never answers with a sample"},
        {"out-of-range", "a number beyond its range that llm-d-async computes with"},
        {"matches-nothing", "a selector whose labels no series has"},
        {"zero-is-absent", "a 0 that the chart takes for no value"},
        {"number-with-exponent", "a number that the chart writes as 1e+06"},
        {"value-overridden", "a value that the chart does not read beside another"},
        {"unknown-choice", "a word that llm-d-async takes for none of those it knows"},
        {"limit-switched-off", "waiting lets through what the gate refuses"},
        {"poll-stands", "a gate that waits inside the poll and holds it up"},
        {"limit-meets-poll", "places that stand empty until the next poll"},
        {"store-error-final", "a failing store of a pool's gate ends every message"},
        {"unknown-lane", "an objective for a lane that does not exist"},
        {"unusable-header", "a value that no HTTP header can carry"},
        {"unusable-address", "an address that no request can be sent to"},
        {"address-from-environment", "the address of Redis is left to REDIS_URL"},
        {"answered-twice", "a channel that two queues read"},
        {"no-workers", "a pool that answers nothing"},
        {"no-metrics", "a port on which no metrics are to be had"},
        {"takes-nothing", "polls that never take a message"},
        {"timeout-at-once", "requests that end before they are sent"},
        {"not-supported", "read and checked, and not simulated"},
    };
    return kKinds;
}

std::string formatFindings(const std::vector<Finding>& findings, std::size_t width) {
    std::string out;
    for (const Finding& finding : findings) {
        const Error at{"", finding.place.file, finding.place.line, finding.place.column};
        std::string place = at.text();
        if (place.ends_with(": ")) place.resize(place.size() - 2);
        if (!out.empty()) out += "\n";
        out += fmt::format("{} {}: {}", name(finding.severity), finding.code, finding.path);
        out += place.empty() ? "\n" : fmt::format(" ({})\n", place);
        out += wrapped("    ", finding.computed, width);
        out += wrapped("    -> ", finding.remedy, width);
    }
    return out;
}

nlohmann::ordered_json findingsJson(const std::vector<Finding>& findings) {
    auto list = nlohmann::ordered_json::array();
    for (const Finding& f : findings) {
        list.push_back({{"code", f.code},
                        {"severity", name(f.severity)},
                        {"path", f.path},
                        {"file", f.place.file},
                        {"line", f.place.line},
                        {"column", f.place.column},
                        {"computed", f.computed},
                        {"remedy", f.remedy}});
    }
    return list;
}

} // namespace penstock
