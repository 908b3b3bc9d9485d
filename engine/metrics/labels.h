// SPDX-License-Identifier: Apache-2.0
#pragma once

// A series is named by its label set, the metric's own name being the label `__name__`. Labels is
// such a set as a value; LabelPool gives equal sets one small number, so that evaluating a query
// compares and groups numbers instead of strings.
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace penstock::metrics {

inline constexpr std::string_view kMetricName = "__name__";

struct Label {
    std::string name;
    std::string value;
    auto operator<=>(const Label&) const = default;
};

// Sorted by name, names unique, values never empty: to Prometheus a label with an empty value and
// an absent one are the same.
class Labels {
  public:
    Labels() = default;
    Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
        for (const auto& [name, value] : labels)
            set(name, value);
    }

    // "" when absent.
    std::string_view get(std::string_view name) const;
    bool has(std::string_view name) const { return !get(name).empty(); }

    // Adds or replaces; an empty value removes the label.
    void set(std::string_view name, std::string_view value);
    void erase(std::string_view name);

    std::size_t size() const { return labels_.size(); }
    bool empty() const { return labels_.empty(); }
    auto begin() const { return labels_.begin(); }
    auto end() const { return labels_.end(); }
    auto operator<=>(const Labels&) const = default;
    bool operator==(const Labels&) const = default;

    std::size_t hash() const;

    // As PromQL writes it: name{a="b", c="d"}.
    std::string text() const;

  private:
    std::vector<Label> labels_;
};

struct LabelsHash {
    std::size_t operator()(const Labels& labels) const { return labels.hash(); }
};

// `value` with backslash, double quote and newline escaped, as both PromQL and the exposition
// format write label values.
std::string escapeLabelValue(std::string_view value);

using LabelId = std::uint32_t;

// Numbers label sets from 0 in the order they are first seen. References stay valid until clear().
class LabelPool {
  public:
    LabelId intern(const Labels& labels);
    const Labels& operator[](LabelId id) const { return *byId_[id]; }
    std::size_t size() const { return byId_.size(); }
    void clear();

  private:
    std::unordered_map<Labels, LabelId, LabelsHash>
        ids_; // nodes do not move: byId_ points at the keys
    std::vector<const Labels*> byId_;
};

} // namespace penstock::metrics
