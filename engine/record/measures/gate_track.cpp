// SPDX-License-Identifier: Apache-2.0
#include "engine/record/measures/gate_track.h"

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
// A gate that is closed for more than this share of the time is pinned closed, and one that acted
// but is open for more than this share is pinned open: its threshold turns nothing.
constexpr double kPinnedShare = 0.99;
// A budget above this that is used up is a limit which the worker pool would soon have set itself.
constexpr double kHalf = 0.5;
} // namespace

std::string_view closedReasonName(std::uint8_t reason) {
    return reason == kNoRoom ? "budget too small for one request"
                             : name(static_cast<ReasonCode>(reason));
}

std::string_view name(GateVerdict verdict) {
    switch (verdict) {
    case GateVerdict::inert:
        return "inert";
    case GateVerdict::pinnedOpen:
        return "pinned_open";
    case GateVerdict::pinnedClosed:
        return "pinned_closed";
    case GateVerdict::active:
        return "active";
    }
    return "active";
}

GateTrack::GateTrack(Time start, Time warmEnd, Duration resolution, bool higherIsBusier)
    : warmEnd_(warmEnd), higherIsBusier_(higherIsBusier), last_(start), lastSample_(start),
      trueLoad_(Series::Kind::gauge, start, resolution),
      reading_(Series::Kind::step, start, resolution),
      threshold_(Series::Kind::step, start, resolution),
      budgetSeries_(Series::Kind::step, start, resolution) {
    spans_.reserve(kMaxSpans);
    gaps_.reserve(kMaxSpans);
    budgetSeries_.add(start, 1.0);
}

// Credits the time since the last change to the state that held during it.
void GateTrack::advance(Time t) {
    const Time from = std::max(last_, warmEnd_);
    last_ = std::max(last_, t);
    if (t <= from) return;
    const double seconds = toSeconds(t - from);
    known_ += seconds;
    budgetSeconds_ += budget_ * seconds;
    const double clamped = std::clamp(budget_, 0.0, 1.0);
    budgetTime_[static_cast<std::size_t>(std::lround(clamped * kBudgetSteps))] += seconds;
    if (available_) availableSeconds_ += seconds;
    if (!closed_) return;
    closedSeconds_ += seconds;
    if (closedReason_ == static_cast<std::uint8_t>(ReasonCode::atLimit)) atLimitSeconds_ += seconds;
}

void GateTrack::read(Time t, const Reason& reason, double budget) {
    advance(t);
    ++evaluations_;
    everRead_ = true;
    budget_ = budget;
    available_ = reason.available;
    everAvailable_ = everAvailable_ || reason.available;
    reading_.add(t, reason.value);
    threshold_.add(t, reason.threshold);
    budgetSeries_.add(t, budget);
    if (budget <= 0) {
        close(t, static_cast<std::uint8_t>(reason.code));
    } else {
        turnOpen(t);
    }
}

void GateTrack::noRoom(Time t, bool limiting) {
    if (limiting) {
        acted_ = acted_ || (counts(t) && budget_ < kHalf);
        return;
    }
    acted_ = acted_ || counts(t);
    if (closed_) return;
    advance(t);
    close(t, kNoRoom);
}

void GateTrack::refusing(Time t, std::uint8_t reason) {
    acted_ = acted_ || counts(t);
    // A refusal for one tenant's quota says nothing of the gate as a whole.
    if (closed_ || reason == static_cast<std::uint8_t>(ReasonCode::quotaExhausted)) return;
    advance(t);
    close(t, reason);
}

void GateTrack::close(Time t, std::uint8_t reason) {
    if (closed_ && reason == closedReason_) return;
    if (closed_) {
        open(t);
        --closures_; // the same closure, for another reason
    }
    closed_ = true;
    acted_ = acted_ || counts(t);
    closedReason_ = reason;
    closedSince_ = t;
    ++closures_;
    if (listener_ != nullptr) listener_->turned(gate_, t, true, reason);
}

void GateTrack::turnOpen(Time t) {
    if (!closed_) return;
    open(t);
    if (listener_ != nullptr) listener_->turned(gate_, t, false, closedReason_);
}

void GateTrack::open(Time t) {
    if (!closed_) return;
    advance(t);
    closed_ = false;
    if (t <= closedSince_) return;
    if (!spans_.empty() && spans_.back().reason == closedReason_ &&
        closedSince_ - spans_.back().to <= spanGap_) {
        spans_.back().to = t;
        return;
    }
    if (spans_.size() == kMaxSpans) coarsenSpans();
    spans_.push_back({closedSince_, t, closedReason_});
}

