// SPDX-License-Identifier: Apache-2.0
// The phases of each process (constant, on/off, Markov, steps), the walk through operational time,
// and lumps.
#include "sim/traffic/spec/start_times.h"

#include "engine/types/check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace penstock::sim {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();
// Later than this the clock of a scenario does not go (146 years); it keeps sums from overflowing.
constexpr std::int64_t kEndOfTime = INT64_MAX / 2;

struct Phase {
    double perSecond;
    std::int64_t lengthNs; // kNoTime: for ever
};

// The piecewise constant rate beneath the modulations.
class Phases {
  public:
    Phases(const Process& process, const DrawKey& key)
        : process_(process), key_(key), random_(key.sequence(Purpose::phases)) {
        if (const auto* p = std::get_if<OnOffProcess>(&process_)) {
            on_ = DurationSampler(p->on);
            off_ = DurationSampler(p->off);
        }
        if (const auto* p = std::get_if<MmppProcess>(&process_)) {
            for (std::size_t i = 0; i < p->states.size(); ++i) {
                std::vector<double> weights = p->states[i].nextWeights;
                if (weights.empty()) {
                    weights.assign(p->states.size(), 1.0);
                    if (weights.size() > 1) weights[i] = 0;
                }
                jumps_.emplace_back(weights);
            }
        }
    }

    Phase next() {
        const std::uint64_t number = count_++;
        if (const auto* p = std::get_if<OnOffProcess>(&process_)) {
            const bool on = number % 2 == 0;
            // Each kind of phase has its own numbering and its own part of the key, so that a
            // longer "off" does not redraw an "on".
            const DurationSampler& law = on ? on_ : off_;
            return {on ? p->perSecond : 0.0,
                    law.ns(key_.part(on ? 0 : 1), Purpose::phases, number / 2)};
        }
        if (const auto* p = std::get_if<MmppProcess>(&process_)) {
            const MmppState& state = p->states[state_];
            const double seconds = state.meanSeconds * random_.exponential();
            state_ = jumps_[state_].at(random_.uniform());
            return {state.perSecond, DurationSampler::toNs(seconds)};
        }
        if (const auto* p = std::get_if<StepsProcess>(&process_)) {
            if (number >= p->steps.size() && !p->repeat) return {0, kNoTime};
            const RateStep& step = p->steps[number % p->steps.size()];
            return {step.perSecond, DurationSampler::toNs(step.seconds)};
        }
        if (const auto* p = std::get_if<GammaProcess>(&process_)) return {p->perSecond, kNoTime};
        if (const auto* p = std::get_if<WeibullProcess>(&process_)) return {p->perSecond, kNoTime};
        if (const auto* p = std::get_if<ConstantProcess>(&process_)) return {p->perSecond, kNoTime};
        return {std::get<PoissonProcess>(process_).perSecond, kNoTime};
    }

  private:
    Process process_;
    DrawKey key_;
    RandomSequence random_;
    DurationSampler on_;
    DurationSampler off_;
    std::vector<WeightedIndex> jumps_;
    std::uint64_t count_ = 0;
    std::uint32_t state_ = 0;
};

// Gaps over one constant rate: the fast path. Whole nanoseconds and the fraction are kept apart, so
// that nothing drifts however long it runs.
class SteadyTimes final : public StartTimes {
  public:
    SteadyTimes(GapLaw law, double perSecond, std::int64_t startNs, RandomSequence random)
        : law_(law), gapNs_(1e9 / perSecond), nowNs_(startNs), random_(random) {}

    bool next(std::int64_t& ns) override {
        const double step = fraction_ + law_.draw(random_) * gapNs_;
        if (step >= static_cast<double>(kEndOfTime)) return false;
        const auto whole = static_cast<std::int64_t>(step);
        fraction_ = step - static_cast<double>(whole);
        nowNs_ += whole;
        if (nowNs_ >= kEndOfTime) return false;
        ns = nowNs_;
        return true;
    }

  private:
    GapLaw law_;
    double gapNs_;
    std::int64_t nowNs_;
    double fraction_ = 0;
    RandomSequence random_;
};

class ModulatedTimes final : public StartTimes {
  public:
    ModulatedTimes(GapLaw law, Phases phases, RateCurve curve, std::int64_t startNs,
                   RandomSequence random)
        : law_(law), phases_(std::move(phases)), curve_(std::move(curve)), phaseEndNs_(startNs),
          lastNs_(startNs), random_(random) {
        piece_.beginNs = piece_.endNs = startNs;
    }

    bool next(std::int64_t& ns) override {
        double amount = law_.draw(random_);
        // A rate that is zero for ever shows as a piece without end; one that is zero again and
        // again would go round for long, so the walk is bounded.
        for (int pieces = 0; pieces < 20'000'000; ++pieces) {
            if (x_ < length_) {
                const double hit = piece_.solve(x_, length_, amount);
                if (hit < length_) {
                    x_ = hit;
                    const double at = hit * 1e9;
                    if (at >= static_cast<double>(kEndOfTime)) return false;
                    lastNs_ = std::max(lastNs_, piece_.beginNs + static_cast<std::int64_t>(at));
                    ns = lastNs_;
                    return true;
                }
                if (length_ == kForever) return false;
                amount = std::max(0.0, amount - (piece_.integral(length_) - piece_.integral(x_)));
            }
            if (!advance()) return false;
        }
        return false;
    }

