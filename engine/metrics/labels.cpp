// SPDX-License-Identifier: Apache-2.0
// Label sets and their numbering; see labels.h.
#include "engine/metrics/labels.h"

#include <algorithm>
#include <functional>

namespace penstock::metrics {

namespace {

template <class Vector>
auto lowerBound(Vector& labels, std::string_view name) {
    return std::lower_bound(labels.begin(), labels.end(), name,
                            [](const Label& l, std::string_view n) { return l.name < n; });
}

} // namespace

std::string_view Labels::get(std::string_view name) const {
    const auto it = lowerBound(labels_, name);
    return it != labels_.end() && it->name == name ? std::string_view(it->value)
                                                   : std::string_view();
}

void Labels::set(std::string_view name, std::string_view value) {
    if (value.empty()) {
        erase(name);
        return;
    }
    const auto it = lowerBound(labels_, name);
    if (it != labels_.end() && it->name == name) {
        it->value = value;
    } else {
        labels_.insert(it, Label{std::string(name), std::string(value)});
    }
}

void Labels::erase(std::string_view name) {
    const auto it = lowerBound(labels_, name);
    if (it != labels_.end() && it->name == name) labels_.erase(it);
}

std::size_t Labels::hash() const {
    std::size_t h = 0xcbf29ce484222325ULL;
    const auto mix = [&h](const std::string& s) {
        h = (h ^ std::hash<std::string>{}(s)) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 29;
    };
    for (const Label& label : labels_) {
        mix(label.name);
        mix(label.value);
    }
    return h;
}

std::string Labels::text() const {
    std::string out(get(kMetricName));
    bool open = false;
    for (const Label& label : labels_) {
        if (label.name == kMetricName) continue;
        out += open ? ", " : "{";
        open = true;
        out += label.name + "=\"" + escapeLabelValue(label.value) + "\"";
    }
    if (open) return out + "}";
    return out.empty() ? "{}" : out;
}

std::string escapeLabelValue(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    for (const char c : value) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '"') {
            out += "\\\"";
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

LabelId LabelPool::intern(const Labels& labels) {
    const auto [it, fresh] = ids_.try_emplace(labels, static_cast<LabelId>(byId_.size()));
    if (fresh) byId_.push_back(&it->first);
    return it->second;
}

void LabelPool::clear() {
    ids_.clear();
    byId_.clear();
}

} // namespace penstock::metrics
