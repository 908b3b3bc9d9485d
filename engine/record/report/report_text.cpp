// SPDX-License-Identifier: Apache-2.0
// The summary for a terminal: what interactive users felt, what the batch got, what the gate did,
// what limited it. Plain words, aligned columns.
#include "engine/record/report/report.h"
#include "engine/record/report/text_format.h"

#include <fmt/core.h>

#include <algorithm>

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
    out +=
        fmt::format("    closed {} of the time in {} spells; budget mean {:.2f}, median {:.2f}\n",
                    percent(s.closedShare), count(s.closures), s.budgetMean, s.budgetP50);
    if (s.ageMax > 0 || s.sourceAvailableShare < 1) {
        out += fmt::format("    knew the load of {:.1f} s ago on average ({:.1f} s at worst); its "
                           "source answered {} of the time\n",
                           s.ageMean, s.ageMax, percent(s.sourceAvailableShare));
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
    return fmt::format(
        "  score {:.3f} (0 is perfect): {} of the goodput it would have got is lost, "
        "{} of the users' wait was needless, {} of them failed needlessly\n"
        "    the perfect gate: {:.0f} tokens/s in time, users wait {} on average\n",
        s.value, percent(s.lostGoodput), percent(s.needlessWait), percent(s.failedUsers),
        s.perfectTokensPerSecond, milliseconds(s.perfectTtftMs));
}
} // namespace

std::string toText(const Report& r, bool colour) {
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
                    fmt::format("{:.0f}", q.goodputTokensPerSecond)});
    }
    if (!queues.empty()) out += "\n" + bold("What the queues got") + "\n" + queues.text();
    if (r.retryAmplification > 1.005 || r.wastedTokens > 0) {
        out +=
            fmt::format("  {:.2f} attempts a request; {} generated tokens came to nothing ({})\n",
                        r.retryAmplification, count(r.wastedTokens), percent(r.wastedShare));
    }

    if (!r.gates.empty()) {
        out += "\n" + bold(r.gates.size() == 1 ? "What the gate did" : "What the gates did") + "\n";
        for (const GateReport& g : r.gates)
            out += gateText(g);
    }

    out += "\n" + bold("What the pool did") + "\n";
    out += fmt::format("  saturation mean {:.2f}, p99 {:.2f}; GPUs busy {}; KV cache {} (at most "
                       "{}); {:.0f} tokens/s; {} preemptions\n",
                       r.pool.saturationMean, r.pool.saturationP99, percent(r.pool.busyShare),
                       percent(r.pool.kvMean), percent(r.pool.kvMax), r.pool.tokensPerSecond,
                       count(r.pool.preemptions));
    if (r.pool.cachedPromptTokens > 0) {
        out += fmt::format(
            "  prefix caches had {} of the {} prompt tokens ({})\n",
            count(r.pool.cachedPromptTokens), count(r.pool.promptTokens),
            percent(static_cast<double>(r.pool.cachedPromptTokens) /
                    static_cast<double>(std::max<std::uint64_t>(1, r.pool.promptTokens))));
    }
    if (r.cost) {
        out += fmt::format("  {:.2f} GPU hours at {:.2f} cost {:.2f}: {:.3g} a million output "
                           "tokens, {:.3g} with prompts\n",
                           r.pool.gpuHours, r.cost->perGpuHour, r.cost->total,
                           r.cost->perMillionOutputTokens, r.cost->perMillionTokens);
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
