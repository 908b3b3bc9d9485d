// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/profile.h"

#include "engine/config/text/reader.h"

#include <fmt/format.h>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

constexpr Range kEfficiency{
    .min = 0.0, .max = 0.95, .above = true}; // physics: below the data sheet
constexpr Range kSeconds{.min = 0.0, .max = 1.0};

// A YAML string in double quotes.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out + '"';
}

} // namespace

void readStepConstants(Reader& k, StepConstants& c) {
    c.weightEfficiency = k.number("e_w", kEfficiency, c.weightEfficiency);
    c.kvEfficiency = k.number("e_kv", kEfficiency, c.kvEfficiency);
    c.computeEfficiency = k.number("e_c", kEfficiency, c.computeEfficiency);
    c.attentionEfficiency = k.number("e_a", kEfficiency, c.attentionEfficiency);
    c.linkEfficiency = k.number("e_nv", kEfficiency, c.linkEfficiency);
    c.overlap = k.number("kappa", {.min = 0, .max = 1}, c.overlap);
    c.stepSeconds = k.number("c0", kSeconds, c.stepSeconds);
    c.layerSeconds = k.number("c_l", kSeconds, c.layerSeconds);
    c.sequenceSeconds = k.number("c_b", kSeconds, c.sequenceSeconds);
    c.tokenSeconds = k.number("c_n", kSeconds, c.tokenSeconds);
    c.reduceSeconds = k.number("r0", kSeconds, c.reduceSeconds);
    c.reducePeerSeconds = k.number("r1", kSeconds, c.reducePeerSeconds);
    c.groupSeconds = k.number("c_g", kSeconds, c.groupSeconds);
}

Result<Profile> readProfile(const std::string& path) {
    const auto document = Document::load(path, Syntax::yaml);
    if (!document) return fail(document.error());
    Problems problems;
    Reader top = Reader::root(*document, problems);
    Profile profile;
    top.requireObject("profile", [&](Reader& r) {
        profile.name = r.text("name");
        profile.about = r.text("about", "");
        profile.gpu = r.text("gpu", "");
        profile.a0 = r.duration("a0", {.max = 10s}, profile.a0);
        r.object("constants", [&](Reader& k) { readStepConstants(k, profile.constants); });
        r.list("fitted_to", [&](Reader& e) {
            profile.fittedTo.push_back({e.text("measurement"), e.text("outcome", "")});
        });
    });
    top.finish();
    if (auto ok = problems.status(); !ok) return fail(ok.error());
    return profile;
}

std::string toYaml(const Profile& p) {
    const StepConstants& c = p.constants;
    std::string out = "# SPDX-License-Identifier: Apache-2.0\nprofile:\n";
    out += fmt::format("  name: {}\n", quoted(p.name));
    if (!p.about.empty()) out += fmt::format("  about: {}\n", quoted(p.about));
    if (!p.gpu.empty()) out += fmt::format("  gpu: {}\n", quoted(p.gpu));
    out += fmt::format("  a0: {:.2f}ms\n  constants:\n", toSeconds(p.a0) * 1e3);
    // Efficiencies are shares of the data sheet, the rest seconds; the fastest and slowest of what
    // a step does are told apart by three digits, and no measurement gives more.
    const std::pair<const char*, double> values[] = {
        {"e_w", c.weightEfficiency},    {"e_kv", c.kvEfficiency},   {"e_c", c.computeEfficiency},
        {"e_a", c.attentionEfficiency}, {"e_nv", c.linkEfficiency}, {"kappa", c.overlap},
        {"c0", c.stepSeconds},          {"c_l", c.layerSeconds},    {"c_b", c.sequenceSeconds},
        {"c_n", c.tokenSeconds},        {"r0", c.reduceSeconds},    {"r1", c.reducePeerSeconds},
        {"c_g", c.groupSeconds},
    };
    for (const auto& [key, value] : values)
        out += fmt::format("    {}: {:.4g}\n", key, value);
    if (!p.fittedTo.empty()) out += "  fitted_to:\n";
    for (const Profile::Evidence& e : p.fittedTo) {
        out += fmt::format("    - measurement: {}\n", quoted(e.measurement));
        if (!e.outcome.empty()) out += fmt::format("      outcome: {}\n", quoted(e.outcome));
    }
    return out;
}

} // namespace penstock::sim
