// SPDX-License-Identifier: Apache-2.0
#include "engine/types/limiter.h"

#include <algorithm>

namespace penstock {

std::string_view name(LifeStage stage) {
    static constexpr std::array<std::string_view, kLifeStages> kNames{
        "deadline_order", "poll_tick", "gate",   "worker_slot",   "router_queue",
        "replica_queue",  "prefill",   "decode", "retry_backoff", "other"};
    return kNames[static_cast<std::size_t>(stage)];
}

void HeadClock::close(Time now) {
    const double seconds = toSeconds(now - since_);
    since_ = now;
    switch (holder_) {
    case Holder::none:
        break;
    case Holder::pollTick:
        account_.pollTickSeconds += seconds;
        break;
    case Holder::gate:
        account_.gateSeconds += seconds;
        break;
    case Holder::workerSlot:
        account_.workerSlotSeconds += seconds;
        break;
    }
}

LimiterShares HeadClock::shares(Time now) const {
    HeadClock copy = *this;
    copy.close(now);
    LimiterShares out = copy.account_;
    const double heads = out.pollTickSeconds + out.gateSeconds + out.workerSlotSeconds;
    out.at(LifeStage::deadlineOrder) = std::max(0.0, out.pendingSeconds - heads);
    out.at(LifeStage::pollTick) += out.pollTickSeconds;
    out.at(LifeStage::gate) += out.gateSeconds;
    out.at(LifeStage::workerSlot) += out.workerSlotSeconds;
    return out;
}

LimiterShares& LimiterShares::operator+=(const LimiterShares& other) {
    for (std::size_t i = 0; i < kLifeStages; ++i)
        lifeSeconds[i] += other.lifeSeconds[i];
    pendingSeconds += other.pendingSeconds;
    pollTickSeconds += other.pollTickSeconds;
    gateSeconds += other.gateSeconds;
    workerSlotSeconds += other.workerSlotSeconds;
    return *this;
}

std::array<double, kLifeStages> LimiterShares::bindingShares() const {
    std::array<double, kLifeStages> out = lifeSeconds;
    const double heads = pollTickSeconds + gateSeconds + workerSlotSeconds;
    if (heads > 0.0) {
        const double behind = at(LifeStage::deadlineOrder) / heads;
        out[static_cast<std::size_t>(LifeStage::deadlineOrder)] = 0.0;
        out[static_cast<std::size_t>(LifeStage::pollTick)] += behind * pollTickSeconds;
        out[static_cast<std::size_t>(LifeStage::gate)] += behind * gateSeconds;
        out[static_cast<std::size_t>(LifeStage::workerSlot)] += behind * workerSlotSeconds;
    }
    double total = 0.0;
    for (const double seconds : out)
        total += seconds;
    if (total > 0.0) {
        for (double& seconds : out)
            seconds /= total;
    }
    return out;
}

} // namespace penstock
