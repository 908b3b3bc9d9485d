// SPDX-License-Identifier: Apache-2.0
// The summary for a terminal: what interactive users felt, what the batch got, what the gate did,
// what limited it. Plain words, aligned columns.
#include "engine/record/report/report.h"
#include "engine/record/report/text_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
using text::count;
using text::duration;
using text::milliseconds;
using text::percent;

// Terminal cells of a text: its code points, none of ours being wide.
std::size_t cells(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Columns as wide as their widest cell; the first is left-aligned, the others right.
class Table {
  public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.size() < 2; }
    std::string text() const {
        std::vector<std::size_t> width(rows_.front().size());
        for (const auto& row : rows_) {
            for (std::size_t i = 0; i < row.size(); ++i)
                width[i] = std::max(width[i], cells(row[i]));
        }
        std::string out;
        for (const auto& row : rows_) {
            std::string line = fmt::format("  {:<{}}", row[0], width[0]);
            for (std::size_t i = 1; i < row.size(); ++i) {
                line += fmt::format("  {:>{}}", row[i], width[i]);
            }
            out += line + "\n";
        }
        return out;
    }

  private:
    std::vector<std::vector<std::string>> rows_;
};

std::string gateText(const GateReport& g) {
    const GateStatistics& s = g.stats;
    std::string out = fmt::format("  {} ({}): {}, {}.\n", g.owner, g.type, name(s.verdict),
                                  text::meaning(s.verdict));
    out += fmt::format("    closed {} of the time in {} spells; budget mean {}, median {}\n",
                       percent(s.closedShare), count(s.closures), text::fixed(s.budgetMean, 2),
                       text::fixed(s.budgetP50, 2));
    if (s.sourceAvailableShare < 1 && std::isnan(s.ageMax)) {
        out += "    never had a reading: it ran on its fallback all the time\n";
    } else if (s.ageMax > 0 || s.sourceAvailableShare < 1) {
        out += fmt::format("    knew the load of {} s ago on average ({} s at worst); its "
                           "source answered {} of the time\n",
                           text::fixed(s.ageMean, 1), text::fixed(s.ageMax, 1),
                           percent(s.sourceAvailableShare));
    }
    if (s.overshootMax > 0) {
        out += fmt::format("    true load went up to {:.2f} beyond its threshold with its work in "
                           "flight\n",
                           s.overshootMax);
    }
    if (g.gateClosed + g.quotaExhausted + g.dropped + g.error + g.waiting > 0) {
        out +=
            fmt::format("    decisions: {} closed, {} made to wait, {} over quota, {} dropped, {} "
                        "errors\n",
                        count(g.gateClosed), count(g.waiting), count(g.quotaExhausted),
                        count(g.dropped), count(g.error));
    }
    return out;
}

std::string lossText(const LossReport& l) {
    if (l.faults + l.attemptsLost + l.requestsLost + l.resultsLost == 0) return {};
    return fmt::format(
        "  {} faults: {} requests in flight died with their replica or router, {} queued "
        "requests were lost, {} ended without an answer, {} users got no answer\n",
        count(l.faults), count(l.attemptsLost), count(l.requestsLost), count(l.resultsLost),
        count(l.interactiveFailed));
}

std::string scoreText(const ScoreReport& s) {
    return fmt::format("  score {} (0 is perfect): {} of the goodput it would have got is lost, "
                       "{} of the users' wait was needless, {} of them failed needlessly\n"
                       "    the perfect gate: {} tokens/s in time, users wait {} on average\n",
                       text::fixed(s.value, 3), percent(s.lostGoodput), percent(s.needlessWait),
                       percent(s.failedUsers), text::fixed(s.perfectTokensPerSecond, 0),
                       milliseconds(s.perfectTtftMs));
}
} // namespace

namespace {
// What scenarios and their authors name, as a terminal may show it.
Report printable(Report r) {
    const auto clean = [](std::string& text) { text = text::printable(text); };
    for (std::string* text : {&r.scenario, &r.engineSemantics})
        clean(*text);
    for (SourceReport& s : r.sources)
        clean(s.name);
    for (QueueReport& q : r.queues)
        clean(q.name);
    for (GateReport& g : r.gates) {
        clean(g.owner);
        clean(g.type);
    }
    for (AdviceItem& a : r.advice) {
        for (std::string* text : {&a.code, &a.place, &a.finding, &a.remedy})
            clean(*text);
    }
    for (ExpectationResult& e : r.expectations) {
        clean(e.expr);
        clean(e.error);
    }
    return r;
}
} // namespace

