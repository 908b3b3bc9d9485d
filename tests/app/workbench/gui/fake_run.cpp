// SPDX-License-Identifier: GPL-3.0-only
#include "tests/app/workbench/gui/fake_run.h"

#include "tests/app/workbench/gui/made_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 250ms;
constexpr std::array kQueueNames{"code", "batch", "nightly", "eval", "embed", "audit"};

std::string queueName(int i) {
    const auto k = static_cast<std::size_t>(i);
    return k < kQueueNames.size() ? kQueueNames[k] : fmt::format("q{}", i);
}

// The pool's true load at `s` seconds.
double trueLoad(double s) {
    return loadAt(s, static_cast<std::int64_t>(s * 4));
}

ParameterRow parameter(std::string path, std::string group, ParameterKind kind, double min,
                       double max, double value, std::string unit, std::string help) {
    ParameterRow p;
    p.name = path.substr(path.rfind('.') + 1);
    p.path = std::move(path);
    p.group = std::move(group);
    p.kind = kind;
    p.min = min;
    p.max = max;
    p.fallback = p.value = value;
    p.unit = std::move(unit);
    p.help = std::move(help);
    return p;
}

std::string gatePath(const std::string& queue) {
    return "engine.transport.queues[" + queue + "].gate_params.";
}

} // namespace

FakeRun::FakeRun(Options options) : options_(options), head_(options.start) {
    describe();
    for (const ParameterRow& p : info_.parameters)
        parameters_[p.path] = p.value;
    paused_.assign(info_.queues.size(), false);
    closed_.assign(info_.gates.size(), 0);
    next_.head = head_;
}

void FakeRun::describe() {
    info_.scenario = "code-onoff";
    info_.about = "On/off code completion beside a decode-heavy backlog";
    info_.lesson = "A gate that reads late closes late.";
    info_.semantics = "penstock";
    info_.seed = 42;
    info_.start = options_.start;
    info_.end = options_.start + 20min;
    info_.can.steer = info_.can.knobs = !options_.recorded;
    info_.can.armFirst = options_.armFirst;
    for (int i = 0; i < options_.queues; ++i)
        info_.queues.push_back(queueName(i));
    info_.pools = {"default"};
    info_.sources = {"chat"};
    for (int i = 0; i < options_.replicas; ++i)
        info_.replicas.push_back(fmt::format("pod-{}", i));
    for (int i = 0; i < std::min(options_.gates, options_.queues); ++i)
        info_.gates.push_back(
            {"queue " + info_.queues[static_cast<std::size_t>(i)], "prometheus-saturation", true});
    auto& all = info_.parameters;
    for (const RunInfo::Gate& gate : info_.gates) {
        const std::string path = gatePath(gate.owner.substr(6));
        const std::string group = gate.owner + ", " + gate.type;
        all.push_back(parameter(path + "threshold", group, ParameterKind::number, 0, 1, 0.8, "",
                                "The gate is shut while the pool's saturation is above this."));
        all.push_back(parameter(path + "baseline", group, ParameterKind::number, 0, 1, 0.05, "",
                                "The share that is let through even while the pool is busy."));
        all.push_back(parameter(path + "fallback", group, ParameterKind::number, 0, 1, 1, "",
                                "The budget while there is no sample."));
        all.push_back(parameter(path + "cache_ttl", group, ParameterKind::duration, 0, 60, 5, "s",
                                "How long a reading is used again."));
    }
    for (const std::string& queue : info_.queues) {
        const std::string path = "engine.transport.queues[" + queue + "].";
        all.push_back(parameter(path + "batch_size", "queue " + queue, ParameterKind::integer, 1,
                                100000, 10, "requests", "Requests claimed at a poll."));
        all.push_back(parameter(path + "poll_interval", "queue " + queue, ParameterKind::duration,
                                0.001, 3600, 1, "s", "Time between two polls."));
    }
    all.push_back(parameter("engine.pools[default].workers", "pool default", ParameterKind::integer,
                            1, 100000, 96, "workers", "Requests in flight at most."));
    ParameterRow merge = parameter("engine.merge_policy", "engine", ParameterKind::choice, 0, 1, 0,
                                   "", "How queues share the workers.");
    merge.choices = {"random-robin", "tier-priority"};
    merge.live = false;
    all.push_back(merge);
    all.push_back(parameter("engine.retry.use_retry_after", "engine", ParameterKind::flag, 0, 1, 1,
                            "", "Whether Retry-After of a response is heeded."));
    if (!info_.gates.empty()) {
        info_.advice = {
            {"floor-of-the-poll", Severity::warning, "queue code", gatePath("code") + "threshold",
             "At threshold 0.8 and batch 10 no more than 8 requests a second can pass.",
             "Raise batch_size to 40, or poll every 250 ms."},
            {"can-never-open", Severity::error, "queue batch, gate_params",
             "engine.transport.queues[batch].batch_size",
             "budget × batch is below one request at a saturation of 0.7 and more.",
             "Set batch_size to at least 5."},
            {"fails-open", Severity::info, "gate of queue code", "",
             "Without a sample the gate is open.", "Set fallback to 0 if that is not wanted."}};
    }
}

