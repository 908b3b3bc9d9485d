// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every number of an engine that may be turned while it runs, under the path that the documents
// have for it: "engine.transport.queues[batch].gate_params.threshold". One list serves --set on a
// running engine, `penstock check --parameters`, the replay of moves and the workbench's knobs.
//
// The registry borrows the settings and the gates in them: make it of Dispatcher::settings(), after
// the dispatcher has taken them, and call Dispatcher::settingsChanged() after a set(). Run thread
// only; the entries' texts may be copied and read elsewhere.
#include "engine/core/dispatcher.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace penstock {

struct ParameterEntry {
    enum class Kind : std::uint8_t { number, integer, duration };
    std::string path;
    std::string name; // last part of the path
    std::string unit; // of get() and set(); "s" or "ms" for a duration
    std::string help;
    std::string owner; // "queue batch", "pool default", "engine"; a gate adds its type
    Kind kind = Kind::number;
    double min = 0.0;
    double max = 0.0;
    double defaultValue = 0.0;
    bool aboveMin = false; // greater than min, not equal to it
    bool belowMax = false; // less than max, not equal to it
    bool ours = false;     // llm-d-async does not know it

    // "a whole number from 1 to 100000 (workers)"
    std::string range() const;
};

class ParameterRegistry {
  public:
    // `prefix`: the path of the engine section, "engine"; "" for none.
    explicit ParameterRegistry(DispatcherSettings& settings, std::string_view prefix = "engine");

    // Sorted by path; an entry keeps its place for the life of the registry.
    const std::vector<ParameterEntry>& entries() const { return entries_; }

    // By its path, or with a queue or pool named by number. The error suggests the nearest path.
    Result<std::size_t> find(std::string_view path) const;

    double get(std::size_t index) const;
    // The value when the registry was made.
    double initial(std::size_t index) const { return initial_[index]; }
    // Within the range, or an error that says it in words and nothing is changed.
    Status set(std::size_t index, double value);
    // As typed: a number, or a duration for one ("1m30s").
    Status set(std::string_view path, std::string_view value);

  private:
    friend class ParameterCollector;
    using Target = std::variant<double*, std::int32_t*, Duration*>;

    std::vector<ParameterEntry> entries_;
    std::vector<Target> targets_;
    std::vector<double> initial_;
    std::vector<std::pair<std::string, std::string>> byNumber_; // "…queues[0]" → "…queues[batch]"
};

// One row a parameter: path, value, range, default, help; for terminals (fixed width columns).
std::string parameterTable(const ParameterRegistry& registry);

} // namespace penstock
