// SPDX-License-Identifier: Apache-2.0
// Slice, filter, clamp, dither and the kinds of scale that read once; all stream.
#include "sim/traffic/spec/sampler.h"
#include "sim/traffic/transform/stages.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace penstock::sim {
namespace {

std::uint32_t asTokens(double value) {
    return static_cast<std::uint32_t>(std::clamp(value, 0.0, 4e9));
}

class Stage : public RowSource {
  public:
    Stage(RowSourcePtr below, TraceCounters& counters)
        : below_(std::move(below)), counters_(counters) {}
    const Error& error() const override { return below_->error(); }

  protected:
    void drop(const char* reason) { ++counters_.dropped[reason]; }

    RowSourcePtr below_;
    TraceCounters& counters_;
};

class Slice final : public Stage {
  public:
    Slice(RowSourcePtr below, TraceCounters& counters, const SliceTransform& t)
        : Stage(std::move(below), counters), fromNs_(DurationSampler::toNs(t.fromSeconds)),
          toNs_(DurationSampler::toNs(t.toSeconds)) {}

    Pull next(TraceRow& row) override {
        if (ended_) return Pull::end;
        while (true) {
            const Pull pull = below_->next(row);
            if (pull != Pull::row) return pull;
            if (row.timeNs >= toNs_) {
                ended_ = true; // rows are in order: nothing after this one can be inside
                counters_.notes.insert(
                    "what comes after the end of the slice was not read, and is not "
                    "counted");
                return Pull::end;
            }
            if (row.timeNs >= fromNs_) break;
            drop("before the slice");
        }
        row.timeNs -= fromNs_;
        if (row.deadlineNs != kNoTime) row.deadlineNs -= fromNs_;
        return Pull::row;
    }

  private:
    std::int64_t fromNs_;
    std::int64_t toNs_;
    bool ended_ = false;
};

class Filter final : public Stage {
  public:
    Filter(RowSourcePtr below, TraceCounters& counters, FilterTransform t)
        : Stage(std::move(below), counters), t_(std::move(t)) {}

    Pull next(TraceRow& row) override {
        while (true) {
            const Pull pull = below_->next(row);
            if (pull != Pull::row) return pull;
            if (!t_.model.empty() && row.model != t_.model) {
                drop("filtered: another model");
            } else if (!t_.kind.empty() && row.kind != t_.kind) {
                drop("filtered: another kind");
            } else if (outside(row.promptTokens, t_.minPromptTokens, t_.maxPromptTokens)) {
                drop("filtered: prompt tokens");
            } else if (outside(row.outputTokens, t_.minOutputTokens, t_.maxOutputTokens)) {
                drop("filtered: output tokens");
            } else {
                return Pull::row;
            }
        }
    }

  private:
    static bool outside(std::uint32_t tokens, double low, double high) {
        return tokens != kUnknownTokens && (tokens < low || tokens > high);
    }
    FilterTransform t_;
};

class Clamp final : public Stage {
  public:
    Clamp(RowSourcePtr below, TraceCounters& counters, const ClampTransform& t)
        : Stage(std::move(below), counters), minPrompt_(asTokens(t.minPromptTokens)),
          maxPrompt_(asTokens(t.maxPromptTokens)), minOutput_(asTokens(t.minOutputTokens)),
          maxOutput_(asTokens(t.maxOutputTokens)) {}

    Pull next(TraceRow& row) override {
        const Pull pull = below_->next(row);
        if (pull != Pull::row) return pull;
        if (row.promptTokens != kUnknownTokens) {
            row.promptTokens = std::clamp(row.promptTokens, minPrompt_, maxPrompt_);
            row.prefixTokens = std::min(row.prefixTokens, row.promptTokens);
        }
        if (row.outputTokens != kUnknownTokens) {
            row.outputTokens = std::clamp(row.outputTokens, minOutput_, maxOutput_);
        }
        return pull;
    }

  private:
    std::uint32_t minPrompt_;
    std::uint32_t maxPrompt_;
    std::uint32_t minOutput_;
    std::uint32_t maxOutput_;
};

class Thin final : public Stage {
  public:
    Thin(RowSourcePtr below, TraceCounters& counters, double keep, const DrawKey& key)
        : Stage(std::move(below), counters), keep_(keep), key_(key) {}

    Pull next(TraceRow& row) override {
        while (true) {
            const Pull pull = below_->next(row);
            if (pull != Pull::row) return pull;
            if (key_.uniform(Purpose::thin, number_++) < keep_) return Pull::row;
            drop("thinned out");
        }
    }

  private:
    double keep_;
    DrawKey key_;
    std::uint64_t number_ = 0;
};

class TimeScale final : public Stage {
  public:
    TimeScale(RowSourcePtr below, TraceCounters& counters, double factor)
        : Stage(std::move(below), counters), factor_(factor) {}

    Pull next(TraceRow& row) override {
        const Pull pull = below_->next(row);
        if (pull != Pull::row) return pull;
        const std::int64_t scaled =
            std::llround(std::min(static_cast<double>(row.timeNs) / factor_, 4e18));
        // A deadline is a promise to a sender, in real seconds: it moves with its request.
        if (row.deadlineNs != kNoTime) row.deadlineNs += scaled - row.timeNs;
        row.timeNs = scaled;
        return pull;
    }

