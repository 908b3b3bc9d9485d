// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/compare.h"

#include "engine/record/report/expectation.h"
#include "engine/record/report/text_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace penstock {

namespace {
// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
constexpr std::array kStudent = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                 2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                 2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                 2.060,  2.056, 2.052, 2.048, 2.045, 2.042};

bool comparable(const std::string& path) {
    static const std::set<std::string> kOwn = {"schema",
                                               "scenario",
                                               "about",
                                               "lesson",
                                               "seed",
                                               "fingerprint",
                                               "traffic_fingerprint",
                                               "wall_seconds",
                                               "simulated_requests_per_second",
                                               "events"};
    return !kOwn.contains(path) && !path.starts_with("advice[") &&
           !path.starts_with("expectations[");
}

bool isCount(const Json& value) {
    return value.is_number_integer();
}

void mark(CompareRow& row, const Noise& noise) {
    if (!row.a.is_number() || !row.b.is_number()) {
        row.beyondNoise = row.a != row.b;
        return;
    }
    const double a = row.a.get<double>();
    const double b = row.b.get<double>();
    row.abs = b - a;
    row.rel = a != 0 ? row.abs / std::abs(a) : 0;
    const double size = std::abs(row.abs);
    if (size == 0) return;
    if (const auto known = noise.halfWidth.find(row.path); known != noise.halfWidth.end()) {
        row.beyondNoise = size > known->second;
        return;
    }
    if (size <= noise.relative * std::max(std::abs(a), std::abs(b))) return;
    row.beyondNoise = !isCount(row.a) || !isCount(row.b) || size > 2 * std::sqrt(a + b);
}

} // namespace

Noise noiseOf(std::span<const Json> replications) {
    Noise out;
    if (replications.size() < 2) return out;
    const std::size_t freedom = replications.size() - 1;
    const double t = freedom <= kStudent.size() ? kStudent[freedom - 1] : 1.96;
    for (const std::string& path : leafPaths(replications.front())) {
        double sum = 0;
        double squares = 0;
        std::size_t n = 0;
        for (const Json& report : replications) {
            const auto value = lookUp(report, path);
            if (!value || !value->is_number()) break;
            const double v = value->get<double>();
            sum += v;
            squares += v * v;
            ++n;
        }
        if (n != replications.size()) continue;
        const auto count = static_cast<double>(n);
        const double variance = std::max(0.0, (squares - sum * sum / count) / (count - 1));
        out.halfWidth[path] = t * std::sqrt(2 * variance);
    }
    return out;
}

std::vector<CompareRow> compare(const Json& a, const Json& b, const Noise& noise) {
    std::vector<CompareRow> out;
    const std::vector<std::string> left = leafPaths(a);
    const std::set<std::string> known(left.begin(), left.end());
    const auto add = [&](const std::string& path) {
        if (!comparable(path)) return;
        CompareRow row{.path = path};
        if (const auto value = lookUp(a, path)) row.a = *value;
        if (const auto value = lookUp(b, path)) row.b = *value;
        mark(row, noise);
        out.push_back(std::move(row));
    };
    for (const std::string& path : left)
        add(path);
    for (const std::string& path : leafPaths(b)) {
        if (!known.contains(path)) add(path);
    }
    return out;
}

std::string toText(const std::vector<CompareRow>& rows, bool all) {
    std::size_t path = 4, a = 1, b = 1;
    const auto shown = [&](const CompareRow& row) { return all || row.a != row.b; };
    for (const CompareRow& row : rows) {
        if (!shown(row)) continue;
        path = std::max(path, row.path.size());
        a = std::max(a, text::shortJson(row.a).size());
        b = std::max(b, text::shortJson(row.b).size());
    }
    std::string out = fmt::format("  {:<{}}  {:>{}}  {:>{}}  {:>12}  {:>9}\n", "", path, "A", a,
                                  "B", b, "B - A", "");
    for (const CompareRow& row : rows) {
        if (!shown(row)) continue;
        const bool numbers = row.a.is_number() && row.b.is_number();
        out +=
            fmt::format("{} {:<{}}  {:>{}}  {:>{}}  {:>12}  {:>9}\n", row.beyondNoise ? "*" : " ",
                        row.path, path, text::shortJson(row.a), a, text::shortJson(row.b), b,
                        numbers ? fmt::format("{:+.5g}", row.abs) : "",
                        numbers && row.rel != 0 ? fmt::format("{:+.1f} %", row.rel * 100) : "");
    }
    return out + "  * beyond noise\n";
}

} // namespace penstock
