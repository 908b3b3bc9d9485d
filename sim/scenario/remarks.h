// SPDX-License-Identifier: Apache-2.0
#pragma once

// Findings on what one mapping of a scenario says: not wrong, but probably not meant. The readers
// of pool parts put them into Scenario::remarks, each with the path and the place of its key.
#include "engine/config/advice/advice.h"
#include "engine/config/text/reader.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::sim {

class Remarks {
  public:
    // Both must outlive it.
    Remarks(Reader& reader, std::vector<Finding>& found) : reader_(reader), found_(found) {}

    // Each of `keys` that is written has no effect, because of `why`.
    void idle(std::string_view why, std::string_view remedy,
              std::initializer_list<std::string_view> keys) {
        for (const std::string_view key : keys) {
            if (!reader_.has(key)) continue;
            add("no-effect", key, fmt::format("`{}` has no effect: {}.", key, why),
                fmt::format("{}, or leave it out.", remedy));
        }
    }
    void add(std::string_view code, std::string_view key, std::string computed,
             std::string remedy) {
        found_.push_back({std::string(code), Severity::warning, reader_.pathOf(key),
                          reader_.where(key), std::move(computed), std::move(remedy)});
    }

  private:
    Reader& reader_;
    std::vector<Finding>& found_;
};

} // namespace penstock::sim