  private:
    double factor_;
};

class Replicate final : public Stage {
  public:
    Replicate(RowSourcePtr below, TraceCounters& counters, double factor, const DrawKey& key)
        : Stage(std::move(below), counters), factor_(factor), key_(key) {}

    Pull next(TraceRow& row) override {
        if (left_ > 0) {
            --left_;
            row = copy_;
            return Pull::row;
        }
        const Pull pull = below_->next(row);
        if (pull != Pull::row) return pull;
        const double whole = std::floor(factor_);
        left_ = static_cast<int>(whole) - 1;
        if (key_.uniform(Purpose::thin, number_++) < factor_ - whole) ++left_;
        if (left_ > 0) copy_ = row;
        return Pull::row;
    }

  private:
    double factor_;
    DrawKey key_;
    std::uint64_t number_ = 0;
    TraceRow copy_;
    int left_ = 0;
};

// A row that waits for its time, in a heap.
struct Waiting {
    TraceRow row;
    std::uint64_t number;
    static bool later(const Waiting& a, const Waiting& b) {
        return a.row.timeNs != b.row.timeNs ? a.row.timeNs > b.row.timeNs : a.number > b.number;
    }
};

class Dither final : public Stage {
  public:
    Dither(RowSourcePtr below, TraceCounters& counters, std::int64_t gridNs, const DrawKey& key)
        : Stage(std::move(below), counters), gridNs_(gridNs), key_(key) {}

    Pull next(TraceRow& row) override {
        if (gridNs_ == 0) return below_->next(row);
        // A row may move by less than one grid step, so what waits longer than that is in order.
        while (!ended_ && (heap_.empty() || heap_.front().row.timeNs > frontierNs_)) {
            Waiting one{};
            const Pull pull = below_->next(one.row);
            if (pull == Pull::failed) return pull;
            if (pull == Pull::end) {
                ended_ = true;
                break;
            }
            frontierNs_ = one.row.timeNs;
            one.number = number_;
            const double u = key_.uniform(Purpose::dither, number_++);
            const auto shift = static_cast<std::int64_t>(u * static_cast<double>(gridNs_));
            one.row.timeNs += shift;
            if (one.row.deadlineNs != kNoTime) one.row.deadlineNs += shift;
            heap_.push_back(std::move(one));
            std::push_heap(heap_.begin(), heap_.end(), Waiting::later);
        }
        if (heap_.empty()) return Pull::end;
        std::pop_heap(heap_.begin(), heap_.end(), Waiting::later);
        std::swap(row, heap_.back().row);
        heap_.pop_back();
        return Pull::row;
    }

  private:
    std::int64_t gridNs_;
    DrawKey key_;
    std::uint64_t number_ = 0;
    std::int64_t frontierNs_ = -1;
    std::vector<Waiting> heap_;
    bool ended_ = false;
};

} // namespace

bool needsSpan(const Transform& transform) {
    if (const auto* t = std::get_if<DitherTransform>(&transform)) return t->gridSeconds == 0;
    const auto* t = std::get_if<ScaleTransform>(&transform);
    return t != nullptr && t->mode == ScaleMode::superpose;
}

Result<RowSourcePtr> makeTransform(const Transform& transform, const Reopen& below,
                                   const RowSpan& span, TraceCounters& counters, const DrawKey& key,
                                   std::uint32_t number) {
    const DrawKey own = key.part(number);
    if (const auto* t = std::get_if<LoopTransform>(&transform)) {
        return makeLoop(below, t->times);
    }
    const auto* scale = std::get_if<ScaleTransform>(&transform);
    if (scale != nullptr && scale->mode == ScaleMode::superpose) {
        return makeSuperpose(below, span, scale->factor, own);
    }
    Result<RowSourcePtr> opened = below();
    if (!opened) return opened;
    RowSourcePtr source = std::move(*opened);
    if (scale != nullptr) {
        if (scale->mode == ScaleMode::thin) {
            return std::make_unique<Thin>(std::move(source), counters, scale->factor, own);
        }
        if (scale->mode == ScaleMode::replicate) {
            return std::make_unique<Replicate>(std::move(source), counters, scale->factor, own);
        }
        return std::make_unique<TimeScale>(std::move(source), counters, scale->factor);
    }
    if (const auto* t = std::get_if<SliceTransform>(&transform)) {
        return std::make_unique<Slice>(std::move(source), counters, *t);
    }
    if (const auto* t = std::get_if<FilterTransform>(&transform)) {
        return std::make_unique<Filter>(std::move(source), counters, *t);
    }
    if (const auto* t = std::get_if<DitherTransform>(&transform)) {
        const std::int64_t grid =
            t->gridSeconds > 0 ? DurationSampler::toNs(t->gridSeconds) : span.gridNs;
        return std::make_unique<Dither>(std::move(source), counters, grid, own);
    }
    return std::make_unique<Clamp>(std::move(source), counters,
                                   std::get<ClampTransform>(transform));
}

} // namespace penstock::sim