double FakeRun::threshold(std::size_t gate) const {
    return parameters_.at(gatePath(info_.gates[gate].owner.substr(6)) + "threshold");
}

void FakeRun::pass(Duration time) {
    if (status_ != RunStatus::running) return;
    const Time until = head_ + time;
    // Steps lie on a grid of their own, so that the same time makes the same samples.
    for (Time t = options_.start + kStep * steps_; t < until; t = options_.start + kStep * steps_) {
        step(t);
        ++steps_;
    }
    head_ = until;
    news_ = true;
}

void FakeRun::step(Time t) {
    const double s = toSeconds(t - options_.start);
    const double load = trueLoad(s);
    const auto isLoud = [&](std::size_t i) { return static_cast<int>(i) == options_.loud; };
    if (steps_ % 20 == 0) { // reads every 5 s what was true 4 s before
        read_ = trueLoad(s - 4);
        readAge_ = 4;
        for (std::size_t g = 0; g < info_.gates.size(); ++g) {
            const double budget =
                std::clamp(std::floor((threshold(g) + 0.2 - read_) * 5) / 5, 0.0, 1.0);
            const auto gate = static_cast<std::uint16_t>(g);
            next_.readings.push_back(
                {gate, t, 4s, read_, threshold(g), read_ > threshold(g) ? 0 : budget, true});
            const bool over = options_.loud < 0 ? read_ > threshold(g) : isLoud(g);
            const int closed = over ? 1 : 0;
            if (closed == closed_[g]) continue;
            closed_[g] = closed;
            next_.turns.push_back({gate, t, closed ? "gate_closed" : ""});
            EventRow e;
            e.sequence = ++events_;
            e.at = t;
            e.kind = EventKind::gate;
            e.owner = info_.gates[g].owner;
            e.reason = closed ? "gate_closed" : "";
            e.value = read_;
            e.threshold = threshold(g);
            e.text = closed ? "the gate closed" : "the gate opened";
            next_.events.push_back(e);
        }
    }
    const bool closed = !closed_.empty() && closed_[0] == 1;
    const double phase = phaseAt(s);
    const double depth = closed ? 40 + phase * 9 : std::max(0.0, 400 - std::abs(phase - 45) * 8);
    GaugeSample g;
    g.at = t;
    for (std::size_t q = 0; q < info_.queues.size(); ++q) {
        const double k = static_cast<double>(q);
        const double d = options_.loud < 0 ? std::floor(depth * (1 - 0.4 * k / 3))
                         : isLoud(q)       ? 500
                                           : static_cast<double>(q % 7);
        g.queues.push_back({static_cast<float>(d), static_cast<float>(d * 0.3),
                            closed ? 14.0f : 2.0f, static_cast<float>(std::floor(load * 40))});
    }
    g.pools.push_back({static_cast<float>(std::floor(load * 90)),
                       static_cast<float>(parameters_.at("engine.pools[default].workers"))});
    for (std::size_t i = 0; i < info_.gates.size(); ++i)
        g.gateTruth.push_back(static_cast<float>(load));
    g.saturation = static_cast<float>(load);
    g.busy = static_cast<float>(std::min(1.0, load * 1.02));
    g.kv = static_cast<float>(load * 0.85);
    g.batchShare = static_cast<float>(0.4 + 0.2 * std::sin(s / 30));
    for (std::size_t r = 0; r < info_.replicas.size(); ++r) {
        const double share = options_.loud < 0
                                 ? load * (0.75 + 0.3 * noise(static_cast<std::int64_t>(r)))
                             : isLoud(r) ? 0.95
                                         : 0.1;
        g.replicas.push_back(r == 5 && phase > 60 && phase < 80 ? std::nanf("")
                                                                : static_cast<float>(share));
    }
    next_.gauges.push_back(std::move(g));
    if (steps_ % 4 == 0) {
        const auto f = [](double v) { return static_cast<float>(v); };
        next_.outcomes.push_back({t, f(load * 22 + 5 * noise(steps_)), f(closed ? 3 : 0.3),
                                  f(closed ? 6 : 0), f(noise(steps_ + 5) > 0.97 ? 2 : 0), 0});
        const double ttft = (burstAt(s) ? 220 : 90) * (1 + 0.4 * noise(steps_ + 7));
        next_.latencies.push_back({t, f(ttft), f(ttft * 2.2), f(ttft * 4)});
    }
    if (!closed && steps_ % 3 == 0) next_.decisions.push_back(t);
    const auto due = static_cast<std::int64_t>(s * options_.requestsPerSecond);
    for (; requests_ <= due; ++requests_) {
        next_.requests.push_back(request(requests_, t));
        EventRow e;
        e.sequence = ++events_;
        e.at = t;
        e.kind = requests_ % 7 == 3 ? EventKind::refusal : EventKind::result;
        e.owner = next_.requests.back().queue;
        e.request = next_.requests.back().id;
        e.reason = requests_ % 7 == 3 ? "quota_exhausted" : "";
        e.text = requests_ % 7 == 3 ? "waits for its quota" : "ended";
        next_.events.push_back(e);
    }
}

