// SPDX-License-Identifier: Apache-2.0
#include "app/session/view/life.h"

#include <algorithm>
#include <charconv>

namespace penstock::app {

using Kind = penstock::EventKind;

namespace {

bool succeeded(int status) {
    return status >= 200 && status < 400;
}

std::string reasonOf(const EndedRequest& e) {
    const auto dropped = static_cast<DroppedReason>(e.dropped);
    const auto transport = static_cast<TransportError>(e.transport);
    if (e.end == Kind::deadLetter) return std::string(name(ResultCode::deliveryAttemptsExceeded));
    if (e.end == Kind::lost) return "lost";
    if (!e.interactive && static_cast<ResultCode>(e.code) != ResultCode::http) {
        std::string reason(name(static_cast<ResultCode>(e.code)));
        if (transport != TransportError::none) reason += " (" + std::string(name(transport)) + ")";
        return reason;
    }
    if (succeeded(e.status)) return {};
    if (dropped != DroppedReason::none) return std::string(name(dropped));
    if (transport != TransportError::none) return std::string(name(transport));
    return e.status == 0 ? "no answer" : "HTTP " + std::to_string(e.status);
}

} // namespace

BriefEvent BriefEvent::of(const Event& e) {
    BriefEvent b;
    b.at = e.at;
    b.request = e.request;
    b.value = static_cast<float>(e.value);
    b.threshold = static_cast<float>(e.threshold);
    b.queue = e.queue != kNoIndex ? e.queue : e.pool;
    b.status = static_cast<std::int16_t>(e.status);
    b.kind = e.kind;
    b.code = e.code;
    b.detail = e.detail;
    b.subject = e.subject;
    // A gate reading of a pool is told from a queue's by its detail, which it has no other use for.
    if (e.kind == Kind::gateRead) b.detail = e.queue == kNoIndex ? 1 : 0;
    b.attempt = static_cast<std::uint8_t>(std::min<std::uint32_t>(e.attempt, 255));
    return b;
}

void EndedRequest::served(const ServiceTiming& timing) {
    const auto seconds = [](Duration d) { return static_cast<float>(toSeconds(d)); };
    routerQueue = seconds(timing.routerQueue);
    replicaQueue = seconds(timing.replicaQueue);
    prefill = seconds(timing.prefill);
    decode = seconds(timing.decode);
    promptTokens = timing.promptTokens;
    outputTokens = timing.outputTokens;
}

bool ofOneRequest(Kind kind) {
    return kind != Kind::gateRead && kind != Kind::gateClosed && kind != Kind::parameter &&
           kind != Kind::fault && kind != Kind::engine;
}

std::string Names::requestId(std::uint64_t number, std::uint16_t source) const {
    return (source < sources.size() ? sources[source] : std::string("request")) + "-" +
           std::to_string(number);
}

bool Names::parseId(const std::string& id, std::uint64_t& number, std::uint16_t& source) const {
    const auto dash = id.rfind('-');
    const char* from = id.data() + (dash == std::string::npos ? 0 : dash + 1);
    const char* end = id.data() + id.size();
    const auto [after, error] = std::from_chars(from, end, number);
    if (error != std::errc{} || after != end) return false;
    source = static_cast<std::uint16_t>(number >> 40); // how the world numbers its requests
    if (source >= sources.size()) return false;
    return dash == std::string::npos || sources[source] == id.substr(0, dash);
}

Outcome outcomeOf(const EndedRequest& e) {
    if (e.end == Kind::deadLetter) return Outcome::dead;
    if (e.end == Kind::lost) return e.finished > e.deadline ? Outcome::expired : Outcome::failed;
    if (!e.interactive) {
        switch (static_cast<ResultCode>(e.code)) {
        case ResultCode::http:
            break;
        case ResultCode::deadlineExceeded:
            return Outcome::expired;
        case ResultCode::cancelled:
            return Outcome::cancelled;
        case ResultCode::gateDropped:
            return Outcome::shed;
        case ResultCode::deliveryAttemptsExceeded:
            return Outcome::dead;
        default:
            return Outcome::failed;
        }
    }
    if (succeeded(e.status)) {
        return e.finished > e.deadline ? Outcome::expired : Outcome::succeeded;
    }
    return e.status == 429 || e.dropped != 0 ? Outcome::shed : Outcome::failed;
}

RequestRow rowOf(const EndedRequest& e, const Names& names) {
    RequestRow row;
    row.id = names.requestId(e.number, e.source);
    const bool known =
        e.interactive ? e.source < names.sources.size() : e.queue < names.queues.size();
    if (known) row.queue = e.interactive ? names.sources[e.source] : names.queues[e.queue];
    row.outcome = outcomeOf(e);
    row.reason = reasonOf(e);
    row.arrived = e.enqueued;
    row.finished = e.finished;
    if (e.wait >= Duration{0}) row.waitMs = toMillis(e.wait);
    if (e.ttft > Duration{0}) row.ttftMs = toMillis(e.ttft);
    row.endToEndMs = toMillis(e.finished - e.enqueued);
    if (e.deadline < kNever) row.slackSeconds = toSeconds(e.deadline - e.finished);
    row.attempts = e.attempts;
    row.promptTokens = e.promptTokens;
    row.outputTokens = e.outputTokens;
    return row;
}

namespace {

// Builds a waterfall stage by stage; stages of no length are left out.
class Waterfall {
  public:
    void begin(Stage stage, Time at) {
        end(at);
        stage_ = stage;
        since_ = at;
        open_ = true;
    }
    void end(Time at) {
        if (open_) add(stage_, since_, at);
        open_ = false;
    }
    void add(Stage stage, Time from, Time to) {
        if (to > from) rows_.push_back({stage, from, to, attempt_});
    }
    void nextAttempt() { ++attempt_; }
    bool open() const { return open_; }
    std::vector<StageRow> take() { return std::move(rows_); }

