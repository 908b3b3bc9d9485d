// SPDX-License-Identifier: Apache-2.0
// Rows become arrivals: names become indices, gaps in the record are filled from the spec's laws.
#include "sim/traffic/stream/trace_stream.h"

#include <algorithm>
#include <utility>

namespace penstock::sim {
namespace {

class TraceLengthFeed final : public LengthFeed {
  public:
    TraceLengthFeed(TraceSource source, std::string directory, const DrawKey& key)
        : source_(std::move(source)), directory_(std::move(directory)), key_(key) {}

    Status open() {
        counters_ = TraceCounters{};
        Result<RowSourcePtr> rows = openTrace(source_, directory_, counters_, key_);
        if (!rows) return fail(rows.error());
        rows_ = std::move(*rows);
        return {};
    }

    bool next(std::uint32_t& promptTokens, std::uint32_t& outputTokens) override {
        bool used = false; // a second pass without any use is no good either
        while (!failed_) {
            const Pull pull = rows_->next(row_);
            if (pull == Pull::row) {
                if (row_.promptTokens == kUnknownTokens || row_.outputTokens == kUnknownTokens) {
                    continue;
                }
                promptTokens = row_.promptTokens;
                outputTokens = row_.outputTokens;
                any_ = true;
                return true;
            }
            if (pull == Pull::failed) {
                failWith(rows_->error());
            } else if (!any_ || used) {
                failWith(
                    {"no row says both its prompt and its output length; use another trace for "
                     "lengths",
                     resolvedPath(source_, directory_)});
            } else if (Status status = open(); !status) {
                failWith(status.error());
            } else {
                used = true;
            }
        }
        return false;
    }

    Status status() const override { return failed_ ? fail(error_) : Status{}; }
    nlohmann::json describe() const override {
        return {{"file", resolvedPath(source_, directory_)},
                {"format", traceFormatName(counters_.format)},
                {"transforms", describeTransforms(source_.transforms)}};
    }

  private:
    void failWith(Error error) {
        failed_ = true;
        error_ = std::move(error);
    }

