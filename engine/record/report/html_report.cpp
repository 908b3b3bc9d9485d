// SPDX-License-Identifier: Apache-2.0
// Assembles the page: first a sentence, then the numbers, then the pictures, then the tables.
#include "engine/record/report/html_report.h"

#include "engine/record/report/html_chart.h"
#include "engine/record/report/text_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
using html::escape;
using text::count;
using text::milliseconds;
using text::percent;

std::string tile(std::string_view label, std::string_view value, std::string_view note) {
    return fmt::format("<div class=\"tile\"><span>{}</span><strong>{}</strong><em>{}</em></div>",
                       escape(label), escape(value), escape(note));
}

// The source with the most arrivals speaks for the interactive users.
const SourceReport* mainSource(const Report& r) {
    const SourceReport* best = nullptr;
    for (const SourceReport& s : r.sources) {
        if (s.interactive && (best == nullptr || s.arrivals > best->arrivals)) best = &s;
    }
    return best;
}

std::string tiles(const Report& r) {
    std::string out = "<section class=\"tiles\">";
    if (const SourceReport* s = mainSource(r)) {
        out += tile("Interactive TTFT p99", milliseconds(s->ttftMs.p99),
                    fmt::format("p50 {}, {}", milliseconds(s->ttftMs.p50), s->name));
    }
    std::uint64_t enqueued = 0, onTime = 0, late = 0;
    for (const QueueReport& q : r.queues) {
        enqueued += q.enqueued;
        onTime += q.succeeded - q.late;
        late += q.late + q.deadlineExceeded;
    }
    if (!r.queues.empty()) {
        out += tile("Done in time", count(onTime),
                    fmt::format("of {} queued; {} late", count(enqueued), count(late)));
    }
    if (!r.gates.empty()) {
        const GateReport& g = r.gates.front();
        out += tile("Gate closed", percent(g.stats.closedShare),
                    fmt::format("{}, budget {} on average", text::spaced(name(g.stats.verdict)),
                                text::fixed(g.stats.budgetMean, 2)));
    }
    out += tile("Saturation", text::fixed(r.pool.saturationMean, 2),
                fmt::format("mean; p99 {}, GPUs busy {}", text::fixed(r.pool.saturationP99, 2),
                            percent(r.pool.busyShare)));
    if (r.score) {
        out += tile("Score", text::fixed(r.score->value, 2),
                    fmt::format("distance to a perfect gate: goodput {}, wait {}, failed {}",
                                percent(r.score->lostGoodput), percent(r.score->needlessWait),
                                percent(r.score->failedUsers)));
    }
    if (r.cost) {
        out += tile("Cost of a million tokens", text::shortJson(r.cost->perMillionTokens),
                    fmt::format("{} of output; {:.2f} GPU hours at {:.2f}",
                                text::shortJson(r.cost->perMillionOutputTokens), r.pool.gpuHours,
                                r.cost->perGpuHour));
    }
    const auto binding =
        std::max_element(r.limiter.begin(), r.limiter.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (binding != r.limiter.end() && binding->second > 0) {
        out += tile("Queued work waits for", text::spaced(binding->first),
                    fmt::format("most: {} of its life", percent(binding->second)));
    }
    return out + "</section>\n";
}

std::string expectations(const Report& r) {
    if (r.expectations.empty()) return {};
    std::string out = "<h2>Expectations</h2><div class=\"scroll\"><table>";
    for (const ExpectationResult& e : r.expectations) {
        out += fmt::format(
            "<tr><td><span class=\"{}\">{}</span></td><td class=\"left\"><code>{}</code>"
            "</td><td class=\"wrap\">{}</td></tr>",
            e.pass ? "pass" : "fail", e.pass ? "pass" : "FAIL", escape(e.expr),
            e.error.empty() ? "is " + escape(text::shortJson(e.value)) : escape(e.error));
    }
    return out + "</table></div>\n";
}

std::string limiter(const Report& r) {
    if (r.limiter.empty()) return {};
    std::string bar, keys;
    for (std::size_t i = 0; i < r.limiter.size(); ++i) {
        const auto& [stage, share] = r.limiter[i];
        if (share <= 0) continue;
        bar += fmt::format("<i class=\"c{}\" style=\"flex:{:.4f};opacity:{}\" title=\"{}\"></i>",
                           i % 6, share, i < 6 ? "1" : ".55", escape(stage));
        keys +=
            fmt::format("<span class=\"key\"><i class=\"block c{0}\" style=\"--s:var(--c{0});"
                        "opacity:{1}\"></i>{2} {3}</span>",
                        i % 6, i < 6 ? "1" : ".55", escape(text::spaced(stage)), percent(share));
    }
    return fmt::format("<h2>What queued work waited for</h2><figure><div class=\"bar\">{}</div>"
                       "<span class=\"legend\">{}</span><p></p></figure>\n",
                       bar, keys);
}

std::string row(const std::vector<std::string>& cells, const char* tag = "td") {
    std::string out = "<tr>";
    for (const std::string& cell : cells)
        out += fmt::format("<{0}>{1}</{0}>", tag, escape(cell));
    return out + "</tr>";
}

std::string sourceTable(const Report& r) {
    if (r.sources.empty()) return {};
    std::string out = "<h2>Sources</h2><div class=\"scroll\"><table>" +
                      row({"", "arrived", "completed", "failed", "TTFT p50", "p95", "p99",
                           "TPOT p50", "p99", "E2E p50", "p99"},
                          "th");
    for (const SourceReport& s : r.sources) {
        out +=
            row({s.name, count(s.arrivals), count(s.completed), count(s.failed),
                 milliseconds(s.ttftMs.p50), milliseconds(s.ttftMs.p95), milliseconds(s.ttftMs.p99),
                 milliseconds(s.tpotMs.p50), milliseconds(s.tpotMs.p99), milliseconds(s.e2eMs.p50),
                 milliseconds(s.e2eMs.p99)});
    }
    return out + "</table></div>\n";
}

std::string trafficTable(const Report& r) {
    std::string rows;
    for (const SourceReport& s : r.sources) {
        if (!s.traffic.is_object() || !s.traffic.contains("file")) continue;
        const auto said = [&](const char* key) {
            return s.traffic.contains(key) ? text::shortJson(s.traffic[key]) : std::string("–");
        };
        std::string transforms;
        for (const Json& transform : s.traffic.value("transforms", Json::array())) {
            transforms += (transforms.empty() ? "" : ", ") + text::shortJson(transform);
        }
        const std::string mended = text::mendedRows(s.traffic);
        rows += fmt::format(
            "<tr><td>{}</td><td class=\"left\"><code>{}</code><br><small>{}, sha256 {}</small></td>"
            "<td class=\"wrap\">{}<br>{}<br>{}</td></tr>",
            escape(s.name), escape(said("file")), escape(said("format")), escape(said("sha256")),
            escape(transforms.empty() ? "as recorded" : "transforms: " + transforms),
            escape(fmt::format("{} rows kept of {} read",
                               count(s.traffic.value("rows_kept", std::uint64_t{0})),
                               count(s.traffic.value("rows_read", std::uint64_t{0})))),
            escape(mended.empty() ? "nothing dropped or moved" : mended));
    }
    if (rows.empty()) return {};
    return "<h2>Traces</h2><div class=\"scroll\"><table>" + rows + "</table></div>\n";
}

std::string queueTables(const Report& r) {
    if (r.queues.empty()) return {};
    std::string out = "<h2>Queues</h2><div class=\"scroll\"><table>" +
                      row({"", "enqueued", "in time", "late", "failed", "cancelled", "dropped",
                           "dead", "lost", "still queued", "attempts", "retries", "shed"},
                          "th");
    for (const QueueReport& q : r.queues) {
        out +=
            row({q.name, count(q.enqueued), count(q.succeeded - q.late),
                 count(q.deadlineExceeded + q.late), count(q.failed), count(q.cancelled),
                 count(q.dropped), count(q.dead), count(q.lost), count(q.stillQueued + q.inFlight),
                 count(q.attempts), count(q.retries), count(q.shed)});
    }
    out += "</table></div><p></p><div class=\"scroll\"><table>" +
           row({"", "wait p50", "p95", "p99", "E2E p50", "p99", "depth mean", "max", "slack p05",
                "done/s", "tokens/s"},
               "th");
    for (const QueueReport& q : r.queues) {
        out += row(
            {q.name, milliseconds(q.waitMs.p50), milliseconds(q.waitMs.p95),
             milliseconds(q.waitMs.p99), milliseconds(q.e2eMs.p50), milliseconds(q.e2eMs.p99),
             text::fixed(q.depthMean, 1), text::fixed(q.depthMax, 0),
             q.slack.met + q.slack.missed == 0
                 ? "–"
                 : (q.slack.p05 < 0 ? "-" : "") + text::milliseconds(std::abs(q.slack.p05) * 1000),
             text::shortJson(q.goodputPerSecond), text::fixed(q.goodputTokensPerSecond, 0)});
    }
    return out + "</table></div>\n";
}

std::string gateTable(const Report& r) {
    if (r.gates.empty()) return {};
    std::string out = "<h2>Gates</h2><div class=\"scroll\"><table>" +
                      row({"", "type", "verdict", "closed", "spells", "budget mean", "p50",
                           "overshoot", "age of reading", "source answered"},
                          "th");
    for (const GateReport& g : r.gates) {
        const GateStatistics& s = g.stats;
        out += row({g.owner, g.type, text::spaced(name(s.verdict)), percent(s.closedShare),
                    count(s.closures), text::fixed(s.budgetMean, 2), text::fixed(s.budgetP50, 2),
                    text::fixed(s.overshootMax, 2),
                    !std::isnan(s.ageMean)       ? text::fixed(s.ageMean, 1) + " s"
                    : s.sourceAvailableShare < 1 ? std::string("never read")
                                                 : std::string("–"),
                    percent(s.sourceAvailableShare)});
    }
    out += "</table></div><p></p><div class=\"scroll\"><table>" +
           row({"decisions", "closed", "over quota", "made to wait", "dropped", "errors"}, "th");
    for (const GateReport& g : r.gates) {
        out += row({g.owner, count(g.gateClosed), count(g.quotaExhausted), count(g.waiting),
                    count(g.dropped), count(g.error)});
    }
    return out + "</table></div>\n";
}

std::string adviceList(const Report& r) {
    if (r.advice.empty()) return {};
    std::string out = "<h2>Advice</h2><div class=\"scroll\"><table>";
    for (const AdviceItem& a : r.advice) {
        out += fmt::format(
            "<tr><td><span class=\"{0}\">{0}</span></td><td class=\"left\"><code>{1}</code>"
            "<br><small>{2}</small></td><td class=\"wrap\">{3}<br><b>{4}</b></td></tr>",
            escape(a.severity), escape(a.code), escape(a.place), escape(a.finding),
            escape(a.remedy));
    }
    return out + "</table></div>\n";
}

std::string marksTable(const ChartData& charts) {
    if (charts.marks.empty()) return {};
    std::string out = "<h2>What was moved or broke</h2><div class=\"scroll\"><table>";
    for (const auto& mark : charts.marks) {
        out += fmt::format("<tr><td>{}</td><td class=\"wrap\">{}</td></tr>",
                           html::timeLabel(mark.at, 1), escape(mark.text));
    }
    return out + "</table></div>\n";
}

std::string facts(const Report& r) {
    std::string out = "<h2>This run</h2><dl class=\"facts\">";
    const auto fact = [&](std::string_view name, const std::string& value) {
        out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, escape(value));
    };
    fact("seed", std::to_string(r.seed));
    fact("fingerprint", r.fingerprint);
    fact("traffic fingerprint", r.trafficFingerprint);
    fact("engine semantics", r.engineSemantics);
    fact("simulated time", text::duration(r.virtualSeconds));
    fact("warm-up", text::duration(r.warmupSeconds));
    if (r.wallSeconds > 0) {
        fact("wall time", text::duration(r.wallSeconds));
        fact("requests per wall second",
             count(static_cast<std::uint64_t>(static_cast<double>(r.simulatedRequests) /
                                              r.wallSeconds)));
    }
    fact("requests", count(r.simulatedRequests));
    fact("events", count(r.events));
    fact("attempts per request", text::fixed(r.retryAmplification, 3));
    fact("wasted tokens", fmt::format("{} ({})", count(r.wastedTokens), percent(r.wastedShare)));
    fact("tokens generated", count(r.pool.generatedTokens));
    if (r.pool.cachedPromptTokens > 0) {
        fact("prompt tokens found in prefix caches",
             fmt::format("{} of {}", count(r.pool.cachedPromptTokens), count(r.pool.promptTokens)));
    }
    fact("tokens per second", text::fixed(r.pool.tokensPerSecond, 0));
    fact("KV cache", fmt::format("{} mean, {} max", percent(r.pool.kvMean), percent(r.pool.kvMax)));
    fact("running", fmt::format("{} mean, {} max", text::fixed(r.pool.runningMean, 1),
                                text::fixed(r.pool.runningMax, 0)));
    fact("waiting", fmt::format("{} mean, {} max", text::fixed(r.pool.waitingMean, 1),
                                text::fixed(r.pool.waitingMax, 0)));
    fact("preemptions", count(r.pool.preemptions));
    fact("GPU hours", text::fixed(r.pool.gpuHours, 2));
    if (r.losses.faults > 0) {
        fact("faults", count(r.losses.faults));
        fact("requests that died with a replica or the router", count(r.losses.attemptsLost));
        fact("queued requests lost", count(r.losses.requestsLost));
        fact("users without an answer", count(r.losses.interactiveFailed));
    }
    if (r.score) {
        fact("score", text::fixed(r.score->value, 3));
        fact("perfect gate: tokens in time per second",
             text::fixed(r.score->perfectTokensPerSecond, 0));
        fact("perfect gate: mean time to first token", milliseconds(r.score->perfectTtftMs));
    }
    if (r.fairness.tenants > 1) {
        fact("tenants", count(r.fairness.tenants));
        fact("Jain index, satisfied", text::fixed(r.fairness.jainSatisfied, 3));
    }
    for (const auto& [key, value] : r.extra) {
        fact(escape(text::spaced(key)), fmt::format("{:.6g}", value));
    }
    return out + "</dl>\n";
}

