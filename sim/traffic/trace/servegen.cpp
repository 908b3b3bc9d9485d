// SPDX-License-Identifier: Apache-2.0
// Requests drawn from the windows of ServeGen's clients, merged by time.
#include "sim/traffic/trace/servegen.h"

#include "sim/traffic/trace/readers.h"
#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

namespace penstock::sim {
namespace {

constexpr double kWindowSeconds = 600; // of the last, which no other ends
constexpr std::string_view kTraceEnding = "-trace.csv";

class ServegenClient {
  public:
    ServegenClient(std::vector<ServegenWindow> windows, ServegenDataset dataset, const DrawKey& key)
        : windows_(std::move(windows)), dataset_(std::move(dataset)), key_(key),
          gaps_(key.sequence(Purpose::windowGaps)) {}

    // False at the end.
    bool next(TraceRow& row) {
        while (inWindow_ || openWindow()) {
            const double perSecond = windows_[window_ - 1].perSecond;
            const double at = nowSeconds_ + pendingGap_ / perSecond;
            if (at < endSeconds_) {
                nowSeconds_ = at;
                pendingGap_ = windows_[window_ - 1].gap.draw(gaps_);
                fill(row);
                return true;
            }
            // What is left of the gap goes on in the next window, at that window's rate.
            pendingGap_ -= (endSeconds_ - nowSeconds_) * perSecond;
            inWindow_ = false;
        }
        return false;
    }

  private:
    // Goes to the next window that has a rate.
    bool openWindow() {
        while (window_ < windows_.size() && windows_[window_].perSecond <= 0)
            ++window_;
        if (window_ == windows_.size()) return false;
        const ServegenWindow& window = windows_[window_];
        const double length =
            window_ > 0 ? window.start - windows_[window_ - 1].start : kWindowSeconds;
        endSeconds_ =
            window_ + 1 < windows_.size() ? windows_[window_ + 1].start : window.start + length;
        // Lengths hold from their window's start until the next one that has any.
        const auto lengths = dataset_.upper_bound(window.start);
        lengths_ = lengths == dataset_.begin() ? &lengths->second : &std::prev(lengths)->second;
        if (!std::exchange(started_, true)) pendingGap_ = window.gap.draw(gaps_);
        nowSeconds_ = window.start;
        inWindow_ = true;
        ++window_;
        return true;
    }

    void fill(TraceRow& row) {
        row.clear();
        row.timeNs = static_cast<std::int64_t>(nowSeconds_ * 1e9);
        const NormalPair z = normals(key_.uniforms(Purpose::windowLengths, number_++));
        row.promptTokens = lengths_->prompt->fromNormal(z.first);
        if (lengths_->output) row.outputTokens = lengths_->output->fromNormal(z.second);
    }

    std::vector<ServegenWindow> windows_;
    ServegenDataset dataset_;
    DrawKey key_;
    RandomSequence gaps_;
    std::size_t window_ = 0; // after the present one
    const ServegenLengths* lengths_ = nullptr;
    double endSeconds_ = 0;
    double nowSeconds_ = 0;
    double pendingGap_ = 0; // in mean gaps
    std::uint64_t number_ = 0;
    bool started_ = false;
    bool inWindow_ = false;
};

class ServegenRows final : public RowSource {
  public:
    explicit ServegenRows(TraceCounters& counters) : counters_(counters) {}

    void add(std::unique_ptr<ServegenClient> client) {
        Ahead ahead{std::move(client), {}, added_++};
        if (!ahead.client->next(ahead.row)) return;
        heap_.push_back(std::move(ahead));
        std::push_heap(heap_.begin(), heap_.end(), later);
    }

    Pull next(TraceRow& row) override {
        if (heap_.empty()) return Pull::end;
        std::pop_heap(heap_.begin(), heap_.end(), later);
        Ahead& first = heap_.back();
        std::swap(row, first.row);
        if (first.client->next(first.row)) {
            std::push_heap(heap_.begin(), heap_.end(), later);
        } else {
            heap_.pop_back();
        }
        ++counters_.rowsRead;
        return Pull::row;
    }

    const Error& error() const override { return none_; }

