// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/text_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock::text {

std::string milliseconds(double ms) {
    if (std::isnan(ms)) return "–";
    if (ms >= 600'000) return duration(ms / 1000);
    if (ms >= 100'000) return fmt::format("{:.0f} s", ms / 1000);
    if (ms >= 10'000) return fmt::format("{:.1f} s", ms / 1000);
    if (ms >= 1'000) return fmt::format("{:.2f} s", ms / 1000);
    return fmt::format("{:.{}f} ms", ms, ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

std::string fixed(double value, int decimals) {
    return std::isnan(value) ? "–" : fmt::format("{:.{}f}", value, decimals);
}

std::string percent(double share) {
    if (std::isnan(share)) return "–";
    const double p = share * 100;
    if (p > 0 && p < 0.1) return "<0.1 %";
    return fmt::format("{:.{}f} %", p, p < 9.95 && p > 0 ? 1 : 0);
}

std::string duration(double seconds) {
    const auto s = static_cast<std::int64_t>(std::llround(seconds));
    if (s < 120) return fmt::format("{:.3g} s", seconds);
    if (s < 7200) return fmt::format("{} min {:02} s", s / 60, s % 60);
    if (s < 172'800) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
    return fmt::format("{} d {} h", s / 86'400, s / 3600 % 24);
}

std::string count(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        // U+0080 to U+009F are two bytes, and steer terminals too.
        const bool second =
            byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
        if (second) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++at]));
        } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += text[at];
        }
    }
    return out;
}

std::string spaced(std::string_view s) {
    std::string out(s);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

std::string shortJson(const Json& value) {
    if (value.is_null()) return "–";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) {
        const auto number = value.get<double>();
        return std::isnan(number) ? "–" : fmt::format("{:.6g}", number);
    }
    return value.dump();
}

std::string_view meaning(GateVerdict verdict) {
    switch (verdict) {
    case GateVerdict::inert:
        return "it made no difference";
    case GateVerdict::pinnedOpen:
        return "practically always open, so it does not follow the load";
    case GateVerdict::pinnedClosed:
        return "practically always closed, so little can pass";
    case GateVerdict::active:
        return "it followed the load";
    }
    return "";
}

std::string mendedRows(const Json& traffic) {
    if (!traffic.is_object() || !traffic.contains("rows_read")) return {};
    std::uint64_t dropped = 0;
    std::string reasons;
    for (const auto& [reason, rows] : traffic["dropped"].items()) {
        dropped += rows.get<std::uint64_t>();
        reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ",
                               count(rows.get<std::uint64_t>()), reason);
    }
    std::string out;
    if (dropped > 0) {
        out = fmt::format("{} of {} rows dropped ({})", count(dropped),
                          count(traffic["rows_read"].get<std::uint64_t>()), reasons);
    }
    if (const auto moved = traffic["inversions_repaired"].get<std::uint64_t>(); moved > 0) {
        out += fmt::format("{}{} rows put in order of their time", out.empty() ? "" : ", ",
                           count(moved));
    }
    return out;
}

std::string story(const Report& r) {
    std::string out;
    for (const SourceReport& s : r.sources) {
        if (!s.interactive || s.ttftMs.count == 0) continue;
        out += fmt::format("Users of {} saw their first token after {} (median) and {} at the 99th "
                           "percentile. ",
                           s.name, milliseconds(s.ttftMs.p50), milliseconds(s.ttftMs.p99));
        break;
    }
    std::uint64_t enqueued = 0, onTime = 0, late = 0, open = 0;
    for (const QueueReport& q : r.queues) {
        enqueued += q.enqueued;
        onTime += q.succeeded - q.late;
        late += q.late + q.deadlineExceeded;
        open += q.stillQueued + q.inFlight;
    }
    if (enqueued > 0) {
        out += fmt::format("Of {} queued requests {} were done in time", count(enqueued),
                           count(onTime));
        if (late > 0) out += fmt::format(", {} came too late", count(late));
        if (open > 0) out += fmt::format(", {} were still open at the end", count(open));
        out += ". ";
    }
    if (!r.gates.empty()) {
        const GateReport& g = r.gates.front();
        out += fmt::format("The gate of {} was closed {} of the time: {}.", g.owner,
                           percent(g.stats.closedShare), meaning(g.stats.verdict));
    }
    return out;
}

} // namespace penstock::text