RequestRow FakeRun::request(std::int64_t number, Time finished) const {
    RequestRow r;
    r.id = fmt::format("req-{:06}", number);
    r.queue = info_.queues.empty()
                  ? "chat"
                  : info_.queues[static_cast<std::size_t>(number) % info_.queues.size()];
    const double late = noise(number * 3);
    r.outcome = late > 0.95 ? Outcome::expired : late > 0.92 ? Outcome::failed : Outcome::succeeded;
    r.reason = r.outcome == Outcome::failed    ? "no endpoints"
               : r.outcome == Outcome::expired ? "deadline_exceeded"
                                               : "";
    r.attempts = late > 0.85 ? 3 : 1;
    const double waited = 0.2 + 12 * noise(number + 1), ran = 1.5 + 6 * noise(number + 2);
    r.finished = finished;
    r.arrived = finished - fromSeconds(waited + ran);
    r.waitMs = waited * 1e3;
    r.ttftMs = 80 + 400 * noise(number + 4);
    r.endToEndMs = (waited + ran) * 1e3;
    r.slackSeconds = r.outcome == Outcome::expired ? -4 * noise(number + 5) : 60 - waited;
    r.promptTokens = 200 + static_cast<std::int64_t>(2000 * noise(number + 8));
    r.outputTokens = 20 + static_cast<std::int64_t>(400 * noise(number + 9));
    return r;
}

void FakeRun::find(const std::string& requestId) {
    findsAsked.push_back(requestId);
    RequestRow found;
    found.id = requestId;
    std::int64_t number = -1;
    if (requestId.starts_with("req-")) number = std::atoll(requestId.c_str() + 4);
    if (number >= 0 && number < requests_) {
        found = request(number, options_.start + fromSeconds(static_cast<double>(number) /
                                                             options_.requestsPerSecond));
        Time t = found.arrived;
        const auto stage = [&](Stage s, double seconds, int attempt) {
            found.stages.push_back({s, t, t + fromSeconds(seconds), attempt});
            t = found.stages.back().to;
        };
        const double waited = found.waitMs / 1e3;
        stage(Stage::queue, waited * 0.6, 1);
        stage(Stage::gate, waited * 0.3, 1);
        stage(Stage::slot, waited * 0.1, 1);
        for (int attempt = 1; attempt < found.attempts; ++attempt) {
            stage(Stage::routerQueue, 0.02, attempt);
            stage(Stage::backoff, 0.4 * attempt, attempt);
        }
        stage(Stage::routerQueue, 0.05, found.attempts);
        stage(Stage::replicaQueue, 0.3, found.attempts);
        stage(Stage::prefill, found.ttftMs / 1e3, found.attempts);
        stage(Stage::decode, std::max(0.1, toSeconds(found.finished - t)), found.attempts);
        found.finished = t;
    }
    next_.found = found;
    news_ = true;
}

