// SPDX-License-Identifier: Apache-2.0
#include "sim/router/endpoint_scores.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock::sim {

namespace {
// One of `count`, all alike.
std::uint32_t drawn(std::uint32_t count, RandomSequence& random) {
    return static_cast<std::uint32_t>(random.uniform() * static_cast<double>(count));
}
} // namespace

void EndpointScores::add() {
    ready_.push_back(0);
    waiting_.push_back(0.0);
    kvUsed_.push_back(0.0);
    load_.push_back(0.0);
    readAt_.push_back(Time{});
    requests_.push_back(0);
    tokens_.push_back(0);
    base_.push_back(0.0);
    board_.reset(ready_.size());
    allChanged_ = true;
    countsKnown_ = false;
}

void EndpointScores::setReady(std::size_t index, bool ready) {
    if ((ready_[index] != 0) == ready) return;
    ready_[index] = ready ? 1 : 0;
    readyCount_ += ready ? 1 : -1;
    allChanged_ = true;
    countsKnown_ = false;
    saturationChanged_ = true;
    saturationUntil_ = Time{}; // its reading may be older than any
}

void EndpointScores::changed(std::size_t index) {
    if (allChanged_ || ready_[index] == 0) return;
    if (changed_.size() * 4 >= ready_.size()) {
        allChanged_ = true;
        return;
    }
    changed_.push_back(static_cast<std::uint32_t>(index));
}

void EndpointScores::read(std::size_t index, const EndpointMetrics& m) {
    readAt_[index] = m.at;
    saturationChanged_ = true; // its age, at least
    const double before = waiting_[index];
    if (before == m.waiting && kvUsed_[index] == m.kvUsed) return;
    waiting_[index] = m.waiting;
    kvUsed_[index] = m.kvUsed;
    if (byUtilization()) load_[index] = saturationOf(index, m);
    if (before != m.waiting && ready_[index] != 0) {
        atFewest_ += (m.waiting == fewest_ ? 1 : 0) - (before == fewest_ ? 1 : 0);
        atMost_ += (m.waiting == most_ ? 1 : 0) - (before == most_ ? 1 : 0);
        if (m.waiting < fewest_ || m.waiting > most_ || atFewest_ == 0 || atMost_ == 0) {
            spanChanged_ = true;
        }
    }
    changed(index);
}

void EndpointScores::sent(std::size_t index) {
    moved(index, requests_[index]++);
}

void EndpointScores::left(std::size_t index) {
    moved(index, requests_[index]--);
}

void EndpointScores::counted(std::size_t index, std::int64_t tokens) {
    tokens_[index] += tokens;
    PENSTOCK_CHECK(tokens_[index] >= 0);
    saturationChanged_ = true;
}

// The count of an endpoint has moved by one: so has the largest, at most.
void EndpointScores::moved(std::size_t index, std::int64_t before) {
    PENSTOCK_CHECK(requests_[index] >= 0);
    if (!byUtilization()) saturationChanged_ = true;
    if (!countsKnown_ || ready_[index] == 0) return;
    const auto now = static_cast<std::size_t>(requests_[index]);
    if (now >= withCount_.size()) withCount_.resize(2 * now + 2, 0);
    --withCount_[static_cast<std::size_t>(before)];
    ++withCount_[now];
    if (requests_[index] > busiest_ || withCount_[static_cast<std::size_t>(busiest_)] == 0) {
        busiest_ = requests_[index];
        busiestChanged_ = true;
    }
    changed(index);
}

double EndpointScores::saturationOf(std::size_t index, const EndpointMetrics& m) const {
    if (byUtilization()) {
        return std::max(m.waiting / spec_.queueDepthThreshold, m.kvUsed / spec_.kvThreshold);
    }
    const double byRequests = static_cast<double>(requests_[index]) / spec_.maxConcurrency;
    const double byTokens = static_cast<double>(tokens_[index]) / spec_.maxTokens;
    switch (spec_.concurrencyMode) {
    case RouterSpec::ConcurrencyMode::requests:
        return byRequests;
    case RouterSpec::ConcurrencyMode::tokens:
        return byTokens;
    case RouterSpec::ConcurrencyMode::hybrid:
        return std::max(byRequests, byTokens);
    }
    return byRequests;
}

double EndpointScores::believed(std::size_t index, const EndpointMetrics& m, Time now) const {
    return byUtilization() && now - m.at > spec_.staleAfter ? 1.0 : saturationOf(index, m);
}

double EndpointScores::saturation(Time now) {
    if (!saturationChanged_ && now <= saturationUntil_) return saturation_;
    saturationChanged_ = false;
    const bool fresh = byUtilization() && !anyStale_ && now <= saturationUntil_;
    const double sum = fresh ? sumOfFresh() : sumOfAll(now);
    saturation_ = readyCount_ == 0 ? 1.0 : sum / readyCount_;
    return saturation_;
}

// Asked in every dispatch cycle of flow control: readings only become newer, so that what was fresh
// at the last look until saturationUntil_ still is.
double EndpointScores::sumOfFresh() const {
    double sum = 0.0;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        if (ready_[i] != 0) sum += load_[i];
    }
    return sum;
}

