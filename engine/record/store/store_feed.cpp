// SPDX-License-Identifier: Apache-2.0
#include "engine/record/store/store_feed.h"

#include "engine/record/recorder/recorder_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock {

namespace {
constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr int kReplicaSeries = 64;

std::string ownerOf(const RecorderSetup& setup, const RecorderSetup::GateOwner& gate) {
    return gate.ofPool ? "pool:" + setup.workerPools[gate.index].name
                       : "queue:" + setup.queues[gate.index].name;
}

bool ofOneRequest(EventKind kind) {
    switch (kind) {
    case EventKind::gateRead:
    case EventKind::gateClosed:
    case EventKind::parameter:
    case EventKind::fault:
    case EventKind::engine:
        return false;
    default:
        return true;
    }
}
} // namespace

RunHeader headerFor(const RecorderSetup& setup) {
    RunHeader header;
    header.start = setup.start;
    RunLayout& layout = header.layout;
    layout.warmupSeconds = toSeconds(setup.warmup);
    layout.parameters = setup.parameterNames;
    layout.faults = setup.faultNames;
    const auto add = [&](std::string name, const char* unit) {
        header.series.push_back({std::move(name), unit});
    };
    for (const auto& source : setup.sources) {
        layout.sources.push_back(source.name);
        layout.interactive.push_back(source.interactive);
    }
    for (const auto& queue : setup.queues) {
        layout.queues.push_back(queue.name);
        add("queue/" + queue.name + "/depth", "requests");
        add("queue/" + queue.name + "/pending", "requests");
        add("queue/" + queue.name + "/in_flight", "requests");
    }
    for (const auto& pool : setup.workerPools) {
        layout.workerPools.push_back(pool.name);
        add("workers/" + pool.name + "/busy", "requests");
        add("workers/" + pool.name + "/limit", "requests");
    }
    for (const auto& gate : setup.gates) {
        const std::string owner = ownerOf(setup, gate);
        layout.gates.push_back({owner, gate.type, gate.higherIsBusier});
        add("gate/" + owner + "/true", "");
        add("gate/" + owner + "/read", "");
        add("gate/" + owner + "/threshold", "");
        add("gate/" + owner + "/budget", "");
        add("gate/" + owner + "/age", "s");
    }
    for (const char* kind : {"ok", "retry", "shed", "late", "failed"}) {
        add(fmt::format("outcomes/{}", kind), "1/s");
    }
    for (const char* quantile : {"p50", "p95", "p99"})
        add(fmt::format("ttft/{}", quantile), "s");
    add("fleet/saturation", "");
    add("fleet/busy", "");
    add("fleet/kv", "");
    add("fleet/running", "requests");
    add("fleet/waiting", "requests");
    for (int i = 0; i < std::min(setup.replicas, kReplicaSeries); ++i) {
        add(fmt::format("replica/{}/busy", i), "");
    }
    return header;
}

// One row of values in the order of headerFor(), and what is counted between two samples.
struct StoreFeed::Gauges {
    std::vector<float> row;
    std::vector<double> sum; // of the samples of a longer period
    std::vector<std::uint32_t> known;
    std::uint64_t stride = 1, inStride = 0, points = 0;
    Time last{};
    std::uint64_t ok = 0, retry = 0, shed = 0, late = 0, failed = 0;
    Histogram ttft;
    Time windowEnd{};
};

StoreFeed::StoreFeed(const RecorderSetup& setup, RunWriter& writer, FeedPolicy policy)
    : setup_(setup), writer_(writer), policy_(policy), gauges_(std::make_unique<Gauges>()) {
    const std::size_t series = headerFor(setup).series.size();
    gauges_->row.resize(series);
    gauges_->sum.resize(series);
    gauges_->known.resize(series);
    gauges_->last = setup.start;
    gauges_->windowEnd = setup.start + setup.window;
    lives_.reserve(1024);
}

StoreFeed::~StoreFeed() = default;

void StoreFeed::event(const Event& event) {
    count(event);
    if (!ofOneRequest(event.kind)) {
        keepOther(event);
    } else if (keeps(event.request)) {
        keep(event);
    }
}

// Gate readings and polls; moves, faults and the engine's own events are always kept.
void StoreFeed::keepOther(const Event& event) {
    const bool rare = event.kind != EventKind::gateRead && event.kind != EventKind::gateClosed;
    if (!rare && (otherSeen_++ & otherMask_) != 0) return;
    writer_.event(event);
    if (!rare && ++storedOther_ % policy_.otherEvents == 0) otherMask_ = otherMask_ * 2 + 1;
}

void StoreFeed::keep(const Event& event) {
    writer_.event(event);
    note(event);
    if (++storedRequestEvents_ % policy_.requestEvents != 0) return;
    mask_ = mask_ * 2 + 1;
    std::erase_if(lives_, [this](const auto& life) { return !keeps(life.first); });
}

void StoreFeed::note(const Event& event) {
    switch (event.kind) {
    case EventKind::enqueued: {
        RequestLife& life = lives_[event.request];
        life = {};
        life.number = event.request;
        life.queue = event.queue;
        life.enqueued = event.at;
        return;
    }
    case EventKind::completed:
        interactive(event);
        return;
    case EventKind::claimed:
    case EventKind::sent:
    case EventKind::retry:
        break;
    default:
        return;
    }
    const auto found = lives_.find(event.request);
    if (found == lives_.end()) return;
    RequestLife& life = found->second;
    if (event.kind == EventKind::claimed && life.claimed == kNever) life.claimed = event.at;
    if (event.kind == EventKind::sent) {
        if (life.firstSent == kNever) life.firstSent = event.at;
        life.lastSent = event.at;
    }
}

