// SPDX-License-Identifier: Apache-2.0
// The summary for a terminal: what interactive users felt, what the batch got, what the gate did,
// what limited it. Plain words, aligned columns.
#include "engine/record/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
std::string milliseconds(double ms) {
    if (ms >= 100'000) return fmt::format("{:.0f} s", ms / 1000);
    if (ms >= 10'000) return fmt::format("{:.1f} s", ms / 1000);
    if (ms >= 1'000) return fmt::format("{:.2f} s", ms / 1000);
    return fmt::format("{:.{}f} ms", ms, ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

std::string percent(double share) {
    const double p = share * 100;
    if (p > 0 && p < 0.1) return "<0.1 %";
    return fmt::format("{:.{}f} %", p, p < 10 && p > 0 ? 1 : 0);
}

std::string duration(double seconds) {
    const auto s = static_cast<std::int64_t>(std::llround(seconds));
    if (s < 120) return fmt::format("{:.3g} s", seconds);
    if (s < 7200) return fmt::format("{} min {:02} s", s / 60, s % 60);
    if (s < 172'800) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
    return fmt::format("{} d {} h", s / 86'400, s / 3600 % 24);
}

std::string thousands(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
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
                width[i] = std::max(width[i], row[i].size());
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

const char* meaning(GateVerdict verdict) {
    switch (verdict) {
    case GateVerdict::inert:
        return "it made no difference";
    case GateVerdict::pinnedOpen:
        return "practically always open: it does not follow the load";
    case GateVerdict::pinnedClosed:
        return "practically always closed: little can pass";
    case GateVerdict::active:
        return "it followed the load";
    }
    return "";
}

std::string gateText(const GateReport& g) {
    const GateStatistics& s = g.stats;
    std::string out =
        fmt::format("  {} ({}): {}, {}.\n", g.owner, g.type, name(s.verdict), meaning(s.verdict));
    out +=
        fmt::format("    closed {} of the time in {} spells; budget mean {:.2f}, median {:.2f}\n",
                    percent(s.closedShare), thousands(s.closures), s.budgetMean, s.budgetP50);
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
                        thousands(g.gateClosed), thousands(g.waiting), thousands(g.quotaExhausted),
                        thousands(g.dropped), thousands(g.error));
    }
    return out;
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
                           thousands(r.simulatedRequests),
                           thousands(static_cast<std::uint64_t>(
                               static_cast<double>(r.simulatedRequests) / r.wallSeconds)));
    }
    out += "\n";

    Table users(
        {"", "arrived", "ok", "failed", "TTFT p50", "p95", "p99", "TPOT p50", "E2E p50", "p99"});
    for (const SourceReport& s : r.sources) {
        if (!s.interactive) continue;
        users.add({s.name, thousands(s.arrivals), thousands(s.completed), thousands(s.failed),
                   milliseconds(s.ttftMs.p50), milliseconds(s.ttftMs.p95),
                   milliseconds(s.ttftMs.p99), milliseconds(s.tpotMs.p50),
                   milliseconds(s.e2eMs.p50), milliseconds(s.e2eMs.p99)});
    }
    if (!users.empty()) out += "\n" + bold("What interactive users felt") + "\n" + users.text();

    Table queues({"", "enqueued", "ok", "late", "failed", "cancelled", "queued", "wait p50", "p99",
                  "E2E p50", "tokens/s"});
    for (const QueueReport& q : r.queues) {
        queues.add({q.name, thousands(q.enqueued), thousands(q.succeeded - q.late),
                    thousands(q.deadlineExceeded + q.late),
                    thousands(q.failed + q.dropped + q.dead + q.lost), thousands(q.cancelled),
                    thousands(q.stillQueued + q.inFlight), milliseconds(q.waitMs.p50),
                    milliseconds(q.waitMs.p99), milliseconds(q.e2eMs.p50),
                    fmt::format("{:.0f}", q.goodputTokensPerSecond)});
    }
    if (!queues.empty()) out += "\n" + bold("What the queues got") + "\n" + queues.text();
    if (r.retryAmplification > 1.005 || r.wastedTokens > 0) {
        out +=
            fmt::format("  {:.2f} attempts a request; {} generated tokens came to nothing ({})\n",
                        r.retryAmplification, thousands(r.wastedTokens), percent(r.wastedShare));
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
                       thousands(r.pool.preemptions));

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
