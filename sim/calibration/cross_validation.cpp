// SPDX-License-Identifier: Apache-2.0
// Cross-validation: the rows of a group are taken away, the rest is fitted, and the group is
// predicted.
#include "sim/calibration/fit.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::sim {
namespace {

struct Group {
    std::string name;
    std::size_t set;
    std::vector<std::size_t> rows;
};

// The groups that the measurements come with; where that is a single one, its rows one by one, or
// every fifth of them together where they are many.
std::vector<Group> groupsOf(const Measurements& m) {
    constexpr std::size_t kFewRows = 12, kFolds = 5;
    std::vector<Group> groups;
    for (std::size_t s = 0; s < m.sets.size(); ++s) {
        const MeasurementSet& set = m.sets[s];
        if (!set.fit) continue;
        for (std::size_t r = 0; r < set.rows.size(); ++r) {
            const auto same = [&](const Group& g) { return g.name == set.rows[r].group; };
            auto at = std::find_if(groups.begin(), groups.end(), same);
            if (at == groups.end()) at = groups.insert(at, {set.rows[r].group, s, {}});
            at->rows.push_back(r);
        }
    }
    if (groups.size() != 1) return groups;
    const Group whole = groups.front();
    if (whole.rows.size() < 2) return {};
    groups.clear();
    if (whole.rows.size() <= kFewRows) {
        for (const std::size_t r : whole.rows)
            groups.push_back({m.sets[whole.set].rows[r].label, whole.set, {r}});
        return groups;
    }
    for (std::size_t k = 0; k < kFolds; ++k) {
        Group fold{fmt::format("fifth {} of the rows", k + 1), whole.set, {}};
        for (std::size_t i = k; i < whole.rows.size(); i += kFolds)
            fold.rows.push_back(whole.rows[i]);
        groups.push_back(std::move(fold));
    }
    return groups;
}

} // namespace

Result<std::vector<HeldOut>> crossValidate(const Measurements& measurements, const Candidate& start,
                                           const Fit& whole, const FitOptions& options) {
    const std::vector<Group> groups = groupsOf(measurements);
    std::vector<HeldOut> out;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const Group& group = groups[g];
        FitOptions o = options;
        o.starts = 1; // what is left out must not be found by luck
        if (options.progress) {
            o.progress = [&](std::size_t done, std::size_t most) {
                options.progress(g * most + done, groups.size() * most);
            };
        }
        Measurements rest = measurements;
        for (const std::size_t r : group.rows)
            rest.sets[group.set].rows[r].measured = Values{};
        const auto found = fit(rest, start, o);
        if (!found) return fail(found.error());
        HeldOut held;
        held.group = group.name;
        held.set = group.set;
        held.candidate = found->candidate;
        const MeasurementSet& set = measurements.sets[group.set];
        const auto mine = [&](const MeasuredRow& row, Quantity quantity) {
            const auto r = static_cast<std::size_t>(&row - set.rows.data());
            return weightOf(set, row, quantity) > 0.0 &&
                   std::find(group.rows.begin(), group.rows.end(), r) != group.rows.end();
        };
        held.inside = summarise(group.name, set, whole.predicted[group.set], mine);
        held.outside = summarise(group.name, set, found->predicted[group.set], mine);
        out.push_back(std::move(held));
    }
    return out;
}

} // namespace penstock::sim
