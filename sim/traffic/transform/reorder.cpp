// SPDX-License-Identifier: Apache-2.0
// The reorder window: a ring of rows kept sorted by insertion from the back, which costs nothing
// where rows are in order already.
#include "sim/traffic/transform/stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock::sim {
namespace {

class Reorder final : public RowSource {
  public:
    Reorder(RowSourcePtr below, std::uint32_t window, std::string path, TraceCounters& counters)
        : below_(std::move(below)), path_(std::move(path)), counters_(counters) {
        // One row more than the window: the one that is handed out.
        slots_.resize(std::size_t{window} + 1);
        order_.resize(slots_.size());
        for (std::size_t i = 0; i < order_.size(); ++i)
            order_[i] = static_cast<std::uint32_t>(i);
    }

    Pull next(TraceRow& row) override {
        if (failed_) return Pull::failed;
        while (!ended_ && count_ < slots_.size()) {
            TraceRow& slot = slots_[at(count_)];
            const Pull pull = below_->next(slot);
            if (pull == Pull::failed) {
                failed_ = true;
                error_ = below_->error();
                return Pull::failed;
            }
            if (pull == Pull::end) {
                ended_ = true;
                break;
            }
            ++seen_;
            if (given_ > 0 && slot.timeNs < lastNs_) {
                failed_ = true;
                error_ = {
                    fmt::format("request {} is {:g} s earlier than one more than {} rows before "
                                "it; sort the file by time",
                                seen_, static_cast<double>(lastNs_ - slot.timeNs) * 1e-9,
                                slots_.size() - 1),
                    path_};
                return Pull::failed;
            }
            insert();
        }
        if (count_ == 0) return Pull::end;
        std::swap(row, slots_[at(0)]);
        head_ = (head_ + 1) % slots_.size();
        --count_;
        lastNs_ = row.timeNs;
        if (given_++ == 0) counters_.originNs = row.timeNs;
        row.timeNs -= counters_.originNs;
        if (row.deadlineNs != kNoTime) row.deadlineNs -= counters_.originNs;
        return Pull::row;
    }

    const Error& error() const override { return error_; }

  private:
    // The slot of the i-th row in time order.
    std::uint32_t& at(std::size_t i) { return order_[(head_ + i) % order_.size()]; }

    // Moves the row just read, which stands last, to its place.
    void insert() {
        const std::uint32_t slot = at(count_);
        const std::int64_t time = slots_[slot].timeNs;
        std::size_t place = count_;
        while (place > 0 && slots_[at(place - 1)].timeNs > time) {
            at(place) = at(place - 1);
            --place;
        }
        at(place) = slot;
        if (place < count_) {
            ++counters_.inversions;
            counters_.largestInversionNs =
                std::max(counters_.largestInversionNs, slots_[at(count_)].timeNs - time);
        }
        ++count_;
    }

    RowSourcePtr below_;
    std::string path_;
    TraceCounters& counters_;
    std::vector<TraceRow> slots_;
    std::vector<std::uint32_t> order_;
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    std::uint64_t seen_ = 0;
    std::uint64_t given_ = 0;
    std::int64_t lastNs_ = 0;
    bool ended_ = false;
    bool failed_ = false;
    Error error_;
};

} // namespace

RowSourcePtr makeReorder(RowSourcePtr below, std::uint32_t window, const std::string& path,
                         TraceCounters& counters) {
    return std::make_unique<Reorder>(std::move(below), window, path, counters);
}

} // namespace penstock::sim
