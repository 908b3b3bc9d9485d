// SPDX-License-Identifier: Apache-2.0
// Events in words, for the table of events. Made when a frame is taken, on the thread that takes
// it.
#include "app/session/view/gate_words.h"
#include "app/session/view/life.h"

#include <fmt/format.h>

#include <array>

namespace penstock::app {

using Kind = penstock::EventKind;

namespace {

std::string nameOr(const std::vector<std::string>& names, std::size_t index, const char* what) {
    return index < names.size() ? names[index] : fmt::format("{} {}", what, index);
}

std::string gateOwner(const BriefEvent& e, const Names& names) {
    const bool pool = static_cast<GateSide>(e.detail) == GateSide::poolGate;
    const std::string queue = nameOr(names.queues, e.queue, "queue");
    return pool ? queue + " (its pool's gate)" : queue;
}

std::string refusalWord(const BriefEvent& e) {
    std::string word = reasonWord(static_cast<ReasonCode>(e.code));
    return word.empty() ? "no_room" : word;
}

void fill(EventRow& row, const BriefEvent& e, const Names& names) {
    const double value = static_cast<double>(e.value);
    const double threshold = static_cast<double>(e.threshold);
    switch (e.kind) {
    case Kind::enqueued:
        row.text = "entered its queue";
        return;
    case Kind::claimed:
        row.text = "claimed";
        return;
    case Kind::expired:
        row.kind = EventKind::result;
        row.text = "found past its deadline";
        return;
    case Kind::gateRead:
        row.kind = EventKind::gate;
        row.value = value;
        row.threshold = threshold;
        row.reason = reasonWord(static_cast<ReasonCode>(e.code));
        row.text = row.reason.empty() ? "gate read: open" : "gate read: closed";
        return;
    case Kind::gateClosed:
        row.kind = EventKind::refusal;
        row.value = value;
        row.threshold = threshold;
        row.reason = refusalWord(e);
        row.text = "poll found no room in the gate";
        return;
    case Kind::refused:
        row.kind = EventKind::refusal;
        row.value = value;
        row.threshold = threshold;
        row.reason = refusalWord(e);
        row.text = "sent back by the gate of " + gateOwner(e, names);
        return;
    case Kind::waiting:
        row.kind = EventKind::refusal;
        if (static_cast<GateSide>(e.detail) == GateSide::none) {
            row.reason = "no_slot";
            row.text = "waits for a worker";
            return;
        }
        row.value = value;
        row.threshold = threshold;
        row.reason = refusalWord(e);
        row.text = "held at hand by the gate of " + gateOwner(e, names);
        return;
    case Kind::sent:
        row.kind = EventKind::decision;
        row.text = e.attempt == 0 ? "sent" : fmt::format("sent, attempt {}", e.attempt + 1);
        return;
    case Kind::response:
        row.value = value;
        row.text = e.status > 0 ? fmt::format("answered {} after {:.3g} s", e.status, value)
                                : fmt::format("no answer after {:.3g} s", value);
        if (e.code != 0) row.reason = name(static_cast<DroppedReason>(e.code));
        if (e.detail != 0) row.reason = name(static_cast<TransportError>(e.detail));
        return;
    case Kind::retry:
        row.kind = EventKind::retry;
        row.value = value;
        row.text = fmt::format("tried again in {:.3g} s", value);
        if (e.status > 0) row.reason = fmt::format("HTTP {}", e.status);
        return;
    case Kind::finished:
        row.kind = EventKind::result;
        row.reason = name(static_cast<ResultCode>(e.code));
        row.text = e.status > 0 ? fmt::format("ended with {}", e.status) : "ended";
        return;
    case Kind::gaveBack:
        row.text = "back in its queue, unchanged";
        return;
    case Kind::redelivered:
        row.text = "claimable again: its owner is gone";
        return;
    case Kind::deadLetter:
        row.kind = EventKind::result;
        row.text = "dead letter: given up as poison";
        return;
    case Kind::unparsable:
        row.kind = EventKind::result;
        row.text = "could not be read";
        return;
    case Kind::lost:
        row.kind = EventKind::result;
        row.reason = "lost";
        row.text = "gone without a result";
        return;
    case Kind::parameter:
        row.kind = EventKind::parameter;
        row.value = value;
        row.text =
            e.code == 1
                ? (value > 0 ? "queue paused" : "queue taken up again")
                : fmt::format("{} = {:g}", nameOr(names.parameters, e.subject, "parameter"), value);
        return;
    case Kind::fault:
        row.kind = EventKind::fault;
        row.text = nameOr(names.faults, e.subject, "fault");
        if (value >= 0) row.text += fmt::format(" on replica {:.0f}", value);
        row.text += e.code == 1 ? " begins" : " ends";
        return;
    case Kind::leaseLost:
        row.text = "taken over by another processor: its lease had run out";
        return;
    case Kind::arrived:
        row.text = "arrived";
        return;
    case Kind::completed:
        row.text = e.status > 0 ? fmt::format("answered {}: first token after {:.3g} s, all after "
                                              "{:.3g} s",
                                              e.status, value, threshold)
                                : "no answer";
        return;
    case Kind::engine: {
        static constexpr std::array kWhat{"engine started", "engine crashed", "engine draining",
                                          "engine stopped"};
        row.text = kWhat[std::min<std::size_t>(e.code, kWhat.size() - 1)];
        return;
    }
    }
}

} // namespace

bool worthARow(const BriefEvent& e, const Names& names) {
    if (e.kind != Kind::arrived && e.kind != Kind::completed) return true;
    return e.queue < names.interactive.size() && names.interactive[e.queue];
}

EventRow rowOf(const BriefEvent& e, std::uint64_t sequence, const Names& names) {
    EventRow row;
    row.sequence = sequence;
    row.at = e.at;
    const bool ofSource = e.kind == Kind::arrived || e.kind == Kind::completed;
    const bool ofEngine = e.kind == Kind::engine || e.kind == Kind::fault;
    if (ofSource) {
        row.owner = nameOr(names.sources, e.queue, "source");
    } else if (e.kind == Kind::parameter && e.code == 1) {
        row.owner = nameOr(names.queues, e.subject, "queue");
    } else if (!ofEngine && e.kind != Kind::parameter && e.queue != kNoIndex) {
        const bool pool = e.kind == Kind::gateRead && e.detail != 0;
        row.owner =
            pool ? nameOr(names.pools, e.queue, "pool") : nameOr(names.queues, e.queue, "queue");
    }
    if (ofOneRequest(e.kind)) {
        row.request = names.requestId(e.request, static_cast<std::uint16_t>(e.request >> 40));
    }
    fill(row, e, names);
    return row;
}

} // namespace penstock::app