std::string toText(const Report& report, bool colour) {
    const Report r = printable(report);
    const auto bold = [&](const std::string& text) {
        return colour ? "\033[1m" + text + "\033[0m" : text;
    };
    const auto mark = [&](bool pass) -> std::string {
        if (!colour) return pass ? "pass" : "FAIL";
        return pass ? "\033[32mpass\033[0m" : "\033[31mFAIL\033[0m";
    };
    std::string out = bold(r.scenario) + fmt::format("  seed {}, {}, fingerprint {}\n", r.seed,
                                                     r.engineSemantics, r.fingerprint);
    out += fmt::format("  {} simulated", duration(r.virtualSeconds));
    if (r.warmupSeconds > 0) {
        out += fmt::format(", {} of it warm-up: in the counts, not in times and gauges",
                           duration(r.warmupSeconds));
    }
    if (r.wallSeconds > 0) {
        out += fmt::format(" in {:.2f} s: {} requests, {} a second", r.wallSeconds,
                           count(r.simulatedRequests),
                           count(static_cast<std::uint64_t>(
                               static_cast<double>(r.simulatedRequests) / r.wallSeconds)));
    }
    out += "\n";

    Table users(
        {"", "arrived", "ok", "failed", "TTFT p50", "p95", "p99", "TPOT p50", "E2E p50", "p99"});
    for (const SourceReport& s : r.sources) {
        if (!s.interactive) continue;
        users.add({s.name, count(s.arrivals), count(s.completed), count(s.failed),
                   milliseconds(s.ttftMs.p50), milliseconds(s.ttftMs.p95),
                   milliseconds(s.ttftMs.p99), milliseconds(s.tpotMs.p50),
                   milliseconds(s.e2eMs.p50), milliseconds(s.e2eMs.p99)});
    }
    if (!users.empty()) out += "\n" + bold("What interactive users felt") + "\n" + users.text();

    std::string rows;
    for (const SourceReport& s : r.sources) {
        const std::string mended = text::mendedRows(s.traffic);
        if (!mended.empty()) rows += fmt::format("  {}: of its trace {}\n", s.name, mended);
    }
    if (!rows.empty()) out += "\n" + bold("What the traces had") + "\n" + rows;

    Table queues({"", "enqueued", "ok", "late", "failed", "cancelled", "queued", "wait p50", "p99",
                  "E2E p50", "tokens/s"});
    for (const QueueReport& q : r.queues) {
        queues.add({q.name, count(q.enqueued), count(q.succeeded - q.late),
                    count(q.deadlineExceeded + q.late),
                    count(q.failed + q.dropped + q.dead + q.lost), count(q.cancelled),
                    count(q.stillQueued + q.inFlight), milliseconds(q.waitMs.p50),
                    milliseconds(q.waitMs.p99), milliseconds(q.e2eMs.p50),
                    text::fixed(q.goodputTokensPerSecond, 0)});
    }
    if (!queues.empty()) out += "\n" + bold("What the queues got") + "\n" + queues.text();
    if (r.retryAmplification > 1.005 || r.wastedTokens > 0) {
        out += fmt::format("  {} attempts a request; {} generated tokens came to nothing ({})\n",
                           text::fixed(r.retryAmplification, 2), count(r.wastedTokens),
                           percent(r.wastedShare));
    }

    if (!r.gates.empty()) {
        out += "\n" + bold(r.gates.size() == 1 ? "What the gate did" : "What the gates did") + "\n";
        for (const GateReport& g : r.gates)
            out += gateText(g);
    }

    out += "\n" + bold("What the pool did") + "\n";
    out += fmt::format("  saturation mean {}, p99 {}; GPUs busy {}; KV cache {} (at most "
                       "{}); {} tokens/s; {} preemptions\n",
                       text::fixed(r.pool.saturationMean, 2), text::fixed(r.pool.saturationP99, 2),
                       percent(r.pool.busyShare), percent(r.pool.kvMean), percent(r.pool.kvMax),
                       text::fixed(r.pool.tokensPerSecond, 0), count(r.pool.preemptions));
    if (r.pool.cachedPromptTokens > 0) {
        out += fmt::format(
            "  prefix caches had {} of the {} prompt tokens ({})\n",
            count(r.pool.cachedPromptTokens), count(r.pool.promptTokens),
            percent(static_cast<double>(r.pool.cachedPromptTokens) /
                    static_cast<double>(std::max<std::uint64_t>(1, r.pool.promptTokens))));
    }
    if (r.cost) {
        out += fmt::format("  {:.2f} GPU hours at {:.2f} cost {:.2f}: {} a million output "
                           "tokens, {} with prompts\n",
                           r.pool.gpuHours, r.cost->perGpuHour, r.cost->total,
                           text::shortJson(r.cost->perMillionOutputTokens),
                           text::shortJson(r.cost->perMillionTokens));
    }
    out += lossText(r.losses);
    if (r.score) out += "\n" + bold("Distance to a perfect gate") + "\n" + scoreText(*r.score);

    if (!r.limiter.empty()) {
        auto stages = r.limiter;
        std::stable_sort(stages.begin(), stages.end(),
                         [](const auto& a, const auto& b) { return a.second > b.second; });
        out += "\n" + bold("What a queued request waited for") + "\n ";
        for (const auto& [stage, share] : stages) {
            if (share >= 0.005) out += fmt::format(" {} {}  ", stage, percent(share));
        }
        out += "\n";
    }
    if (!r.advice.empty()) {
        out += "\n" + bold("Advice") + "\n";
        for (const AdviceItem& a : r.advice) {
            out += fmt::format("  {} {} ({}): {}\n    {}\n", a.severity, a.code, a.place, a.finding,
                               a.remedy);
        }
    }
    if (!r.expectations.empty()) {
        out += "\n" + bold("Expectations") + "\n";
        for (const ExpectationResult& e : r.expectations) {
            out += fmt::format("  {}  {}", mark(e.pass), e.expr);
            out += e.error.empty() ? fmt::format("   (is {})", e.value.dump())
                                   : fmt::format("   ({})", e.error);
            out += "\n";
        }
    }
    return out;
}

} // namespace penstock
