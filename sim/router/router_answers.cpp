// SPDX-License-Identifier: Apache-2.0
// How requests end: what replicas tell of them, clients that go away, a router that goes down. Each
// is counted once, when its client hears of it or is gone.
#include "engine/types/check.h"
#include "sim/router/router_delayed.h"

namespace penstock::sim {

void Router::answer(JobId id, const Response& response, Duration delay) {
    delay += trouble_.latency;
    if (delay == Duration{0}) {
        deliver(id, response);
    } else {
        hold(id, response, delay);
    }
}

void Router::hold(JobId id, const Response& response, Duration delay) {
    const std::uint32_t index = delayed_.take();
    Delayed& delayed = delayed_[index];
    details_[id].delayed = &delayed;
    delayed.hold(*this, index, id, response, loop_.now() + delay);
}

void Router::deliver(JobId id, const Response& response) {
    RouterClient& client = *jobs_[id].client;
    const std::uint32_t tag = jobs_[id].tag;
    count(response, details_[id].lost);
    freeJob(id);
    client.routed(tag, response);
}

void Router::count(const Response& response, bool lost) {
    if (response.status == 200) {
        ++totals_.completed;
        totals_.deliveredTokens += response.timing.outputTokens;
        totals_.deliveredPromptTokens += response.timing.promptTokens;
    } else if (lost) {
        ++totals_.lost;
    } else {
        ++totals_.rejected;
        ++totals_.byReason[static_cast<std::size_t>(response.dropped)];
    }
}

void Router::abort(JobId id) {
    PENSTOCK_CHECK(jobs_[id].ticket % 2 == 1);
    withdraw(id);
    ++totals_.aborted;
    freeJob(id);
}

// Takes a living job from wherever it is.
void Router::withdraw(JobId id) {
    const Job& job = jobs_[id];
    JobDetails& details = details_[id];
    bool finished = false;
    if (details.delayed != nullptr) {
        finished = details.delayed->response().status == 200;
        details.delayed->letGo();
        details.delayed = nullptr;
    } else if (details.queued) {
        flow_.removed(details.priority, bytesOf(job.promptTokens));
        details.queued = false;
    } else {
        finished = endpoints_[job.endpoint]->abort(job.slot, id);
        left(id);
    }
    if (!finished) return;
    totals_.unheardTokens += job.outputTokens;
    totals_.unheardPromptTokens += job.promptTokens;
}

void Router::setTrouble(const Trouble& trouble) {
    const bool dies = trouble.down && !trouble_.down;
    trouble_ = trouble;
    if (dies) crash();
}

void Router::crash() {
    Response broken;
    broken.transport = TransportError::reset;
    for (JobId id = 0; id < jobs_.size(); ++id) {
        if (jobs_[id].ticket % 2 == 0) continue;
        withdraw(id);
        details_[id].lost = true;
        // Told from a timer: its listener may do anything, to other requests too.
        hold(id, broken, Duration{0});
    }
    flow_.clear();
    loop_.disarm(cycleTimer_);
    loop_.disarm(sweepTimer_);
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        prefixes_.forget(static_cast<std::uint32_t>(i));
    }
}

Router::OnTheirWay Router::onTheirWay() const {
    OnTheirWay sum;
    const auto add = [&](const Job& job) {
        sum.outputTokens += job.outputTokens;
        sum.promptTokens += job.promptTokens;
    };
    for (JobId id = 0; id < jobs_.size(); ++id) {
        const Delayed* delayed = details_[id].delayed;
        const bool living = jobs_[id].ticket % 2 == 1;
        if (living && delayed != nullptr && delayed->response().status == 200) add(jobs_[id]);
    }
    for (const auto& endpoint : endpoints_) {
        for (const JobEvent& event : endpoint->untold()) {
            if (event.kind == JobEvent::Kind::finished) add(jobs_[event.job]);
        }
    }
    return sum;
}

void Router::happened(std::span<const JobEvent> events) {
    for (const JobEvent& event : events) {
        const auto id = static_cast<JobId>(event.job);
        switch (event.kind) {
        case JobEvent::Kind::scheduled:
            jobs_[id].scheduled = event.at;
            totals_.cachedTokens += static_cast<std::uint64_t>(event.cachedTokens);
            break;
        case JobEvent::Kind::firstToken:
            // A preempted request computes its prompt again, but its client has had the token.
            if (jobs_[id].firstToken == Time{}) jobs_[id].firstToken = event.at;
            if (spec_.countsTokens() && details_[id].streams) releaseTokens(id);
            break;
        case JobEvent::Kind::finished:
            finished(id, event.at);
            break;
        case JobEvent::Kind::lost:
            lost(id);
            break;
        case JobEvent::Kind::waitingFull:
            left(id);
            reject(id, 429, DroppedReason::none);
            break;
        case JobEvent::Kind::tooLong:
            left(id);
            reject(id, 400, DroppedReason::none);
            break;
        }
    }
}

void Router::finished(JobId id, Time at) {
    const Job& job = jobs_[id];
    Response response;
    response.status = 200;
    response.timing.routerQueue = job.admitted - job.arrived;
    response.timing.replicaQueue = job.scheduled - job.admitted;
    response.timing.prefill = job.firstToken - job.scheduled;
    response.timing.decode = at - job.firstToken;
    response.timing.promptTokens = job.promptTokens;
    response.timing.outputTokens = job.outputTokens;
    left(id);
    answer(id, response, Duration{endpoints_[job.endpoint]->config().responseDelayNs});
}

void Router::lost(JobId id) {
    Response response;
    switch (spec_.dying) {
    case RouterSpec::Dying::badGateway:
        response.status = 502;
        break;
    case RouterSpec::Dying::unavailable:
        response.status = 503;
        break;
    case RouterSpec::Dying::gatewayTimeout:
        response.status = 504;
        break;
    case RouterSpec::Dying::reset:
        response.transport = TransportError::reset;
        break;
    case RouterSpec::Dying::resetInBody:
        response.transport = TransportError::cut;
        break;
    }
    details_[id].lost = true;
    left(id);
    answer(id, response);
}

} // namespace penstock::sim