    TraceSource source_;
    std::string directory_;
    DrawKey key_;
    TraceCounters counters_;
    RowSourcePtr rows_;
    TraceRow row_;
    bool any_ = false;
    bool failed_ = false;
    Error error_;
};

} // namespace

Result<std::unique_ptr<LengthFeed>>
makeTraceLengths(const TraceLengths& lengths, const DrawKey& key, const std::string& directory) {
    auto feed = std::make_unique<TraceLengthFeed>(lengths.source, directory, key);
    if (Status status = feed->open(); !status) return fail(status.error());
    return feed;
}

TraceStream::TraceStream(const TrafficSpec& spec, const DrawKey& key, std::string path)
    : spec_(spec), path_(std::move(path)), marker_(spec, key),
      startNs_(DurationSampler::toNs(spec.startSeconds)),
      stopNs_(DurationSampler::toNs(spec.stopSeconds)), left_(spec.maxArrivals) {
    for (const Weighted& tenant : spec.tenants) {
        tenantIndex_.emplace(tenant.name, static_cast<std::uint32_t>(tenantNames_.size()));
        tenantNames_.push_back(tenant.name);
    }
    for (const Tier& tier : spec.tiers) {
        tierIndex_.emplace(tier.name, static_cast<std::uint32_t>(tierNames_.size()));
        tierNames_.push_back(tier.name);
    }
}

Result<std::unique_ptr<ArrivalStream>>
TraceStream::make(const TrafficSpec& spec, const DrawKey& key, const std::string& directory) {
    const auto& process = std::get<TraceProcess>(spec.process);
    std::unique_ptr<TraceStream> stream(
        new TraceStream(spec, key, resolvedPath(process.source, directory)));
    Result<RowSourcePtr> rows = openTrace(process.source, directory, stream->counters_, key);
    if (!rows) return fail(rows.error());
    stream->rows_ = std::move(*rows);
    if (process.asPoissonPerSecond > 0) {
        stream->times_ = makePoissonTimes(spec, process.asPoissonPerSecond, key);
    }
    stream->fill();
    if (stream->failed_) return fail(stream->error_);
    return stream;
}

std::int64_t TraceStream::peekNs() {
    return ready_ || fill() ? pending_.offsetNs : kNoTime;
}

bool TraceStream::next(Arrival& out) {
    if (!ready_ && !fill()) return false;
    std::swap(row_, delivered_); // keeps the block hashes alive; their address does not change
    out = pending_;
    ready_ = false;
    tally_.add(out);
    return true;
}

bool TraceStream::fill() {
    if (left_ == 0 || failed_) return false;
    const Pull pull = rows_->next(row_);
    if (pull == Pull::failed) {
        failed_ = true;
        error_ = rows_->error();
        return false;
    }
    if (pull == Pull::end || !convert()) {
        left_ = 0;
        return false;
    }
    --left_;
    ready_ = true;
    return true;
}

bool TraceStream::convert() {
    Arrival& a = pending_;
    a = Arrival{};
    a.offsetNs = startNs_ + row_.timeNs;
    if (row_.deadlineNs != kNoTime) a.deadlineNs = startNs_ + row_.deadlineNs;
    if (times_) {
        std::int64_t ns = 0;
        if (!times_->next(ns)) return false;
        if (a.deadlineNs != kNoTime) a.deadlineNs += ns - a.offsetNs;
        a.offsetNs = ns;
    }
    if (a.offsetNs >= stopNs_) return false;
    a.cancelAfterNs = row_.cancelAfterNs;
    const Marker::Identity id = marker_.own(number_++);
    a.promptTokens = row_.promptTokens;
    a.outputTokens = row_.outputTokens;
    if (row_.promptTokens == kUnknownTokens || row_.outputTokens == kUnknownTokens) {
        Arrival drawn;
        marker_.drawLengths(drawn, id);
        if (row_.promptTokens == kUnknownTokens) a.promptTokens = drawn.promptTokens;
        if (row_.outputTokens == kUnknownTokens) a.outputTokens = drawn.outputTokens;
    }
    a.maxTokens = row_.maxTokens;
    if (a.maxTokens > 0) a.outputTokens = std::min(a.outputTokens, a.maxTokens);
    a.prefixGroup = row_.prefixGroup;
    a.prefixTokens = row_.prefixGroup != 0 ? row_.prefixTokens : 0;
    a.session = row_.session;
    a.job = row_.job;
    if (!row_.blockHashes.empty()) {
        a.blockHashes = row_.blockHashes.data();
        a.blockCount = static_cast<std::uint32_t>(row_.blockHashes.size());
        a.blockTokens = row_.blockTokens;
    }
    Given given;
    given.priority = row_.hasPriority;
    if (row_.hasPriority) a.setPriority(row_.priority);
    if (!row_.tenant.empty()) {
        given.tenant = true;
        a.tenant = static_cast<std::uint16_t>(
            nameIndex(row_.tenant, tenantNames_, tenantIndex_, UINT16_MAX));
    }
    if (!row_.tier.empty()) {
        given.tier = true;
        a.tier = static_cast<std::uint8_t>(nameIndex(row_.tier, tierNames_, tierIndex_, UINT8_MAX));
    }
    marker_.mark(a, id, given);
    return true;
}

// Names beyond `most` share the last index, so that a trace with a name a row cannot eat memory.
std::uint32_t TraceStream::nameIndex(const std::string& name, std::vector<std::string>& names,
                                     std::unordered_map<std::string, std::uint32_t>& index,
                                     std::uint32_t most) {
    const auto found = index.find(name);
    if (found != index.end()) return found->second;
    if (names.size() >= most) {
        if (names.size() == most) names.emplace_back("(others)");
        return most;
    }
    const auto number = static_cast<std::uint32_t>(names.size());
    index.emplace(name, number);
    names.push_back(name);
    return number;
}

Status TraceStream::status() const {
    if (!failed_) return {};
    return fail(error_);
}

nlohmann::json TraceStream::describe() const {
    const auto& process = std::get<TraceProcess>(spec_.process);
    return {{"process", times_ ? "poisson" : "trace"},
            {"file", path_},
            {"format", traceFormatName(counters_.format)},
            {"transforms", describeTransforms(process.source.transforms)},
            {"rows_read", counters_.rowsRead},
            {"rows_kept", counters_.rowsKept},
            {"dropped", counters_.dropped},
            {"inversions_repaired", counters_.inversions},
            {"notes", counters_.notes}};
}

} // namespace penstock::sim