  private:
    std::vector<StageRow> rows_;
    Stage stage_ = Stage::queue;
    Time since_{};
    bool open_ = false;
    int attempt_ = 1;
};

// The last attempt, from its end backwards: what the router timed, and before it the way there.
void addService(Waterfall& out, Time from, const EndedRequest& e) {
    Time at = from;
    const auto spend = [&](Stage stage, float seconds) {
        const Time to = std::min(at + fromSeconds(static_cast<double>(seconds)), e.finished);
        out.add(stage, at, to);
        at = to;
    };
    const float known = e.routerQueue + e.replicaQueue + e.prefill + e.decode;
    if (known <= 0) {
        out.add(Stage::routerQueue, from, e.finished);
        return;
    }
    spend(Stage::routerQueue, e.routerQueue);
    spend(Stage::replicaQueue, e.replicaQueue);
    spend(Stage::prefill, e.prefill);
    out.add(Stage::decode, at, e.finished);
}

} // namespace

std::vector<StageRow> stagesOf(std::span<const BriefEvent> events, const EndedRequest* ended,
                               Time now) {
    Waterfall out;
    if (ended != nullptr && ended->interactive) {
        addService(out, ended->created, *ended);
        return out.take();
    }
    Time sent = kNever; // of the attempt under way
    bool any = false;
    for (const BriefEvent& e : events) {
        switch (e.kind) {
        case Kind::arrived:
            continue;
        case Kind::enqueued:
        case Kind::gaveBack:
        case Kind::redelivered:
            out.begin(Stage::queue, e.at);
            break;
        case Kind::claimed:
            out.begin(Stage::slot, e.at);
            break;
        case Kind::waiting:
            out.begin(static_cast<GateSide>(e.detail) == GateSide::none ? Stage::slot : Stage::gate,
                      e.at);
            break;
        case Kind::sent:
            out.end(e.at);
            sent = e.at;
            break;
        case Kind::response:
            // Whether this was the last one, the next event says.
            if (ended == nullptr || e.at < ended->finished) {
                if (sent != kNever) out.add(Stage::routerQueue, sent, e.at);
                sent = kNever;
            }
            break;
        case Kind::retry:
            if (sent != kNever) out.add(Stage::routerQueue, sent, e.at);
            sent = kNever;
            out.add(Stage::backoff, e.at, e.at + fromSeconds(static_cast<double>(e.value)));
            out.nextAttempt();
            out.begin(Stage::queue, e.at + fromSeconds(static_cast<double>(e.value)));
            break;
        default:
            continue;
        }
        any = true;
    }
    if (!any && ended != nullptr) { // its events have been forgotten: what its end tells
        const float service =
            ended->routerQueue + ended->replicaQueue + ended->prefill + ended->decode;
        const Time from =
            std::max(ended->enqueued, ended->finished - fromSeconds(static_cast<double>(service)));
        out.add(Stage::queue, ended->enqueued, from);
        if (service > 0) addService(out, from, *ended);
        return out.take();
    }
    const Time end = ended != nullptr ? ended->finished : now;
    if (sent == kNever) {
        out.end(end);
    } else if (ended != nullptr) {
        addService(out, sent, *ended);
    } else {
        out.add(Stage::routerQueue, sent, end);
    }
    return out.take();
}

} // namespace penstock::app