// A "</script>" inside a name must not end the script element.
std::string inScript(std::string json) {
    for (auto at = json.find("</"); at != std::string::npos; at = json.find("</", at + 3)) {
        json.insert(at + 1, "\\");
    }
    return json;
}
} // namespace

std::string toHtml(const Report& report, const ChartData& charts) {
    std::string out =
        fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                    "<title>{0} · penstock</title><style>{1}</style></head><body><main>\n"
                    "<header><div><h1>{0}</h1><p class=\"about\">{2}</p></div>"
                    "<button id=\"theme\" hidden>Dark</button></header>\n",
                    escape(report.scenario), html::style(), escape(report.about));
    if (!report.lesson.empty()) {
        out += fmt::format("<p class=\"lesson\"><b>Lesson</b>{}</p>\n", escape(report.lesson));
    }
    out += fmt::format("<p class=\"story\">{}</p>\n", escape(text::story(report)));
    out += tiles(report) + expectations(report) + "<h2>Over time</h2>\n";
    Json crosshair = {{"seconds", charts.seconds},
                      {"width", html::kWidth},
                      {"left", html::kLeft},
                      {"right", html::kRight},
                      {"charts", Json::array()}};
    for (const html::ChartSpec& spec : html::chartSpecs(charts)) {
        const std::string figure = html::figure(spec, charts);
        if (figure.empty()) continue;
        out += figure;
        crosshair["charts"].push_back(html::crosshairData(spec));
    }
    out += limiter(report) + adviceList(report) + marksTable(charts) + sourceTable(report) +
           trafficTable(report) + queueTables(report) + gateTable(report) + facts(report);
    out += fmt::format("<footer>{} · made by penstock, {} semantics, seed {}</footer></main>"
                       "<div id=\"clock\"></div>"
                       "<script id=\"data\" type=\"application/json\">{}</script>"
                       "<script>{}</script></body></html>\n",
                       kReportSchema, escape(report.engineSemantics), report.seed,
                       inScript(crosshair.dump()), html::kScript);
    return out;
}

} // namespace penstock
