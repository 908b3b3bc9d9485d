// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one gate did over a run: when it was closed and why, what its budget was, how far the true
// load went beyond its threshold while its work was at the router, how old its knowledge was.
//
// A gate counts as closed from an evaluation with budget 0, or from a poll that its budget left no
// room in while work waited, until the next evaluation with room or the next request it lets
// through. The second matters: floor(batch x budget) shuts a gate long before its budget is 0.
// A budget that means a concurrency and is used up by the gate's own work limits, but is not
// closed.
#include "engine/record/measures/histogram.h"
#include "engine/record/measures/sample.h"
#include "engine/record/measures/series.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock {

// Why a span of time was closed: a ReasonCode, or kNoRoom when the budget was above 0 but gave no
// room for one request.
inline constexpr std::uint8_t kNoRoom = 0xfe;
std::string_view closedReasonName(std::uint8_t reason);

struct ClosedSpan {
    Time from{};
    Time to{};
    std::uint8_t reason = 0;
};

// inert: nothing would have been different without it. pinned_open, pinned_closed: it does not
// follow the load. A gate that limited only to more than half of its capacity counts as inert.
enum class GateVerdict : std::uint8_t { inert, pinnedOpen, pinnedClosed, active };
std::string_view name(GateVerdict verdict);

// Of the time after warm-up; kUnmeasured where there was none, or nothing was known in it.
struct GateStatistics {
    double closedShare = kUnmeasured;
    double budgetMean = kUnmeasured, budgetP50 = kUnmeasured;
    double sourceAvailableShare = kUnmeasured;
    double ageMean = kUnmeasured, ageMax = kUnmeasured; // seconds, while the source answered
    double overshootMax = kUnmeasured, overshootIntegral = kUnmeasured; // load, load x seconds
    double trueMean = kUnmeasured, readMean = kUnmeasured; // over the time that both were known
    double trackingError = kUnmeasured;                    // mean |true - read|
    std::uint64_t evaluations = 0;                         // that changed something
    std::uint64_t closures = 0;                            // times it went from open to closed
    GateVerdict verdict = GateVerdict::inert;
};

// Told each time a gate closes, closes for another reason, or opens.
class GateTurnListener {
  public:
    virtual void turned(std::uint16_t gate, Time t, bool closed, std::uint8_t reason) = 0;

  protected:
    ~GateTurnListener() = default;
};

class GateTrack {
  public:
    // `higherIsBusier`: a reading above the threshold means too much load.
    GateTrack(Time start, Time warmEnd, Duration resolution, bool higherIsBusier);

    // The listener outlives the track and every copy of it; `gate` comes back with each turn.
    void listen(GateTurnListener& listener, std::uint16_t gate) {
        listener_ = &listener;
        gate_ = gate;
    }

    void read(Time t, const Reason& reason, double budget);
    // A poll found no room while work waited. `limiting`: only because of the gate's own work.
    void noRoom(Time t, bool limiting);
    void refusing(Time t, std::uint8_t reason); // it sent a request back or kept it waiting
    void letThrough(Time t) {
        if (closed_ && budget_ > 0) turnOpen(t);
    }
    void sample(Time t, const GateSample& sample);

    GateStatistics statistics(Time end) const;

    // Bounded: spans closer together than the bound allows are merged, the closest first.
    std::vector<ClosedSpan> closedSpans(Time end) const;

    const Series& trueLoad() const { return trueLoad_; }
    const Series& reading() const { return reading_; }
    const Series& threshold() const { return threshold_; }
    const Series& budget() const { return budgetSeries_; }

  private:
    static constexpr int kBudgetSteps = 200;
    static constexpr std::size_t kMaxSpans = 2048;

    bool counts(Time t) const { return t >= warmEnd_; }
    void advance(Time t);
    void close(Time t, std::uint8_t reason);
    void open(Time t);
    void turnOpen(Time t);
    void coarsenSpans();

    Time warmEnd_;
    bool higherIsBusier_;
    Time last_;
    double budget_ = 1.0;
    bool available_ = true;
    bool everAvailable_ = false;
    bool everRead_ = false;
    bool closed_ = false;
    bool acted_ = false;
    std::uint8_t closedReason_ = 0;
    Time closedSince_{};
    Duration spanGap_{0};
    GateTurnListener* listener_ = nullptr;
    std::uint16_t gate_ = 0;

    double known_ = 0, closedSeconds_ = 0, atLimitSeconds_ = 0, budgetSeconds_ = 0,
           availableSeconds_ = 0;
    std::array<double, kBudgetSteps + 1> budgetTime_{};
    std::uint64_t evaluations_ = 0, closures_ = 0;

    Time lastSample_;
    // Integrals over time, in seconds: each sample stands for the time since the one before.
    double ageSeconds_ = 0, ageSum_ = 0, ageMax_ = 0;
    double overshootMax_ = 0, overshootIntegral_ = 0;
    double trueSeconds_ = 0, trueSum_ = 0, readSum_ = 0, errorSum_ = 0;

    std::vector<ClosedSpan> spans_;
    std::vector<Duration> gaps_; // scratch of coarsenSpans
    Series trueLoad_, reading_, threshold_, budgetSeries_;
};

} // namespace penstock