void FakeRun::send(Command command) {
    sent.push_back(command);
    news_ = true;
    if (options_.recorded) return;
    if (const auto* set = std::get_if<SetParameter>(&command)) {
        const double before = parameters_.at(set->path);
        parameters_[set->path] = set->value;
        next_.moved.emplace_back(set->path, set->value);
        next_.marks.push_back({head_, MarkNote::Kind::move,
                               fmt::format("{} {:g} → {:g}", set->path, before, set->value)});
    } else if (const auto* pause = std::get_if<PauseQueue>(&command)) {
        for (std::size_t i = 0; i < info_.queues.size(); ++i) {
            if (info_.queues[i] == pause->queue) paused_[i] = pause->paused;
        }
    } else if (std::holds_alternative<Pause>(command)) {
        status_ = RunStatus::paused;
    } else if (std::holds_alternative<Stop>(command)) {
        status_ = RunStatus::stopped;
    } else if (std::holds_alternative<StepOne>(command)) {
        status_ = RunStatus::running;
        pass(kStep);
        status_ = RunStatus::paused;
    } else {
        status_ = RunStatus::running;
    }
}

void FakeRun::fail(std::string error) {
    next_.error = std::move(error);
    status_ = RunStatus::failed;
    news_ = true;
}

void FakeRun::finish() {
    status_ = RunStatus::finished;
    news_ = true;
}

bool FakeRun::take(Frame& frame) {
    if (!news_) return false;
    news_ = false;
    const double s = toSeconds(head_ - options_.start);
    next_.head = head_;
    next_.status = status_;
    next_.targetSpeed = 50;
    next_.achievedSpeed = 48.7;
    next_.eventsPerSecond = 1.9e6;
    next_.progress = s / 1200;
    next_.fingerprint = fmt::format("{:016x}", events_);
    for (std::size_t q = 0; q < info_.queues.size(); ++q) {
        QueueRow row;
        row.id = info_.queues[q];
        row.depth = options_.loud < 0 ? 120 + static_cast<std::int64_t>(q) * 31 + steps_ % 9
                    : static_cast<int>(q) == options_.loud ? 500
                                                           : static_cast<std::int64_t>(q % 7);
        row.oldestAgeSeconds = 12.4 + static_cast<double>(q);
        row.arrivalsPerSecond = 21.3;
        row.completedPerSecond = paused_[q] ? 0 : 18.2;
        row.waitP95Ms = 41200;
        row.waitingRetries = 14;
        row.inFlight = 38;
        row.paused = paused_[q];
        next_.queues.push_back(row);
    }
    for (std::size_t g = 0; g < info_.gates.size(); ++g) {
        GateRow row;
        row.owner = info_.gates[g].owner;
        row.type = info_.gates[g].type;
        row.open = closed_[g] == 0;
        row.read = read_;
        row.readAgeSeconds = readAge_ + std::fmod(s, 5);
        row.truth = trueLoad(s);
        row.threshold = threshold(g);
        row.budget = row.open ? 0.4 : 0;
        row.source = "prometheus, inference_pool_saturation";
        if (g == 1) row.fallback = "no sample for 30 s: treated as open";
        if (!row.open) {
            row.reason = "gate_closed";
            row.remedy = fmt::format("Opens when the reading falls below {:.2f}.", threshold(g));
            row.parameterPath = gatePath(info_.gates[g].owner.substr(6)) + "threshold";
        }
        next_.gates.push_back(row);
    }
    frame = std::move(next_);
    next_ = {};
    return true;
}

std::vector<RunRow> FakeRuns::history(int count) {
    std::vector<RunRow> runs;
    for (int i = count; i > 0; --i) {
        RunRow run;
        run.id = i;
        run.scenario = i % 3 ? "code-onoff" : "reopen-stampede";
        run.seed = static_cast<std::uint64_t>(40 + i);
        run.startedUnixSeconds = 1'700'000'000 + i * 4000;
        run.virtualSeconds = 1200;
        run.wallSeconds = 3.5 + i;
        run.status = i == count ? RunStatus::recovered : RunStatus::finished;
        run.fingerprint = fmt::format("{:016x}", 0x9f3a21c4d5e6f700ULL + static_cast<unsigned>(i));
        if (i == 1) run.tags = "base";
        if (i == 2) run.notes = "threshold 0.65, less overshoot";
        runs.push_back(run);
    }
    return runs;
}

} // namespace penstock::app
