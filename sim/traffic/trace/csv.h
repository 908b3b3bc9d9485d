// SPDX-License-Identifier: Apache-2.0
#pragma once

// Comma-separated records (RFC 4180): quoted fields, doubled quotes, line breaks inside quotes. The
// fields are views; columns are found by name, whatever their order and case.
#include "sim/traffic/trace/line_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

struct CsvField {
    std::string_view text;
    int column = 1; // of its first character in the line, from 1
};

class CsvReader {
  public:
    explicit CsvReader(LineReader lines) : lines_(std::move(lines)) {}

    // The next record with at least one character; its fields are valid until the next call. False
    // at the end and on errors: every record has as many fields as the first, so that a decimal
    // comma or a text that should be in quotes does not move all that stands behind it.
    bool next(const std::vector<CsvField>*& fields);

    // First line of the record last returned.
    int line() const { return recordLine_; }
    bool failed() const { return failed_ || lines_.failed(); }
    const Error& error() const { return failed_ ? error_ : lines_.error(); }
    const std::string& path() const { return lines_.path(); }

  private:
    enum class Split : std::uint8_t { done, open, torn };
    // open: a quote is not closed at the end; torn: text stands behind one that is.
    Split split(std::string_view record);
    bool fail(std::string message, int column = 0);

    LineReader lines_;
    std::vector<CsvField> fields_;
    std::string joined_;  // a record that spans lines
    std::string scratch_; // unquoted text
    int recordLine_ = 0;
    std::size_t width_ = 0; // of the first record
    bool failed_ = false;
    Error error_;
};

// The first position, from `from` on, of a column called `name` (case and surrounding blanks do not
// matter), or -1.
int findColumn(const std::vector<CsvField>& header, std::string_view name, int from = 0);

} // namespace penstock::sim
