// SPDX-License-Identifier: Apache-2.0
// What must balance at every instant of every run: requests as their sources, the queues and the
// router count them, and what the replicas' running sums say against what each sequence inside
// holds.
#include "sim/world/world.h"

#include <fmt/format.h>

#include <map>

namespace penstock::sim {

Status World::checkConservation() const {
    broker_->checkConservation();
    if (auto requests = checkRequests(); !requests) return requests;
    return checkTokensAndBlocks();
}

Status World::checkRequests() const {
    std::map<std::string, std::int64_t> queued; // by queue: outstanding with its sources
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        const SourceSpec& spec = scenario_.sources[i];
        const auto* interactive = dynamic_cast<const InteractiveSource*>(sources_[i].get());
        const auto outstanding = static_cast<std::int64_t>(outstanding_[i]);
        const std::int64_t living = interactive != nullptr
                                        ? interactive->inFlight()
                                        : static_cast<std::int64_t>(sources_[i]->bodies().living());
        if (outstanding != living) {
            return fail(fmt::format("source {}: {} requests outstanding, but {} alive",
                                    spec.traffic.name, outstanding, living));
        }
        if (interactive == nullptr) queued[spec.queue] += outstanding;
    }
    const auto& queues = engine_->settings().queues;
    for (std::size_t i = 0; i < queues.size(); ++i) {
        const QueueDepth& depth = broker_->queue(static_cast<std::uint16_t>(i)).depth();
        const std::int64_t there = depth.pending + depth.claimed + depth.parked + depth.suspect;
        const std::int64_t outstanding = queued[queues[i].id];
        if (outstanding != there) {
            return fail(fmt::format("queue {}: its sources have {} requests outstanding, but {} "
                                    "are there",
                                    queues[i].id, outstanding, there));
        }
    }
    const RouterTotals& t = router_->totals();
    const std::uint64_t ended = t.completed + t.rejected + t.aborted + t.lost;
    if (t.submitted != ended + static_cast<std::uint64_t>(router_->inside())) {
        return fail(fmt::format("router: {} submitted, but {} ended and {} inside", t.submitted,
                                ended, router_->inside()));
    }
    return {};
}

Status World::checkTokensAndBlocks() const {
    const RouterTotals& t = router_->totals();
    const Router::OnTheirWay onTheirWay = router_->onTheirWay();
    std::uint64_t generated = 0;
    std::uint64_t prompts = 0;
    // A replica has finished what was heard, what no client was left to hear, and what is on its
    // way.
    std::uint64_t tokens = t.deliveredTokens + t.unheardTokens + onTheirWay.outputTokens;
    std::uint64_t promptTokens =
        t.deliveredPromptTokens + t.unheardPromptTokens + onTheirWay.promptTokens;
    for (std::size_t i = 0; i < router_->endpointCount(); ++i) {
        const Observation seen = router_->endpoint(i).observe();
        const Holdings held = router_->endpoint(i).holdings();
        if (seen.kvBlocksUsed != held.kvBlocks || seen.contextTokens != held.contextTokens) {
            return fail(fmt::format("replica {}: {} KV blocks and {} tokens in use, but its "
                                    "sequences hold {} and {}",
                                    i, seen.kvBlocksUsed, seen.contextTokens, held.kvBlocks,
                                    held.contextTokens));
        }
        generated += static_cast<std::uint64_t>(seen.generatedTokens);
        prompts += static_cast<std::uint64_t>(seen.promptTokens);
        tokens += static_cast<std::uint64_t>(seen.discardedTokens + held.generatedTokens);
        promptTokens += static_cast<std::uint64_t>(seen.discardedPromptTokens + held.promptTokens);
    }
    if (generated != tokens || prompts != promptTokens) {
        return fail(fmt::format("pool: {} tokens generated and {} prompt tokens computed, but {} "
                                "and {} delivered, wasted or still inside",
                                generated, prompts, tokens, promptTokens));
    }
    return {};
}

} // namespace penstock::sim
