// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the traffic tests share: files that vanish after the test, the shared fixtures, whole
// streams and whole traces as vectors.
#include "sim/traffic/stream/stream.h"
#include "sim/traffic/trace/trace_row.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>
#include <zlib.h>

namespace penstock::sim::test {

class TempDir {
  public:
    TempDir() {
        std::string pattern = (std::filesystem::temp_directory_path() / "traffic-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    ~TempDir() { std::filesystem::remove_all(path_); }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    std::string file(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(file(name), std::ios::binary) << content;
        return file(name);
    }
    std::string writeGz(const std::string& name, const std::string& content) const {
        gzFile out = gzopen(file(name).c_str(), "wb");
        gzwrite(out, content.data(), static_cast<unsigned>(content.size()));
        gzclose(out);
        return file(name);
    }

  private:
    std::filesystem::path path_;
};

inline std::string readFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string sharedTrace(const std::string& name) {
    return std::string(PENSTOCK_SOURCE_DIR) + "/../shared/data/traces/" + name;
}

inline std::vector<Arrival> drain(ArrivalStream& stream, std::size_t most = 10'000'000) {
    std::vector<Arrival> out;
    for (Arrival a; out.size() < most && stream.next(a);)
        out.push_back(a);
    return out;
}

inline std::vector<Arrival> arrivals(const TrafficSpec& spec, std::size_t most,
                                     std::uint64_t seed = 1, std::uint32_t lane = 0) {
    auto stream = makeStream(spec, seed, lane);
    if (!stream) {
        ADD_FAILURE() << stream.error().text();
        return {};
    }
    return drain(**stream, most);
}

struct Rows {
    std::vector<TraceRow> rows;
    TraceCounters counters;
    std::string error; // text(), or empty
    Error raw;
};

inline Rows readRows(const TraceSource& source) {
    Rows out;
    auto opened = openTrace(source, {}, out.counters, DrawKey{1, 0});
    if (!opened) {
        out.raw = opened.error();
        out.error = out.raw.text();
        return out;
    }
    TraceRow row;
    Pull pull = Pull::row;
    while ((pull = (*opened)->next(row)) == Pull::row)
        out.rows.push_back(row);
    if (pull == Pull::failed) {
        out.raw = (*opened)->error();
        out.error = out.raw.text();
    }
    return out;
}

inline Rows readRows(const std::string& path, TraceFormat format = TraceFormat::automatic) {
    TraceSource source;
    source.path = path;
    source.format = format;
    return readRows(source);
}

// Time in ms, prompt, output of each row; -1: unknown.
inline std::vector<std::array<std::int64_t, 3>> brief(const Rows& rows) {
    std::vector<std::array<std::int64_t, 3>> out;
    const auto known = [](std::uint32_t tokens) {
        return tokens == kUnknownTokens ? std::int64_t{-1} : std::int64_t{tokens};
    };
    for (const TraceRow& r : rows.rows) {
        out.push_back({r.timeNs / 1'000'000, known(r.promptTokens), known(r.outputTokens)});
    }
    return out;
}
using Brief = std::vector<std::array<std::int64_t, 3>>;

struct GapStatistics {
    double perSecond = 0;
    double cv = 0;
};

inline GapStatistics gapStatistics(const std::vector<Arrival>& all) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
        const double gap = static_cast<double>(all[i].offsetNs - all[i - 1].offsetNs) * 1e-9;
        sum += gap;
        squares += gap * gap;
    }
    const double n = static_cast<double>(all.size() - 1);
    const double mean = sum / n;
    return {1 / mean, std::sqrt(squares / n - mean * mean) / mean};
}

// Arrivals with from <= offset < to, in seconds.
inline double countBetween(const std::vector<Arrival>& all, double from, double to) {
    double count = 0;
    for (const Arrival& a : all) {
        const double t = static_cast<double>(a.offsetNs) * 1e-9;
        if (t >= from && t < to) ++count;
    }
    return count;
}

} // namespace penstock::sim::test