  private:
    bool advance() {
        const std::int64_t now = piece_.endNs;
        if (now >= kEndOfTime) return false;
        while (phaseEndNs_ <= now) {
            const Phase phase = phases_.next();
            rate_ = phase.perSecond;
            phaseEndNs_ = phase.lengthNs >= kEndOfTime ? kNoTime : phaseEndNs_ + phase.lengthNs;
            if (++emptyPhases_ > 1'000'000) return false; // phases without length
        }
        emptyPhases_ = 0;
        piece_ = RatePiece{};
        piece_.beginNs = now;
        piece_.endNs = phaseEndNs_;
        piece_.coefficients[0] = rate_;
        curve_.apply(piece_);
        x_ = 0;
        length_ = piece_.seconds();
        return true;
    }

    GapLaw law_;
    Phases phases_;
    RateCurve curve_;
    RatePiece piece_;
    std::int64_t phaseEndNs_;
    std::int64_t lastNs_;
    double rate_ = 0;
    double x_ = 0;
    double length_ = 0;
    int emptyPhases_ = 0;
    RandomSequence random_;
};

class LumpTimes final : public StartTimes {
  public:
    LumpTimes(const LumpProcess& process, std::int64_t startNs) {
        for (const Lump& lump : process.lumps) {
            lumps_.push_back({startNs + DurationSampler::toNs(lump.atSeconds),
                              static_cast<std::uint64_t>(lump.count + 0.5)});
        }
        std::stable_sort(lumps_.begin(), lumps_.end(),
                         [](const Entry& a, const Entry& b) { return a.ns < b.ns; });
        periodNs_ = DurationSampler::toNs(process.everySeconds);
        bool any = false;
        for (const Entry& entry : lumps_)
            any = any || entry.count > 0;
        if (!any) lumps_.clear();
    }

    bool next(std::int64_t& ns) override {
        if (lumps_.empty()) return false;
        while (given_ >= lumps_[at_].count) {
            given_ = 0;
            if (++at_ < lumps_.size()) continue;
            if (periodNs_ == 0 || shiftNs_ >= kEndOfTime - periodNs_) {
                lumps_.clear();
                return false;
            }
            at_ = 0;
            shiftNs_ += periodNs_;
        }
        ++given_;
        ns = lumps_[at_].ns + shiftNs_;
        return true;
    }

  private:
    struct Entry {
        std::int64_t ns;
        std::uint64_t count;
    };
    std::vector<Entry> lumps_;
    std::size_t at_ = 0;
    std::uint64_t given_ = 0;
    std::int64_t periodNs_ = 0;
    std::int64_t shiftNs_ = 0;
};

GapLaw gapLaw(const Process& process) {
    if (const auto* p = std::get_if<GammaProcess>(&process)) return GapLaw::gamma(p->cv);
    if (const auto* p = std::get_if<WeibullProcess>(&process)) return GapLaw::weibull(p->shape);
    if (const auto* p = std::get_if<OnOffProcess>(&process)) return GapLaw::gamma(p->gapCv);
    if (std::holds_alternative<ConstantProcess>(process)) return GapLaw::constant();
    return GapLaw::poisson();
}

std::unique_ptr<StartTimes> makeRateTimes(const Process& process,
                                          const std::vector<Modulation>& modulations,
                                          double startSeconds, const DrawKey& key) {
    const std::int64_t startNs = DurationSampler::toNs(startSeconds);
    Phases phases(process, key);
    RandomSequence random = key.sequence(Purpose::gaps);
    const bool steady = modulations.empty() && !std::holds_alternative<OnOffProcess>(process) &&
                        !std::holds_alternative<MmppProcess>(process) &&
                        !std::holds_alternative<StepsProcess>(process);
    if (steady) {
        return std::make_unique<SteadyTimes>(gapLaw(process), phases.next().perSecond, startNs,
                                             random);
    }
    return std::make_unique<ModulatedTimes>(gapLaw(process), std::move(phases),
                                            RateCurve(modulations), startNs, random);
}

} // namespace

GapLaw GapLaw::gamma(double cv) {
    if (cv == 0) return constant();
    if (cv == 1) return poisson();
    const double shape = 1.0 / (cv * cv);
    return {Kind::gamma, shape, 1.0 / shape};
}

GapLaw GapLaw::weibull(double shape) {
    return {Kind::weibull, 1.0 / shape, 1.0 / std::tgamma(1.0 + 1.0 / shape)};
}

std::unique_ptr<StartTimes> makeStartTimes(const TrafficSpec& spec, const DrawKey& key) {
    PENSTOCK_CHECK(!std::holds_alternative<ClosedLoopProcess>(spec.process) &&
                   !std::holds_alternative<TraceProcess>(spec.process));
    if (const auto* lumps = std::get_if<LumpProcess>(&spec.process)) {
        return std::make_unique<LumpTimes>(*lumps, DurationSampler::toNs(spec.startSeconds));
    }
    return makeRateTimes(spec.process, spec.modulations, spec.startSeconds, key);
}

std::unique_ptr<StartTimes> makePoissonTimes(const TrafficSpec& spec, double perSecond,
                                             const DrawKey& key) {
    return makeRateTimes(PoissonProcess{perSecond}, spec.modulations, spec.startSeconds, key);
}

} // namespace penstock::sim
