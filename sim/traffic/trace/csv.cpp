// SPDX-License-Identifier: Apache-2.0
// Splits records into fields; the usual record has no quotes and is split in place.
#include "sim/traffic/trace/csv.h"

#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace penstock::sim {
namespace {

constexpr std::size_t kMostJoinedBytes = 1U << 20;
constexpr int kMostJoinedLines = 1000;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

bool CsvReader::next(const std::vector<CsvField>*& fields) {
    std::string_view line;
    do {
        if (!lines_.next(line)) return false;
    } while (trimmed(line).empty());
    recordLine_ = lines_.line();
    Split state = split(line);
    if (state == Split::open) {
        joined_.assign(line);
        do {
            if (!lines_.next(line)) {
                return !lines_.failed() && fail("a quote opened in this record is never closed");
            }
            joined_ += '\n';
            joined_ += line;
            if (joined_.size() > kMostJoinedBytes ||
                lines_.line() - recordLine_ > kMostJoinedLines) {
                return fail(
                    "a quote opened in this record is not closed within 1000 lines or 1 MiB");
            }
            state = split(joined_);
        } while (state == Split::open);
    }
    if (state == Split::torn) {
        return fail("text stands between the end of a quoted field and the next comma",
                    fields_.back().column);
    }
    if (width_ == 0) width_ = fields_.size();
    if (fields_.size() != width_) {
        return fail(fmt::format("row has {} fields where the header has {}{}", fields_.size(),
                                width_,
                                fields_.size() < width_
                                    ? "; is the file cut off?"
                                    : "; decimals take a point, and a text with commas quotes"),
                    fields_.back().column);
    }
    fields = &fields_;
    return true;
}

bool CsvReader::fail(std::string message, int column) {
    failed_ = true;
    error_ = {std::move(message), lines_.path(), recordLine_, column};
    return false;
}

CsvReader::Split CsvReader::split(std::string_view record) {
    fields_.clear();
    if (record.find('"') == std::string_view::npos) {
        std::size_t at = 0;
        while (true) {
            const std::size_t comma = record.find(',', at);
            const std::size_t end = comma == std::string_view::npos ? record.size() : comma;
            fields_.push_back({record.substr(at, end - at), static_cast<int>(at) + 1});
            if (comma == std::string_view::npos) return Split::done;
            at = comma + 1;
        }
    }
    scratch_.clear();
    scratch_.reserve(record.size()); // views into it stay valid: it never grows beyond the record
    std::size_t at = 0;
    while (true) {
        const int column = static_cast<int>(at) + 1;
        const std::size_t begin = scratch_.size();
        std::size_t first = at;
        while (first < record.size() && record[first] == ' ')
            ++first;
        if (first < record.size() && record[first] == '"') {
            at = first + 1;
            while (true) {
                if (at >= record.size()) return Split::open;
                if (record[at] == '"') {
                    if (at + 1 < record.size() && record[at + 1] == '"') {
                        ++at;
                    } else {
                        break;
                    }
                }
                scratch_ += record[at++];
            }
            ++at;
            while (at < record.size() && record[at] == ' ')
                ++at;
            if (at < record.size() && record[at] != ',') {
                fields_.push_back({{}, column});
                return Split::torn;
            }
        } else {
            while (at < record.size() && record[at] != ',')
                scratch_ += record[at++];
        }
        fields_.push_back(
            {std::string_view(scratch_).substr(begin, scratch_.size() - begin), column});
        if (at >= record.size()) return Split::done;
        ++at;
    }
}

int findColumn(const std::vector<CsvField>& header, std::string_view name, int from) {
    for (auto i = static_cast<std::size_t>(from); i < header.size(); ++i) {
        const std::string_view text = trimmed(header[i].text);
        if (std::equal(text.begin(), text.end(), name.begin(), name.end(),
                       [](char a, char b) { return lower(a) == lower(b); })) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

} // namespace penstock::sim
