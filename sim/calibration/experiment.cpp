// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/experiment.h"

#include "sim/fleet/replica.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::sim {
namespace {

constexpr double kMs = 1e-6; // milliseconds in a nanosecond
constexpr std::int64_t kSecond = 1'000'000'000;

// Sends to one replica and keeps the times of every request.
class Client {
  public:
    explicit Client(const ReplicaConfig& config) : replica_(config) {}

    // Sink of the replica.
    void scheduled(std::uint64_t, std::int64_t, std::int32_t) {}
    void firstToken(std::uint64_t id, std::int64_t t) { requests_[id].first = t; }
    void finished(std::uint64_t id, std::int64_t t) {
        requests_[id].end = t;
        lastEnd_ = std::max(lastEnd_, t);
        --inFlight_;
        ended_.push_back(t);
    }
    void preempted(std::uint64_t, std::int64_t) {}
    void lost(std::uint64_t, std::int64_t) {}

    void send(std::int64_t t, Sequence s) {
        s.id = requests_.size();
        requests_.push_back({t, 0, 0, s.outputTokens});
        if (replica_.submit(t, s).verdict == Admission::accepted) {
            ++inFlight_;
        } else {
            ++refused_;
        }
    }
    void advance(std::int64_t t) { replica_.advance(t, *this); }
    std::int64_t nextEvent() const { return replica_.nextEvent(); }
    std::int64_t inFlight() const { return inFlight_; }
    std::int64_t lastEnd() const { return lastEnd_; }
    std::size_t sent() const { return requests_.size(); }
    std::vector<std::int64_t> takeEnded() { return std::exchange(ended_, {}); }
    Observation observe(std::int64_t t) const { return replica_.observe(t); }

    Replay::Times times(std::size_t i) const {
        const Request& r = requests_[i];
        if (r.end == 0) return {};
        const double delay = static_cast<double>(replica_.config().responseDelayNs);
        return {(static_cast<double>(r.first - r.sent) + delay) * kMs,
                static_cast<double>(r.end - r.first) * kMs / std::max(1, r.output - 1),
                (static_cast<double>(r.end - r.sent) + delay) * kMs};
    }

    // Means over the requests sent at `from` or later, of the first `count`.
    Seen seen(std::int64_t from = 0, std::size_t count = SIZE_MAX) const {
        Seen out;
        for (std::size_t i = 0; i < std::min(count, requests_.size()); ++i) {
            if (requests_[i].end == 0 || requests_[i].sent < from) continue;
            const Replay::Times t = times(i);
            out.ttftMs += t.ttftMs;
            out.tpotMs += t.tpotMs;
            out.e2eMs += t.e2eMs;
            ++out.requests;
        }
        out.refused = refused_;
        out.preemptions = replica_.observe(lastEnd_).preemptions;
        if (out.requests == 0) return out;
        const double n = static_cast<double>(out.requests);
        out.ttftMs /= n;
        out.tpotMs /= n;
        out.e2eMs /= n;
        out.completedPerSecond = n * 1e9 / static_cast<double>(lastEnd_ - from);
        return out;
    }

  private:
    struct Request {
        std::int64_t sent = 0, first = 0, end = 0;
        std::int32_t output = 0;
    };
    Replica<> replica_;
    std::vector<Request> requests_;
    std::vector<std::int64_t> ended_; // since the caller last looked
    std::int64_t inFlight_ = 0, lastEnd_ = 0, refused_ = 0;
};

// Whole numbers whose running mean is the given one.
class Dither {
  public:
    explicit Dither(double mean) : mean_(mean) {}
    std::int32_t next() {
        due_ += mean_;
        const auto whole = static_cast<std::int32_t>(due_);
        due_ -= whole;
        return std::max(1, whole);
    }

  private:
    double mean_;
    double due_ = 0.0;
};

} // namespace

Seen runLoadStage(const ReplicaConfig& config, const LoadStage& stage) {
    Client client(config);
    Dither prompt(stage.promptTokens), output(stage.outputTokens);
    const std::int64_t count =
        std::max<std::int64_t>(1, std::llround(stage.seconds * stage.perSecond));
    std::int64_t t = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        t = std::max(t, static_cast<std::int64_t>(1e9 * static_cast<double>(i) / stage.perSecond));
        client.advance(t);
        while (stage.inFlightMax > 0 && client.inFlight() >= stage.inFlightMax) {
            t = client.nextEvent();
            client.advance(t);
        }
        Sequence s;
        s.promptTokens = prompt.next();
        s.outputTokens = output.next();
        if (stage.distinctPrompts > 0) {
            s.prefix.groups[0] = {static_cast<std::uint64_t>(1 + i % stage.distinctPrompts),
                                  s.promptTokens};
        }
        client.send(t, s);
    }
    client.advance(kNeverNs - 1);
    return client.seen();
}

Seen runClosedLoop(const ReplicaConfig& config, const ClosedLoop& loop) {
    Client client(config);
    Sequence s;
    s.promptTokens = loop.promptTokens;
    s.outputTokens = loop.outputTokens;
    // One round more than counts, so that those that count never have the server for themselves.
    const std::size_t users = static_cast<std::size_t>(loop.concurrency);
    const std::size_t counted = users * static_cast<std::size_t>(loop.rounds);
    const std::size_t total = counted + users;
    const auto playUntil = [&](std::int64_t until) {
        while (client.nextEvent() < until) {
            client.advance(client.nextEvent());
            for (const std::int64_t t : client.takeEnded()) {
                if (client.sent() < total) client.send(t, s);
            }
        }
    };
    const auto ramp = static_cast<std::int64_t>(loop.rampSeconds * 1e9);
    for (std::int32_t i = 0; i < loop.concurrency; ++i) {
        const std::int64_t t = ramp * i / loop.concurrency;
        playUntil(t);
        client.send(t, s);
    }
    playUntil(kNeverNs);
    return client.seen(ramp, counted);
}

Replay replayLog(const ReplicaConfig& config, const std::vector<LoggedRequest>& log) {
    Client client(config);
    Replay out;
    std::int64_t nextSecond = kSecond;
    const auto playUntil = [&](std::int64_t t) {
        for (; nextSecond <= t; nextSecond += kSecond) {
            client.advance(nextSecond);
            out.seconds.push_back(client.observe(nextSecond));
        }
        client.advance(t);
    };
    for (const LoggedRequest& request : log) {
        Sequence s;
        s.promptTokens = request.promptTokens;
        s.outputTokens = request.outputTokens;
        s.prefix.groups[0] = {1 + client.sent(), s.promptTokens + s.outputTokens};
        playUntil(request.sentNs);
        client.send(request.sentNs, s);
    }
    while (client.inFlight() > 0)
        playUntil(nextSecond);
    for (std::size_t i = 0; i < log.size(); ++i)
        out.times.push_back(client.times(i));
    out.seen = client.seen();
    return out;
}

} // namespace penstock::sim
