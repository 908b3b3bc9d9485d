// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small table of measurements: CSV with a header line, or JSON Lines, plain or .gz. Columns are
// found by name; every complaint names the file, the line, the column and the value.
#include "engine/types/error.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

class TableFile {
  public:
    static constexpr std::size_t kMostRows = 1'000'000;

    struct Cell {
        std::string text; // empty: nothing was given
        int column = 0;   // in its line, from 1; 0 when unknown
    };
    struct Row {
        int line = 0;
        std::vector<Cell> cells; // one for each of names()
    };

    static Result<TableFile> read(const std::string& path);

    const std::string& path() const { return path_; }
    const std::vector<std::string>& names() const { return names_; }
    const std::vector<Row>& rows() const { return rows_; }

    // Which of these columns there is, in the order given; -1: none.
    int find(std::initializer_list<std::string_view> names) const;
    int find(std::string_view name) const { return find({name}); }

    const Cell* cell(const Row& row, int column) const; // nullptr if absent or empty
    // A number within [least, most]. Absent cells give nothing.
    Result<std::optional<double>> number(const Row& row, int column, double least,
                                         double most) const;
    // An error at a cell, or at the row if the column is -1.
    Error at(const Row& row, int column, std::string message) const;

  private:
    std::string path_;
    std::vector<std::string> names_;
    std::vector<Row> rows_;
};

} // namespace penstock::sim
