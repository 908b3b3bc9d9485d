// SPDX-License-Identifier: Apache-2.0
// One pass over the rows, and one over the bytes.
#include "sim/traffic/statistics/statistics.h"

#include "sim/traffic/trace/servegen.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <memory>
#include <openssl/evp.h>

namespace penstock::sim {
namespace {

constexpr std::uint64_t kExact = 131072;
constexpr int kExactBits = 17;
constexpr int kSubBits = 8; // 256 steps an octave

} // namespace

void LengthHistogram::add(std::uint64_t value) {
    ++count_;
    sum_ += static_cast<double>(value);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    std::vector<std::uint64_t>& counts = value < kExact ? exact_ : coarse_;
    std::uint64_t bin = value;
    if (value >= kExact) {
        const int octave = std::bit_width(value) - 1;
        const std::uint64_t sub = (value >> (octave - kSubBits)) - (1U << kSubBits);
        bin = (static_cast<std::uint64_t>(octave - kExactBits) << kSubBits) + sub;
    }
    if (bin >= counts.size()) counts.resize(std::max<std::size_t>(bin + 1, counts.size() * 2));
    ++counts[bin];
}

std::uint64_t LengthHistogram::quantile(double q) const {
    if (count_ == 0) return 0;
    const auto rank = static_cast<std::uint64_t>(
        std::max(1.0, std::ceil(q * static_cast<double>(count_) - 1e-9)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < exact_.size(); ++i) {
        seen += exact_[i];
        if (seen >= rank) return i;
    }
    for (std::size_t i = 0; i < coarse_.size(); ++i) {
        seen += coarse_[i];
        if (seen >= rank) {
            const int octave = static_cast<int>(i >> kSubBits) + kExactBits;
            const std::uint64_t sub = i & ((1U << kSubBits) - 1);
            const std::uint64_t width = std::uint64_t{1} << (octave - kSubBits);
            const std::uint64_t low = ((std::uint64_t{1} << kSubBits) + sub) * width;
            return std::min(max_, low + width / 2);
        }
    }
    return max_;
}

void WindowCounts::close() {
    windows_ += 1;
    sum_ += static_cast<double>(current_);
    squares_ += static_cast<double>(current_) * static_cast<double>(current_);
    peak_ = std::max(peak_, current_);
    current_ = 0;
}

void WindowCounts::add(std::int64_t sinceFirstNs) {
    const std::int64_t window = sinceFirstNs / widthNs_;
    if (window > window_) {
        close();
        windows_ += static_cast<double>(window - window_ - 1); // empty ones in between
        window_ = window;
    }
    ++current_;
}

std::optional<double> WindowCounts::dispersion() const {
    if (windows_ < 2) return std::nullopt;
    const double mean = sum_ / windows_;
    return (squares_ / windows_ - mean * mean) / mean;
}

std::optional<double> WindowCounts::peakOverMean() const {
    if (windows_ < 1) return std::nullopt;
    return static_cast<double>(peak_) / (sum_ / windows_);
}

void StatisticsCollector::add(const TraceRow& row) {
    if (rows_ == 0) {
        firstNs_ = row.timeNs;
    } else {
        const double gap = static_cast<double>(row.timeNs - lastNs_) * 1e-9;
        if (row.timeNs == lastNs_) ++sameInstant_;
        const double delta = gap - gapMean_;
        gapMean_ += delta / static_cast<double>(rows_);
        gapSquares_ += delta * (gap - gapMean_);
    }
    ++rows_;
    lastNs_ = row.timeNs;
    const std::int64_t since = row.timeNs - firstNs_;
    second_.add(since);
    tenSeconds_.add(since);
    minute_.add(since);
    grid_.add(since);
    if (row.promptTokens != kUnknownTokens) prompt_.add(row.promptTokens);
    if (row.outputTokens != kUnknownTokens) {
        output_.add(row.outputTokens);
    } else {
        ++unknownOutputs_;
    }
}

TraceStatistics StatisticsCollector::finish() const {
    TraceStatistics out;
    out.spanSeconds = static_cast<double>(lastNs_ - firstNs_) * 1e-9;
    if (out.spanSeconds > 0) out.perSecond = static_cast<double>(rows_) / out.spanSeconds;
    if (rows_ > 1) {
        const double gaps = static_cast<double>(rows_ - 1);
        out.sameInstantShare = static_cast<double>(sameInstant_) / gaps;
        if (rows_ > 2 && gapMean_ > 0) out.gapCv = std::sqrt(gapSquares_ / gaps) / gapMean_;
    }
    out.dispersion = {second_.dispersion(), tenSeconds_.dispersion(), minute_.dispersion()};
    out.minutePeakOverMean = minute_.peakOverMean();
    out.gridNs = grid_.gridNs();
    out.promptTokens = prompt_;
    out.outputTokens = output_;
    out.unknownOutputs = unknownOutputs_;
    return out;
}

Result<std::string> sha256Of(const std::vector<std::string>& paths, std::uint64_t* bytes) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
        return fail(Error{"SHA-256 is not available in this OpenSSL", paths.front()});
    }
    std::vector<char> buffer(1 << 20);
    std::uint64_t total = 0;
    for (const std::string& path : paths) {
        std::ifstream file(path, std::ios::binary);
        if (!file) return fail(Error{"cannot be opened for its checksum", path});
        while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
               file.gcount() > 0) {
            EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
            total += static_cast<std::uint64_t>(file.gcount());
        }
        if (file.bad()) return fail(Error{"cannot be read to its end", path});
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &length);
    std::string out;
    for (unsigned i = 0; i < length; ++i)
        out += fmt::format("{:02x}", digest[i]);
    if (bytes != nullptr) *bytes = total;
    return out;
}