// A request that never met the engine; those of queues end in ended().
void StoreFeed::interactive(const Event& event) {
    if (event.queue >= setup_.sources.size() || !setup_.sources[event.queue].interactive) return;
    RequestLife life;
    life.number = event.request;
    life.id = fmt::format("{}-{}", setup_.sources[event.queue].name, event.request);
    life.source = event.queue;
    life.finished = event.at;
    life.created = event.at - fromSeconds(event.threshold);
    life.firstSent = life.lastSent = life.created;
    life.ttft = fromSeconds(event.value);
    life.status = event.status;
    writer_.request(std::move(life));
}

void StoreFeed::ended(const End& ended) {
    Gauges& g = *gauges_;
    const Request& request = ended.request;
    const ServiceTiming& timing = ended.timing;
    const Event& end = ended.event;
    const bool answered = ended.status() >= 200 && ended.status() < 400;
    if (end.at > request.deadline) {
        ++g.late;
    } else if (answered) {
        ++g.ok;
    } else if (end.kind == EventKind::finished &&
               static_cast<ResultCode>(end.code) == ResultCode::deadlineExceeded) {
        ++g.late;
    } else if (end.kind != EventKind::finished ||
               static_cast<ResultCode>(end.code) != ResultCode::cancelled) {
        ++g.failed;
    }
    if (!keeps(request.number)) return;
    auto node = lives_.extract(request.number);
    RequestLife life = node.empty() ? RequestLife{} : std::move(node.mapped());
    life.number = request.number;
    life.queue = request.queue;
    life.id = request.envelope != nullptr ? textId(request) : std::to_string(request.number);
    life.created = request.created;
    life.enqueued = request.enqueued;
    life.deadline = request.deadline;
    life.finished = end.at;
    life.routerQueue = timing.routerQueue;
    life.replicaQueue = timing.replicaQueue;
    life.prefill = timing.prefill;
    life.decode = timing.decode;
    life.promptTokens = timing.promptTokens;
    life.outputTokens = timing.outputTokens;
    life.retries = request.retries;
    life.end = end.kind;
    life.code = end.code;
    life.status = end.status;
    writer_.request(std::move(life));
}

void StoreFeed::count(const Event& event) {
    Gauges& g = *gauges_;
    switch (event.kind) {
    case EventKind::retry:
        ++g.retry;
        return;
    case EventKind::response:
        if (event.status == 429) ++g.shed;
        return;
    case EventKind::completed:
        if (event.value > 0 && event.queue < setup_.sources.size() &&
            setup_.sources[event.queue].interactive) {
            g.ttft.record(fromSeconds(event.value));
        }
        return;
    default:
        return;
    }
}

void StoreFeed::sample(Time t, const Sample& sample) {
    Gauges& g = *gauges_;
    std::size_t i = 0;
    const auto put = [&](double value) { g.row[i++] = static_cast<float>(value); };
    for (const QueueSample& q : sample.queues) {
        put(static_cast<double>(q.depth()));
        put(static_cast<double>(q.pending));
        put(static_cast<double>(q.inFlight));
    }
    for (const WorkerPoolSample& pool : sample.workerPools) {
        put(pool.busy);
        put(pool.workers);
    }
    for (const GateSample& gate : sample.gates) {
        put(gate.trueKnown ? gate.trueValue : kNothing);
        put(gate.reason.value);
        put(gate.reason.threshold);
        put(gate.budget);
        put(gate.reason.available ? toSeconds(gate.reason.age) : kNothing);
    }
    const double seconds = toSeconds(t - g.last);
    for (std::uint64_t* n : {&g.ok, &g.retry, &g.shed, &g.late, &g.failed}) {
        put(seconds > 0 ? static_cast<double>(*n) / seconds : kNothing);
        if (seconds > 0) *n = 0;
    }
    g.last = t;
    const bool windowOver = t >= g.windowEnd;
    for (double q : {0.50, 0.95, 0.99}) {
        put(windowOver && g.ttft.count() > 0 ? static_cast<double>(g.ttft.quantile(q)) * 1e-9
                                             : kNothing);
    }
    if (windowOver) {
        g.ttft.clear();
        g.windowEnd += ((t - g.windowEnd) / setup_.window + 1) * setup_.window;
    }
    put(sample.fleet.saturation);
    put(sample.fleet.busyShare);
    put(sample.fleet.kvUsed);
    put(static_cast<double>(sample.fleet.running));
    put(static_cast<double>(sample.fleet.waiting));
    const int replicas = std::min(setup_.replicas, kReplicaSeries);
    for (int r = 0; r < replicas; ++r) {
        const auto at = static_cast<std::size_t>(r);
        put(at < sample.replicaBusy.size() ? sample.replicaBusy[at] : kNothing);
    }

    if (g.stride > 1) {
        for (std::size_t k = 0; k < g.row.size(); ++k) {
            if (std::isnan(g.row[k])) continue;
            g.sum[k] += g.row[k];
            ++g.known[k];
        }
        if (++g.inStride < g.stride) return;
        for (std::size_t k = 0; k < g.row.size(); ++k) {
            g.row[k] = g.known[k] == 0 ? kNothing : static_cast<float>(g.sum[k] / g.known[k]);
            g.sum[k] = 0;
            g.known[k] = 0;
        }
        g.inStride = 0;
    }
    writer_.points(t, g.row);
    if (++g.points % policy_.points == 0) g.stride *= 2;
}

} // namespace penstock
