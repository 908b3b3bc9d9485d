// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/plan_reader.h"

#include "engine/config/text/reader.h"
#include "sim/scenario/profile.h"

#include <fmt/format.h>

#include <filesystem>

namespace penstock::sim {
namespace {

// `name` below the folder of the data, if there is one and the name is not absolute.
std::string below(const std::string& dataDirectory, const std::string& name) {
    if (dataDirectory.empty() || name.empty() || std::filesystem::path(name).is_absolute()) {
        return name;
    }
    return std::filesystem::absolute(std::filesystem::path(dataDirectory) / name).string();
}

// A copy of the document with the replica's mapping as the root; positions stay what they were.
Document replicaOf(const Document& document, const Node* node, const std::string& dataDirectory) {
    Document out = document;
    out.root() = node != nullptr ? Node(*node) : Document::mapping("replica").root();
    if (Node* table = out.root().find("operator_table")) {
        if (Node* folder = table->find("folder")) folder->text = below(dataDirectory, folder->text);
    }
    return out;
}

void readChecks(Reader& r, MeasurementSpec& spec) {
    r.list("checks", [&](Reader& c) {
        Check check;
        check.quantity = c.choice<Quantity>("quantity", {{"ttft", Quantity::ttft},
                                                         {"tpot", Quantity::tpot},
                                                         {"e2e", Quantity::e2e},
                                                         {"completed_rps", Quantity::completed}});
        check.rows = c.choice<Check::Rows>("rows",
                                           {{"all", Check::Rows::all},
                                            {"saturated", Check::Rows::saturated},
                                            {"unsaturated", Check::Rows::unsaturated}},
                                           Check::Rows::all);
        check.each = c.boolean("each", false);
        check.below = c.number("below", {.min = 0, .max = 10, .above = true});
        check.line = c.where().line;
        spec.checks.push_back(check);
    });
}

void readBounds(Reader& r, std::vector<Bound>& bounds) {
    for (const FitParameter& p : fitParameters()) {
        const auto range = r.numbers(p.name, {.min = p.least, .max = p.most}, {.min = 2, .max = 2},
                                     std::vector<double>{});
        if (range.size() != 2) continue;
        if (range[0] > range[1]) {
            r.fail(p.name, fmt::format("the least, {}, is above the most, {}", range[0], range[1]));
        }
        bounds.push_back({p.name, range[0], range[1]});
    }
}

} // namespace

Result<Plan> readPlan(const std::string& path, const std::string& dataDirectory) {
    const auto document = Document::load(path, Syntax::yaml);
    if (!document) return fail(document.error());
    Problems problems;
    Reader top = Reader::root(*document, problems);
    Plan plan;
    const auto found = [&](Reader& r, std::string_view key) {
        const std::string name = r.text(key);
        return dataDirectory.empty() ? r.file(key) : below(dataDirectory, name);
    };
    top.list("measurements",
             [&](Reader& r) {
                 MeasurementSpec spec;
                 spec.name = r.text("name");
                 spec.file = found(r, "file");
                 spec.source = r.text("source", "");
                 spec.deployment = r.text("deployment", "");
                 spec.fit = r.boolean("fit", true);
                 for (const auto& [column, value] : r.labels("where"))
                     spec.where[column] = value;
                 for (const auto& [ours, theirs] : r.labels("columns"))
                     spec.columns[ours] = theirs;
                 spec.groupBy = r.texts("group_by", {}, std::vector<std::string>{});
                 r.object("client", [&](Reader& c) {
                     spec.seconds = c.number("seconds", {.min = 1, .max = 86400}, spec.seconds);
                     spec.inFlightMax = c.integer<std::int64_t>("in_flight_max", {1, 10000000}, 0);
                     spec.distinctPrompts =
                         c.integer<std::int64_t>("distinct_prompts", {1, 1000000000}, 0);
                     spec.rounds = c.integer<std::int32_t>("rounds", {2, 1000}, spec.rounds);
                     spec.startTogether = c.choice<bool>(
                         "start", {{"together", true}, {"spread", false}}, spec.startTogether);
                 });
                 if (r.has("series")) {
                     spec.series = found(r, "series");
                 } else {
                     r.known("series");
                 }
                 spec.replica = replicaOf(*document, r.raw("replica"), dataDirectory);
                 readChecks(r, spec);
                 plan.measurements.push_back(std::move(spec));
             },
             {.min = 1, .max = 1000});
    top.object("bounds", [&](Reader& r) { readBounds(r, plan.bounds); });
    top.object("start", [&](Reader& r) { readStepConstants(r, plan.start); });
    top.finish();
    if (auto ok = problems.status(); !ok) return fail(ok.error());
    return plan;
}

Result<Measurements> readMeasurements(const std::vector<MeasurementSpec>& specs,
                                      const Hardware& hardware, bool tolerant) {
    Measurements out;
    for (const MeasurementSpec& spec : specs) {
        std::error_code error;
        if (tolerant && !std::filesystem::exists(spec.file, error)) {
            out.missing.emplace_back(spec.name, spec.file);
            continue;
        }
        auto ok = readRows(spec, hardware, out);
        if (!ok && !tolerant) return fail(ok.error());
        if (!ok) out.unreadable.emplace_back(spec.name, ok.error());
    }
    return out;
}

} // namespace penstock::sim
