// SPDX-License-Identifier: Apache-2.0
// The validation as one page: the verdict, then each section with its checks, curves and rows.
#include "engine/record/report/html_chart.h"
#include "sim/calibration/parameters.h"
#include "sim/validation/validation.h"

#include <fmt/format.h>

namespace penstock::sim {
namespace {

using html::escape;
using Outcome = ValidationCheck::Outcome;

std::string cell(const std::string& text, const char* kind = "") {
    return fmt::format("<td{}>{}</td>", kind, escape(text));
}

std::string checkTable(const ValidationSection& section) {
    if (section.checks.empty()) return {};
    std::string out = "<div class=\"scroll\"><table "
                      "class=\"checks\"><tr><th>check</th><th></th><th>should be</th>"
                      "<th>is</th><th>error</th><th>bound</th></tr>";
    for (const ValidationCheck& c : section.checks) {
        const char* css = c.outcome == Outcome::pass   ? "pass"
                          : c.outcome == Outcome::fail ? "fail"
                                                       : "warning";
        const char* word = c.outcome == Outcome::pass   ? "pass"
                           : c.outcome == Outcome::fail ? "FAIL"
                                                        : "skipped";
        const std::string found =
            c.note.empty() ? c.found : (c.found.empty() ? c.note : c.found + "; " + c.note);
        out += "<tr>" + cell(c.name) +
               fmt::format("<td><span class=\"{}\">{}</span></td>", css, word) + cell(c.expected) +
               cell(found) + cell(c.error) + cell(c.bound) + "</tr>";
    }
    return out + "</table></div>\n";
}

std::string rowTable(const ValidationSection& section) {
    if (section.table.empty()) return {};
    std::string out = fmt::format("<details><summary>All {} rows, simulated / measured</summary>"
                                  "<div class=\"scroll\"><table>",
                                  section.table.size() - 1);
    for (std::size_t r = 0; r < section.table.size(); ++r) {
        out += "<tr>";
        for (const std::string& text : section.table[r])
            out += r == 0 ? "<th>" + escape(text) + "</th>" : cell(text);
        out += "</tr>";
    }
    return out + "</table></div></details>\n";
}

std::string fittedTo(const Validation& v) {
    std::string out = "<h2>What was fitted to what</h2>";
    out += fmt::format("<p class=\"about\">Constants of the step-time law: {}. {}</p>",
                       escape(v.constants), escape(v.profile.about));
    if (!v.profile.fittedTo.empty()) {
        out += "<div class=\"scroll\"><table><tr><th>measurement</th><th class=\"left\">outcome of "
               "the "
               "fit</th></tr>";
        for (const Profile::Evidence& e : v.profile.fittedTo)
            out += "<tr>" + cell(e.measurement) + cell(e.outcome, " class=\"wrap\"") + "</tr>";
        out += "</table></div><p></p>";
    }
    out += "<div class=\"scroll\"><table><tr><th>constant</th><th>value</th><th class=\"left\">of"
           "</th></tr>";
    for (const FitParameter& p : fitParameters()) {
        out += "<tr>" + cell(p.name) +
               cell(fmt::format("{:.3g} {}", v.profile.constants.*p.member * p.shown, p.unit)) +
               cell(p.meaning, " class=\"left\"") + "</tr>";
    }
    out += "<tr>" + cell("a0") + cell(fmt::format("{:.1f} ms", toSeconds(v.profile.a0) * 1e3)) +
           cell("before the engine's queue; each deployment may have its own", " class=\"left\"") +
           "</tr>";
    return out +
           "</table></div><p class=\"note\">One set for every row on this page; a deployment "
           "may differ in a0 and in its number of KV blocks only. The rows on measured operator "
           "times use none of these.</p>\n";
}

} // namespace

std::string toHtml(const Validation& v) {
    const std::size_t failed = v.count(Outcome::fail), skipped = v.count(Outcome::skipped);
    std::string body = fmt::format(
        "<header><div><h1>Penstock: validation</h1><p class=\"about\">The simulated model server "
        "against "
        "published measurements of real ones, queueing theory, physics, and what must hold of any "
        "run. "
        "Made by <code>penstock validate</code>.</p></div></header>\n<section class=\"tiles\">"
        "<div class=\"tile\"><span>Checks that pass</span><strong>{}</strong><em>of {}</em></div>"
        "<div class=\"tile\"><span>Checks that fail</span><strong>{}</strong><em>{}</em></div>"
        "<div class=\"tile\"><span>Skipped</span><strong>{}</strong><em>{}</em></div></section>\n",
        v.count(Outcome::pass), v.count(Outcome::pass) + failed, failed,
        failed == 0 ? "every bound is kept" : "see below", skipped,
        skipped == 0 ? "all data was there" : "their data is not there");
    for (const ValidationSection& section : v.sections) {
        body += fmt::format("<h2>{}</h2><p class=\"about\">{}</p><p></p>", escape(section.title),
                            escape(section.about));
        body += checkTable(section);
        if (!section.charts.empty()) {
            body += "<p></p><div class=\"pair\">";
            for (const XyChart& chart : section.charts)
                body += toSvgFigure(chart);
            body += "</div><p></p>\n";
        }
        body += rowTable(section);
    }
    body += fittedTo(v);
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
        "name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Penstock: "
        "validation</title><style>{}{}</style></head><body><main>\n{}</main></body></html>\n",
        html::style(), kXyChartStyle, body);
}

} // namespace penstock::sim
