// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/table_file.h"

#include "engine/config/text/document.h"
#include "sim/traffic/trace/csv.h"
#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace penstock::sim {
namespace {

constexpr std::uint32_t kLineBytes = 1U << 20;

bool sameName(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
        return lower(x) == lower(y);
    });
}

Error tooMany(const std::string& path, int line) {
    return {fmt::format("more than {} rows; calibrate on a part of them", TableFile::kMostRows),
            path, line};
}

std::string_view uncompressed(std::string_view name) {
    if (name.ends_with(".gz")) name.remove_suffix(3);
    return name;
}

bool isCsv(const std::string& path) {
    return uncompressed(path).ends_with(".csv");
}

bool isJson(const std::string& path) {
    const std::string_view name = uncompressed(path);
    return name.ends_with(".jsonl") || name.ends_with(".json") || name.ends_with(".ndjson");
}

} // namespace

int TableFile::find(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (sameName(names_[i], name)) return static_cast<int>(i);
        }
    }
    return -1;
}

const TableFile::Cell* TableFile::cell(const Row& row, int column) const {
    if (column < 0 || static_cast<std::size_t>(column) >= row.cells.size()) return nullptr;
    const Cell& cell = row.cells[static_cast<std::size_t>(column)];
    return cell.text.empty() ? nullptr : &cell;
}

Error TableFile::at(const Row& row, int column, std::string message) const {
    const Cell* found = cell(row, column);
    const std::string name =
        column >= 0 ? fmt::format("{}: ", names_[static_cast<std::size_t>(column)]) : "";
    return {name + std::move(message), path_, row.line, found != nullptr ? found->column : 0};
}

Result<std::optional<double>> TableFile::number(const Row& row, int column, double least,
                                                double most) const {
    const Cell* found = cell(row, column);
    if (found == nullptr) return std::optional<double>{};
    const auto value = parseDouble(found->text);
    if (!value || *value < least || *value > most) {
        return fail(at(row, column,
                       fmt::format("{} is not a number from {} to {}", quoteForError(found->text),
                                   least, most)));
    }
    return value;
}

namespace {

Status readCsv(LineReader lines, std::vector<std::string>& names,
               std::vector<TableFile::Row>& rows) {
    CsvReader reader(std::move(lines));
    const std::vector<CsvField>* fields = nullptr;
    while (reader.next(fields)) {
        if (names.empty()) {
            for (const CsvField& f : *fields) {
                const std::string name(trimmed(f.text));
                const auto same = [&](const std::string& n) { return sameName(n, name); };
                if (std::any_of(names.begin(), names.end(), same)) {
                    return fail(Error{fmt::format("two columns are called {}", quoteForError(name)),
                                      reader.path(), reader.line(), f.column});
                }
                names.push_back(name);
            }
            continue;
        }
        if (rows.size() >= TableFile::kMostRows) return fail(tooMany(reader.path(), reader.line()));
        TableFile::Row row;
        row.line = reader.line();
        for (const CsvField& f : *fields)
            row.cells.push_back({std::string(trimmed(f.text)), f.column});
        rows.push_back(std::move(row));
    }
    if (reader.failed()) return fail(reader.error());
    return {};
}

Status readJsonLines(LineReader lines, std::vector<std::string>& names,
                     std::vector<TableFile::Row>& rows) {
    std::string_view line;
    while (lines.next(line)) {
        if (trimmed(line).empty()) continue;
        const auto object = nlohmann::json::parse(line, nullptr, false);
        if (!object.is_object()) {
            return fail(Error{"expected one JSON object a line", lines.path(), lines.line(), 1});
        }
        if (rows.size() >= TableFile::kMostRows) return fail(tooMany(lines.path(), lines.line()));
        TableFile::Row row;
        row.line = lines.line();
        for (const auto& [key, value] : object.items()) {
            auto at = std::find(names.begin(), names.end(), key);
            if (at == names.end()) at = names.insert(names.end(), key);
            const auto index = static_cast<std::size_t>(at - names.begin());
            if (row.cells.size() <= index) row.cells.resize(index + 1);
            if (value.is_null()) continue;
            const auto place = line.find("\"" + key + "\"");
            row.cells[index] = {value.is_string() ? value.get<std::string>() : value.dump(),
                                place == std::string_view::npos ? 0 : static_cast<int>(place) + 1};
        }
        rows.push_back(std::move(row));
    }
    if (lines.failed()) return fail(lines.error());
    return {};
}

} // namespace

Result<TableFile> TableFile::read(const std::string& path) {
    if (!isJson(path) && !isCsv(path)) {
        return fail(
            Error{"its name says neither CSV nor JSON Lines; call it .csv or .jsonl, with .gz "
                  "behind it if it is compressed",
                  path});
    }
    auto lines = LineReader::open(path, kLineBytes);
    if (!lines) return fail(lines.error());
    TableFile out;
    out.path_ = path;
    const Status read = isJson(path) ? readJsonLines(std::move(*lines), out.names_, out.rows_)
                                     : readCsv(std::move(*lines), out.names_, out.rows_);
    if (!read) return fail(read.error());
    if (out.rows_.empty()) {
        return fail(Error{
            "has no rows of measurements: expected a header line and at least one row", path});
    }
    return out;
}

} // namespace penstock::sim
