// SPDX-License-Identifier: Apache-2.0
// The stages that read their trace more than once: superposition and repetition.
#include "sim/traffic/transform/stages.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace penstock::sim {
namespace {

// Copies of a trace, each begun at another place and carried over the end: the rows before that
// place come after the rest. The copies share rhythm in the large and nothing in the small.
class Superpose final : public RowSource {
  public:
    Superpose(Reopen below, const RowSpan& span, double factor, const DrawKey& key)
        : below_(std::move(below)), key_(key), periodNs_(span.periodNs()) {
        const int whole = static_cast<int>(factor);
        copies_.resize(static_cast<std::size_t>(factor > whole ? whole + 1 : whole));
        for (std::size_t i = 0; i < copies_.size(); ++i) {
            copies_[i].keep = i < static_cast<std::size_t>(whole) ? 1.0 : factor - whole;
            copies_[i].key = key.part(i);
            if (i > 0) {
                const double u = key_.uniform(Purpose::rotate, i);
                copies_[i].cutNs = static_cast<std::int64_t>(u * static_cast<double>(periodNs_));
            }
        }
    }

    Status start() {
        for (Copy& copy : copies_) {
            advance(copy);
            if (failed_) return fail(error_);
        }
        return {};
    }

    Pull next(TraceRow& row) override {
        if (failed_) return Pull::failed;
        Copy* first = nullptr;
        for (Copy& copy : copies_) {
            if (copy.ended) continue;
            if (first == nullptr || copy.row.timeNs < first->row.timeNs) first = &copy;
        }
        if (first == nullptr) return Pull::end;
        std::swap(row, first->row);
        advance(*first);
        return Pull::row;
    }

    const Error& error() const override { return error_; }

  private:
    struct Copy {
        RowSourcePtr source;
        DrawKey key;
        double keep = 1;
        std::int64_t cutNs = 0;
        std::uint64_t number = 0;
        int pass = 0; // 0: not begun; 1: from the cut to the end; 2: from the start to the cut
        bool ended = false;
        TraceRow row;
    };

    void advance(Copy& copy) {
        while (!copy.ended) {
            if (!copy.source) {
                if (copy.pass == 2 || (copy.pass == 1 && copy.cutNs == 0)) {
                    copy.ended = true;
                    return;
                }
                Result<RowSourcePtr> opened = below_();
                if (!opened) {
                    failed_ = true;
                    error_ = opened.error();
                    copy.ended = true;
                    return;
                }
                copy.source = std::move(*opened);
                ++copy.pass;
            }
            const Pull pull = copy.source->next(copy.row);
            if (pull == Pull::failed) {
                failed_ = true;
                error_ = copy.source->error();
                copy.ended = true;
                return;
            }
            if (pull == Pull::end) {
                copy.source.reset();
                continue;
            }
            const bool before = copy.row.timeNs < copy.cutNs;
            if (copy.pass == 1 && before) continue;
            if (copy.pass == 2 && !before) {
                copy.source.reset();
                continue;
            }
            const std::int64_t shift = copy.pass == 1 ? -copy.cutNs : periodNs_ - copy.cutNs;
            copy.row.timeNs += shift;
            if (copy.row.deadlineNs != kNoTime) copy.row.deadlineNs += shift;
            const bool keep =
                copy.keep >= 1 || copy.key.uniform(Purpose::thin, copy.number) < copy.keep;
            ++copy.number;
            if (keep) return;
        }
    }

    Reopen below_;
    DrawKey key_;
    std::int64_t periodNs_;
    std::vector<Copy> copies_;
    bool failed_ = false;
    Error error_;
};

class Loop final : public RowSource {
  public:
    Loop(Reopen below, double times)
        : below_(std::move(below)),
          timesLeft_(times > 0 ? times : std::numeric_limits<double>::infinity()) {}

    Pull next(TraceRow& row) override {
        while (!failed_) {
            if (!source_) {
                if (timesLeft_ < 1 || (pass_ > 0 && span_.rows == 0)) return Pull::end;
                Result<RowSourcePtr> opened = below_();
                if (!opened) {
                    failed_ = true;
                    error_ = opened.error();
                    break;
                }
                source_ = std::move(*opened);
                --timesLeft_;
                if (pass_++ > 0) shiftNs_ += std::max<std::int64_t>(span_.periodNs(), 1);
                if (shiftNs_ > std::numeric_limits<std::int64_t>::max() / 2) return Pull::end;
            }
            const Pull pull = source_->next(row);
            if (pull == Pull::end) {
                source_.reset();
                continue;
            }
            if (pull == Pull::failed) {
                failed_ = true;
                error_ = source_->error();
                break;
            }
            if (pass_ == 1) {
                if (span_.rows++ == 0) span_.firstNs = row.timeNs;
                span_.lastNs = row.timeNs;
            }
            row.timeNs += shiftNs_;
            if (row.deadlineNs != kNoTime) row.deadlineNs += shiftNs_;
            return Pull::row;
        }
        return Pull::failed;
    }

    const Error& error() const override { return error_; }

  private:
    Reopen below_;
    RowSourcePtr source_;
    RowSpan span_;
    double timesLeft_;
    std::uint64_t pass_ = 0;
    std::int64_t shiftNs_ = 0;
    bool failed_ = false;
    Error error_;
};

} // namespace

std::int64_t RowSpan::periodNs() const {
    if (rows < 2) return kSecond;
    const std::int64_t length = lastNs - firstNs;
    return length + length / static_cast<std::int64_t>(rows - 1);
}

Result<RowSourcePtr> makeSuperpose(const Reopen& below, const RowSpan& span, double factor,
                                   const DrawKey& key) {
    auto out = std::make_unique<Superpose>(below, span, factor, key);
    if (Status status = out->start(); !status) return fail(status.error());
    return out;
}

RowSourcePtr makeLoop(const Reopen& below, double times) {
    return std::make_unique<Loop>(below, times);
}

} // namespace penstock::sim