Result<std::string> sha256OfTrace(const std::string& path, TraceFormat format,
                                  std::uint64_t* bytes) {
    std::vector<std::string> files{path};
    if (format == TraceFormat::servegenWindows) {
        Result<std::vector<std::string>> clients = servegenClients(path);
        if (!clients) return fail(clients.error());
        if (clients->front() != path) {
            files = *clients;
            for (const std::string& client : *clients)
                files.push_back(servegenDatasetOf(client));
        }
    }
    return sha256Of(files, bytes);
}

Result<TraceStatistics> readStatistics(const TraceSource& source, const std::string& directory,
                                       std::uint64_t seed) {
    return passTrace(source, directory, seed, [](const TraceRow&) {});
}

Result<TraceStatistics> passTrace(const TraceSource& source, const std::string& directory,
                                  std::uint64_t seed,
                                  const std::function<void(const TraceRow&)>& each) {
    const std::string path = resolvedPath(source, directory);
    if (endless(source.transforms)) {
        return fail(
            Error{"the transform loop repeats for ever, so there is no end to read to; give it "
                  "a number of times",
                  path});
    }
    TraceCounters counters;
    Result<RowSourcePtr> rows = openTrace(source, directory, counters, DrawKey{seed, 0});
    if (!rows) return fail(rows.error());
    StatisticsCollector collector;
    TraceRow row;
    while (true) {
        const Pull pull = (*rows)->next(row);
        if (pull == Pull::failed) return fail((*rows)->error());
        if (pull == Pull::end) break;
        collector.add(row);
        each(row);
    }
    TraceStatistics out = collector.finish();
    out.file = path;
    out.counters = std::move(counters);
    out.firstSeconds = static_cast<double>(out.counters.originNs) * 1e-9;
    out.transforms = describeTransforms(source.transforms);
    Result<std::string> sum = sha256OfTrace(path, out.counters.format, &out.fileBytes);
    if (!sum) return fail(sum.error());
    out.sha256 = std::move(*sum);
    return out;
}

} // namespace penstock::sim