// Merges the closest half of the neighbours, so that space is made once in many closures.
void GateTrack::coarsenSpans() {
    gaps_.clear();
    for (std::size_t i = 1; i < spans_.size(); ++i) {
        gaps_.push_back(spans_[i].from - spans_[i - 1].to);
    }
    const auto median = gaps_.begin() + static_cast<std::ptrdiff_t>(gaps_.size() / 2);
    std::nth_element(gaps_.begin(), median, gaps_.end());
    spanGap_ = std::max(*median, spanGap_);
    std::size_t kept = 0;
    for (std::size_t i = 1; i < spans_.size(); ++i) {
        if (spans_[i].from - spans_[kept].to <= spanGap_) {
            // The longer of the two gives the reason.
            if (spans_[i].to - spans_[i].from > spans_[kept].to - spans_[kept].from) {
                spans_[kept].reason = spans_[i].reason;
            }
            spans_[kept].to = spans_[i].to;
        } else {
            spans_[++kept] = spans_[i];
        }
    }
    spans_.resize(kept + 1);
}

void GateTrack::sample(Time t, const GateSample& sample) {
    const double seconds = t > warmEnd_ ? toSeconds(t - std::max(lastSample_, warmEnd_)) : 0.0;
    lastSample_ = t;
    if (sample.trueKnown) trueLoad_.add(t, sample.trueValue);
    if (!everRead_) {
        // A gate that never changes its mind sends no events: its state comes from the samples.
        advance(t);
        budget_ = sample.budget;
        available_ = sample.reason.available;
    }
    if (seconds <= 0) return;
    if (sample.reason.available) {
        const double age = toSeconds(sample.reason.age);
        ageSum_ += age * seconds;
        ageMax_ = std::max(ageMax_, age);
        ageSeconds_ += seconds;
    }
    if (!sample.trueKnown) return;
    trueSum_ += sample.trueValue * seconds;
    readSum_ += sample.reason.value * seconds;
    errorSum_ += std::abs(sample.trueValue - sample.reason.value) * seconds;
    trueSeconds_ += seconds;
    const double above = (sample.trueValue - sample.reason.threshold) * (higherIsBusier_ ? 1 : -1);
    if (above > 0 && sample.inFlight > 0) {
        overshootMax_ = std::max(overshootMax_, above);
        overshootIntegral_ += above * seconds;
    }
}

GateStatistics GateTrack::statistics(Time end) const {
    GateTrack at = *this;
    at.advance(end);
    GateStatistics out;
    out.evaluations = at.evaluations_;
    out.closures = at.closures_;
    if (at.ageSeconds_ > 0) {
        out.ageMax = at.ageMax_;
        out.ageMean = at.ageSum_ / at.ageSeconds_;
    }
    if (at.trueSeconds_ > 0) {
        out.overshootMax = at.overshootMax_;
        out.overshootIntegral = at.overshootIntegral_;
        out.trueMean = at.trueSum_ / at.trueSeconds_;
        out.readMean = at.readSum_ / at.trueSeconds_;
        out.trackingError = at.errorSum_ / at.trueSeconds_;
    }
    if (at.known_ > 0) {
        out.closedShare = at.closedSeconds_ / at.known_;
        out.budgetMean = at.budgetSeconds_ / at.known_;
        out.sourceAvailableShare = at.availableSeconds_ / at.known_;
        double seen = 0;
        for (int i = 0; i <= kBudgetSteps; ++i) {
            seen += at.budgetTime_[static_cast<std::size_t>(i)];
            if (seen >= at.known_ / 2) {
                out.budgetP50 = static_cast<double>(i) / kBudgetSteps;
                break;
            }
        }
    }
    if (out.closedShare > kPinnedShare && at.atLimitSeconds_ < at.closedSeconds_ / 2) {
        out.verdict = GateVerdict::pinnedClosed;
    } else if (!at.acted_ && at.closedSeconds_ <= 0) {
        // A gate without its source is held open by its fallback; one with a source that never
        // closed has a threshold this pool does not reach.
        const bool blind = at.everRead_ && !at.everAvailable_;
        out.verdict = blind ? GateVerdict::pinnedOpen : GateVerdict::inert;
    } else if (out.closedShare < 1 - kPinnedShare) {
        out.verdict = GateVerdict::pinnedOpen;
    } else {
        out.verdict = GateVerdict::active;
    }
    return out;
}

std::vector<ClosedSpan> GateTrack::closedSpans(Time end) const {
    std::vector<ClosedSpan> out = spans_;
    if (closed_ && end > closedSince_) out.push_back({closedSince_, end, closedReason_});
    return out;
}

} // namespace penstock