  private:
    struct Ahead { // a client with its next request
        std::unique_ptr<ServegenClient> client;
        TraceRow row;
        std::size_t number;
    };
    static bool later(const Ahead& a, const Ahead& b) {
        return a.row.timeNs != b.row.timeNs ? a.row.timeNs > b.row.timeNs : a.number > b.number;
    }

    TraceCounters& counters_;
    std::vector<Ahead> heap_;
    std::size_t added_ = 0;
    Error none_;
};

// N of chunk-N-trace.csv, or -1.
double clientNumber(const std::string& path) {
    const std::string name = std::filesystem::path(path).filename().string();
    if (!name.starts_with("chunk-") || !name.ends_with(kTraceEnding)) return -1;
    const std::size_t length = name.size() - 6 - kTraceEnding.size();
    return parseDouble(std::string_view(name).substr(6, length)).value_or(-1);
}

// The sum of what is held, before any of it is read.
Status checkSize(const std::vector<std::string>& clients, const std::string& folder) {
    std::uintmax_t bytes = 0;
    for (const std::string& client : clients) {
        std::error_code code;
        const std::uintmax_t size = std::filesystem::file_size(servegenDatasetOf(client), code);
        if (!code) bytes += size;
    }
    if (bytes <= kMostServegenBytes) return {};
    return fail(
        Error{fmt::format("the datasets of its {} clients are {} MiB together, more than the "
                          "{} MiB that are held at once; put fewer clients into a folder",
                          clients.size(), bytes >> 20, kMostServegenBytes >> 20),
              folder});
}

} // namespace

std::string servegenDatasetOf(const std::string& path) {
    const std::size_t at = path.rfind(kTraceEnding);
    if (at == std::string::npos) return {};
    std::string beside = path;
    return beside.replace(at, kTraceEnding.size(), "-dataset.json");
}

Result<std::vector<std::string>> servegenClients(const std::string& path) {
    std::error_code code;
    if (!std::filesystem::is_directory(path, code)) return std::vector<std::string>{path};
    std::vector<std::string> clients;
    for (std::filesystem::directory_iterator at(path, code), end; !code && at != end;
         at.increment(code)) {
        if (clientNumber(at->path().string()) >= 0) clients.push_back(at->path().string());
    }
    if (code) return fail(Error{fmt::format("cannot be listed: {}", code.message()), path});
    if (clients.empty()) {
        return fail(
            Error{"is a directory without chunk-N-trace.csv files, so it is no ServeGen folder; "
                  "name a file in it",
                  path});
    }
    std::sort(clients.begin(), clients.end(), [](const std::string& a, const std::string& b) {
        return std::pair(clientNumber(a), a) < std::pair(clientNumber(b), b);
    });
    return clients;
}

Result<RowSourcePtr> openServegen(const std::string& path, std::uint32_t maxLineBytes,
                                  TraceCounters& counters, const DrawKey& key) {
    Result<std::vector<std::string>> clients = servegenClients(path);
    if (!clients) return fail(clients.error());
    const bool folder = clients->front() != path;
    if (Status status = checkSize(*clients, path); !status) return fail(status.error());
    auto rows = std::make_unique<ServegenRows>(counters);
    for (const std::string& client : *clients) {
        const std::string beside = servegenDatasetOf(client);
        if (beside.empty()) {
            return fail(Error{"a ServeGen trace is called chunk-N-trace.csv, with "
                              "chunk-N-dataset.json beside it; keep those names",
                              client});
        }
        Result<LineReader> lines = LineReader::open(client, maxLineBytes);
        if (!lines) return fail(lines.error());
        Result<ServegenDataset> dataset = loadServegenDataset(beside);
        if (!dataset) return fail(dataset.error());
        Result<std::vector<ServegenWindow>> windows = readServegenWindows(std::move(*lines));
        if (!windows) return fail(windows.error());
        // By its number, so that a client more in the folder leaves the others' draws alone.
        const DrawKey own =
            folder ? key.part(static_cast<std::uint64_t>(clientNumber(client))) : key;
        rows->add(std::make_unique<ServegenClient>(std::move(*windows), std::move(*dataset), own));
    }
    return rows;
}

} // namespace penstock::sim
