// SPDX-License-Identifier: Apache-2.0
// Reading measured operator times into full grids.
#include "sim/fleet/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <set>

namespace penstock::sim {
namespace {

constexpr double kNsPerUs = 1e3;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct Row {
    std::string layer; // empty where the file has no such column
    std::vector<double> numbers;
};

Result<double> toNumber(const std::string& text) {
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) ||
        value < 0.0) {
        return fail(fmt::format("'{}' is not a number of at least 0", text));
    }
    return value;
}

// A CSV without quoting whose header must begin with exactly these columns, all numbers but
// "layer".
Result<std::vector<Row>> readCsv(const std::string& path, const std::string& header) {
    std::ifstream in(path);
    if (!in) return fail(Error{"cannot read this file of operator times", path});
    std::string line;
    std::vector<Row> rows;
    for (int number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (number == 1) {
            if (line == header) continue;
            return fail(Error{fmt::format("expected the columns {}", header), path, 1, 1});
        }
        if (line.empty()) continue;
        Row row;
        bool named = header.rfind("layer,", 0) == 0;
        for (std::size_t from = 0; from <= line.size();) {
            const std::size_t comma = std::min(line.find(',', from), line.size());
            const std::string cell = line.substr(from, comma - from);
            from = comma + 1;
            if (named) {
                row.layer = cell;
                named = false;
                continue;
            }
            const auto value = toNumber(cell);
            if (!value) return fail(Error{value.error().message, path, number});
            row.numbers.push_back(*value);
        }
        const auto columns = std::count(header.begin(), header.end(), ',') + 1;
        const auto found = row.numbers.size() + (header.rfind("layer,", 0) == 0 ? 1 : 0);
        if (found != static_cast<std::size_t>(columns)) {
            return fail(
                Error{fmt::format("expected {} columns, found {}", columns, found), path, number});
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

// Sums of layers over one axis; every layer must be measured at the same points.
Status sumLayers(const std::string& path, const std::vector<Row>& rows,
                 const std::map<std::string, double>& times, double otherTimes,
                 std::vector<double>& axis, std::vector<double>& sums) {
    std::map<double, double> total;
    std::map<double, int> layersAt;
    std::set<std::string> layers;
    for (const Row& row : rows) {
        const auto known = times.find(row.layer);
        const double factor = known == times.end() ? otherTimes : known->second;
        total[row.numbers[0]] += factor * row.numbers[1] * kNsPerUs;
        ++layersAt[row.numbers[0]];
        layers.insert(row.layer);
    }
    for (const auto& [x, sum] : total) {
        if (layersAt[x] != static_cast<int>(layers.size())) {
            return fail(Error{fmt::format("at {} only {} of {} layers are measured", x, layersAt[x],
                                          layers.size()),
                              path});
        }
        axis.push_back(x);
        sums.push_back(sum);
    }
    if (axis.size() < 2) return fail(Error{"needs at least two points on its axis", path});
    return {};
}

std::vector<double> axisOf(const std::vector<Row>& rows, std::size_t column) {
    std::set<double> values{0.0};
    for (const Row& row : rows)
        values.insert(row.numbers[column]);
    return {values.begin(), values.end()};
}

std::size_t indexIn(const std::vector<double>& axis, double x) {
    return static_cast<std::size_t>(std::lower_bound(axis.begin(), axis.end(), x) - axis.begin());
}

} // namespace

Result<OperatorTables> readOperatorTables(const std::string& folder, int layers,
                                          double stepOverheadNs) {
    OperatorTables out;
    out.fixedNs_ = stepOverheadNs;

    const std::string densePath = folder + "/dense.csv";
    const auto dense = readCsv(densePath, "layer,tokens,time_us");
    if (!dense) return fail(dense.error());
    const std::map<std::string, double> once{
        {"embedding", 1.0}, {"final_layernorm", 1.0}, {"layernorm", 2.0 * layers}};
    if (auto s = sumLayers(densePath, *dense, once, layers, out.tokens_, out.dense_); !s) {
        return fail(s.error());
    }
    const std::string sequencePath = folder + "/per_sequence.csv";
    const auto perSequence = readCsv(sequencePath, "layer,sequences,time_us");
    if (!perSequence) return fail(perSequence.error());
    if (auto s = sumLayers(sequencePath, *perSequence, {}, 1.0, out.sequences_, out.perSequence_);
        !s) {
        return fail(s.error());
    }

    const std::string attentionPath = folder + "/attention.csv";
    const auto rows = readCsv(attentionPath, "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us");
    if (!rows) return fail(rows.error());
    auto &c = out.chunk_, &k = out.chunkContext_, &n = out.decodes_, &d = out.decodeContext_;
    c = axisOf(*rows, 0);
    k = axisOf(*rows, 1);
    n = axisOf(*rows, 2);
    d = axisOf(*rows, 3);
    if (std::min({c.size(), k.size(), n.size(), d.size()}) < 3) {
        return fail(Error{"needs at least two points beside 0 on every axis", attentionPath});
    }
    auto& grid = out.attention_;
    grid.assign(c.size() * k.size() * n.size() * d.size(), kMissing);
    const auto cell = [&](std::size_t ic, std::size_t ik, std::size_t in,
                          std::size_t id) -> double& {
        return grid[((ic * k.size() + ik) * n.size() + in) * d.size() + id];
    };
    for (const Row& row : *rows) {
        cell(indexIn(c, row.numbers[0]), indexIn(k, row.numbers[1]), indexIn(n, row.numbers[2]),
             indexIn(d, row.numbers[3])) = row.numbers[4] * layers * kNsPerUs;
    }
    // What cannot be measured: context of no sequence (the axis does not matter there), and an
    // empty step. What the measurement left out, because chunks and decodes share a step's slots,
    // is the next smaller number of decodes plus what more of them cost without a chunk.
    for (std::size_t ic = 0; ic < c.size(); ++ic) {
        for (std::size_t ik = 0; ik < k.size(); ++ik) {
            for (std::size_t in = 0; in < n.size(); ++in) {
                for (std::size_t id = 0; id < d.size(); ++id) {
                    double& value = cell(ic, ik, in, id);
                    if (!std::isnan(value)) continue;
                    if (ic == 0 && in == 0) {
                        value = 0.0;
                    } else if (ic == 0 && ik > 0) {
                        value = cell(0, 0, in, id);
                    } else if (in == 0 && id > 0) {
                        value = cell(ic, ik, 0, 0);
                    } else if (in > 0 && id == 0) {
                        value = cell(ic, ik, in, 1);
                    } else if (in > 0 && ic > 0) {
                        value =
                            cell(ic, ik, in - 1, id) + cell(0, 0, in, id) - cell(0, 0, in - 1, id);
                    }
                    if (in > 0 && id == 0 && std::isnan(value) && ic > 0) {
                        value = cell(ic, ik, in - 1, 0) + cell(0, 0, in, 0) - cell(0, 0, in - 1, 0);
                    }
                    if (std::isnan(value)) {
                        return fail(Error{fmt::format("no time for prefill_chunk {}, kv_prefill "
                                                      "{}, n_decode {}, kv_decode {}",
                                                      c[ic], k[ik], n[in], d[id]),
                                          attentionPath});
                    }
                }
            }
        }
    }
    return out;
}

OperatorTable OperatorTables::view() const {
    const auto axis = [](const std::vector<double>& values) {
        return GridAxis{values.data(), static_cast<std::int32_t>(values.size())};
    };
    OperatorTable t;
    t.tokens = axis(tokens_);
    t.denseNs = dense_.data();
    t.sequences = axis(sequences_);
    t.sequenceNs = perSequence_.data();
    t.chunk = axis(chunk_);
    t.chunkContext = axis(chunkContext_);
    t.decodes = axis(decodes_);
    t.decodeContext = axis(decodeContext_);
    t.attentionNs = attention_.data();
    t.fixedNs = fixedNs_;
    return t;
}

} // namespace penstock::sim