double EndpointScores::sumOfAll(Time now) {
    saturationUntil_ = kNever;
    anyStale_ = false;
    double sum = 0.0;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        if (ready_[i] == 0) continue;
        if (!byUtilization()) {
            sum += saturationOf(i, {});
        } else if (now - readAt_[i] > spec_.staleAfter) {
            sum += 1.0;
            anyStale_ = true;
        } else {
            sum += load_[i];
            saturationUntil_ = std::min(saturationUntil_, readAt_[i] + spec_.staleAfter);
        }
    }
    return sum;
}

double EndpointScores::baseOf(std::size_t index) const {
    const double span = most_ - fewest_;
    const double queue = span > 0.0 ? (most_ - waiting_[index]) / span : 1.0;
    return spec_.queueWeight * queue + spec_.kvWeight * (1.0 - kvUsed_[index]);
}

double EndpointScores::scoreOf(std::size_t index) const {
    if (spec_.inFlightWeight <= 0.0) return base_[index];
    const std::int64_t count = requests_[index];
    const double active = count <= spec_.inFlightIdleThreshold
                              ? 1.0
                              : static_cast<double>(busiest_ - count) /
                                    static_cast<double>(busiest_) * spec_.inFlightMaxBusyScore;
    return base_[index] + spec_.inFlightWeight * active;
}

void EndpointScores::findBusiest() {
    countsKnown_ = true;
    busiest_ = 0;
    std::fill(withCount_.begin(), withCount_.end(), 0);
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        if (ready_[i] == 0) continue;
        busiest_ = std::max(busiest_, requests_[i]);
        const auto count = static_cast<std::size_t>(requests_[i]);
        if (count >= withCount_.size()) withCount_.resize(2 * count + 2, 0);
        ++withCount_[count];
    }
}

void EndpointScores::findWaiting() {
    fewest_ = 1e300;
    most_ = -1e300;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        if (ready_[i] == 0) continue;
        fewest_ = std::min(fewest_, waiting_[i]);
        most_ = std::max(most_, waiting_[i]);
    }
    atFewest_ = atMost_ = 0;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        if (ready_[i] == 0) continue;
        atFewest_ += waiting_[i] == fewest_ ? 1 : 0;
        atMost_ += waiting_[i] == most_ ? 1 : 0;
    }
}

// Brings the board up to date.
void EndpointScores::resolve() {
    if (allChanged_ && spec_.inFlightWeight > 0.0 && !countsKnown_) findBusiest();
    if (allChanged_ || spanChanged_) {
        findWaiting();
        for (std::size_t i = 0; i < ready_.size(); ++i)
            base_[i] = baseOf(i);
    } else {
        for (const std::uint32_t i : changed_)
            base_[i] = baseOf(i);
    }
    if (allChanged_ || spanChanged_ || busiestChanged_) {
        for (std::size_t i = 0; i < ready_.size(); ++i) {
            board_.put(i, ready_[i] != 0 ? scoreOf(i) : -1.0);
        }
        board_.settle();
    } else {
        for (const std::uint32_t i : changed_)
            board_.set(i, scoreOf(i));
    }
    changed_.clear();
    allChanged_ = spanChanged_ = busiestChanged_ = false;
}

std::size_t EndpointScores::pick(const std::vector<PrefixIndex::Match>& matches,
                                 std::int32_t blocks, RandomSequence& random) {
    if (readyCount_ == 1) {
        const auto only = std::find(ready_.begin(), ready_.end(), 1);
        return static_cast<std::size_t>(only - ready_.begin());
    }
    resolve();
    const double plain = board_.best(); // without a prefix
    PENSTOCK_CHECK(plain >= 0.0);
    double best = -1.0; // of those that match
    tied_.clear();
    for (const PrefixIndex::Match& m : matches) {
        if (ready_[m.endpoint] == 0) continue;
        const double share = static_cast<double>(m.blocks) / static_cast<double>(blocks);
        const double score = board_.score(m.endpoint) + spec_.prefixWeight * share;
        if (score > best) {
            best = score;
            tied_.clear();
        }
        if (score == best) tied_.push_back(m.endpoint);
    }
    if (best < plain) {
        const std::uint32_t ties = board_.ties(plain);
        return board_.tie(plain, ties == 1 ? 0 : drawn(ties, random));
    }
    if (best == plain) {
        const std::uint32_t ties = board_.ties(plain);
        for (std::uint32_t rank = 0; rank < ties; ++rank) {
            tied_.push_back(static_cast<std::uint32_t>(board_.tie(plain, rank)));
        }
    }
    if (tied_.size() == 1) return tied_.front();
    // In order of index, so that the draw does not depend on the index's own order.
    std::sort(tied_.begin(), tied_.end());
    tied_.erase(std::unique(tied_.begin(), tied_.end()), tied_.end());
    if (tied_.size() == 1) return tied_.front();
    return tied_[drawn(static_cast<std::uint32_t>(tied_.size()), random)];
}

} // namespace penstock::sim
