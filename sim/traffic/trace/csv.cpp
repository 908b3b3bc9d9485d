// SPDX-License-Identifier: Apache-2.0
// Splits records into fields; the usual record has no quotes and is split in place.
#include "sim/traffic/trace/csv.h"

#include "sim/traffic/trace/text_value.h"

#include <algorithm>
#include <cstring>

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
    if (!split(line)) {
        joined_.assign(line);
        do {
            if (!lines_.next(line)) {
                if (!lines_.failed()) {
                    failed_ = true;
                    error_ = {"a quote opened in this record is never closed", lines_.path(),
                              recordLine_};
                }
                return false;
            }
            joined_ += '\n';
            joined_ += line;
            if (joined_.size() > kMostJoinedBytes ||
                lines_.line() - recordLine_ > kMostJoinedLines) {
                failed_ = true;
                error_ = {"a quote opened in this record is not closed within 1000 lines or 1 MiB",
                          lines_.path(), recordLine_};
                return false;
            }
        } while (!split(joined_));
    }
    fields = &fields_;
    return true;
}

bool CsvReader::split(std::string_view record) {
    fields_.clear();
    if (record.find('"') == std::string_view::npos) {
        std::size_t at = 0;
        while (true) {
            const std::size_t comma = record.find(',', at);
            const std::size_t end = comma == std::string_view::npos ? record.size() : comma;
            fields_.push_back({record.substr(at, end - at), static_cast<int>(at) + 1});
            if (comma == std::string_view::npos) return true;
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
                if (at >= record.size()) return false;
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
            while (at < record.size() && record[at] != ',')
                scratch_ += record[at++];
        } else {
            while (at < record.size() && record[at] != ',')
                scratch_ += record[at++];
        }
        fields_.push_back(
            {std::string_view(scratch_).substr(begin, scratch_.size() - begin), column});
        if (at >= record.size()) return true;
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
