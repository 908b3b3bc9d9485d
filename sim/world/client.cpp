// SPDX-License-Identifier: Apache-2.0
#include "sim/world/client.h"

#include "engine/types/check.h"

#include <functional>
#include <string_view>

namespace penstock::sim {

namespace {
constexpr std::string_view kLaneObjectiveHeader = "x-llm-d-inference-objective"; // router >= 0.10
} // namespace

// One cache line: every answer comes by here.
struct alignas(64) SimulatedClient::Attempt final : Timer {
    SimulatedClient* owner = nullptr;
    ResponseListener* listener = nullptr;
    std::uint32_t handle = 0;
    Router::JobId job = 0;
    bool active = false;
    void fire() override { owner->timedOut(*this); }
};

SimulatedClient::SimulatedClient(Router& router, EventLoop& loop,
                                 const std::map<std::string, int>& objectives,
                                 std::vector<std::unique_ptr<Source>>& sources,
                                 PoisonListener& poison)
    : router_(router), loop_(loop), objectives_(objectives), sources_(sources), poison_(poison) {}

SimulatedClient::~SimulatedClient() {
    for (const auto& chunk : attempts_) {
        for (std::size_t i = 0; i < kChunk; ++i)
            loop_.disarm(chunk[i]);
    }
}

SimulatedClient::Attempt& SimulatedClient::attemptOf(std::uint32_t handle) {
    return attempts_[handle / kChunk][handle % kChunk];
}

int SimulatedClient::priorityOf(const Body& body, const Outbound& outbound) const {
    // Only under the name that the router knows; it is read before the older one.
    const bool lane = outbound.laneObjectiveHeader == kLaneObjectiveHeader;
    const std::string_view objective = lane ? outbound.laneObjective : outbound.objective;
    if (!objective.empty()) {
        const auto found = objectives_.find(std::string(objective));
        if (found != objectives_.end()) return found->second;
    }
    return body.priority;
}

void SimulatedClient::send(std::uint32_t handle, const Request& request, const Outbound& outbound,
                           ResponseListener& listener) {
    while (handle / kChunk >= attempts_.size()) {
        attempts_.push_back(std::make_unique<Attempt[]>(kChunk));
    }
    Attempt& attempt = attemptOf(handle);
    attempt.owner = this;
    attempt.handle = handle;
    PENSTOCK_CHECK(!attempt.active);
    attempt.active = true;
    attempt.listener = &listener;
    ++inFlight_;
    BodyWindow& bodies = sources_[sourceOf(request.number)]->bodies();
    const Body& body = bodies.at(sequenceOf(request.number));
    if (body.poison) poison_.poisoned();
    RouterRequest routed;
    routed.promptTokens = body.promptTokens;
    routed.outputTokens = body.outputTokens;
    routed.priority = priorityOf(body, outbound);
    routed.fairness =
        outbound.fairnessId.empty()
            ? sourceOf(request.number) << 16
            : static_cast<std::uint32_t>(std::hash<std::string_view>{}(outbound.fairnessId));
    routed.deadline = request.deadline;
    routed.prefix = bodies.prefix(sequenceOf(request.number));
    loop_.arm(attempt, outbound.deadline);
    const Router::JobId job = router_.submit(routed, *this, handle);
    if (attempt.active) attempt.job = job;
}

void SimulatedClient::abort(std::uint32_t handle) {
    Attempt& attempt = attemptOf(handle);
    PENSTOCK_CHECK(attempt.active);
    attempt.active = false;
    --inFlight_;
    loop_.disarm(attempt);
    router_.abort(attempt.job);
}

void SimulatedClient::routed(std::uint32_t tag, const Response& response) {
    Attempt& attempt = attemptOf(tag);
    PENSTOCK_CHECK(attempt.active);
    attempt.active = false;
    --inFlight_;
    loop_.disarm(attempt);
    attempt.listener->responded(tag, response);
}

void SimulatedClient::timedOut(Attempt& attempt) {
    attempt.active = false;
    --inFlight_;
    router_.abort(attempt.job);
    Response response;
    response.transport = TransportError::timeout;
    attempt.listener->responded(attempt.handle, response);
}

} // namespace penstock::sim
