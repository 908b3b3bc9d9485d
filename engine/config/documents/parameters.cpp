// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/parameters.h"

#include "engine/config/text/wording.h"
#include "engine/gates/parts/catalogue.h"
#include "engine/types/check.h"
#include "engine/types/duration_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace penstock {

using EntryKind = ParameterEntry::Kind;

// Walks settings and gates, giving every number its path.
class ParameterCollector final : public ParameterVisitor {
  public:
    explicit ParameterCollector(ParameterRegistry& registry) : registry_(registry) {}

    void under(std::string path, std::string owner) {
        path_ = std::move(path);
        owner_ = std::move(owner);
        gate_ = nullptr;
    }

    void number(const ParameterSpec& spec, double& value) override {
        add(spec, EntryKind::number, &value);
    }
    void integer(const ParameterSpec& spec, std::int32_t& value) override {
        add(spec, EntryKind::integer, &value);
    }
    void duration(const ParameterSpec& spec, Duration& value) override {
        add(spec, EntryKind::duration, &value);
    }

    // A gate's own parameters, then those of the gates inside it, in the places that the catalogue
    // says its document has for them.
    void gate(Gate& gate, const std::string& paramsPath, const std::string& owner) {
        under(paramsPath, fmt::format("{}, {}", owner, gate.type()));
        gate_ = findGate(gate.type());
        gate.parameters(*this);
        const auto inner = gate.inner();
        const std::vector<std::string> places = innerPlaces(gate.type(), inner.size());
        for (std::size_t i = 0; i < inner.size() && i < places.size(); ++i) {
            this->gate(*inner[i], paramsPath + "." + places[i], owner);
        }
    }

  private:
    static std::vector<std::string> innerPlaces(std::string_view type, std::size_t count) {
        std::vector<std::string> places;
        const GateDescription* gate = findGate(type);
        if (gate == nullptr) return places;
        for (const GateParameter& parameter : gate->parameters) {
            const std::string name(parameter.spec.name);
            if (parameter.kind == GateParameter::Kind::gate) {
                places.push_back(name + ".gate_params");
            } else if (parameter.kind == GateParameter::Kind::params) {
                places.push_back(name);
            } else if (parameter.kind == GateParameter::Kind::gates) {
                while (places.size() < count) {
                    places.push_back(fmt::format("{}[{}].gate_params", name, places.size()));
                }
            }
        }
        return places;
    }

    void add(const ParameterSpec& spec, EntryKind kind, ParameterRegistry::Target target) {
        ParameterEntry entry;
        entry.path =
            path_.empty() ? std::string(spec.name) : fmt::format("{}.{}", path_, spec.name);
        entry.name = spec.name;
        entry.unit = spec.unit;
        entry.help = spec.help;
        entry.owner = owner_;
        entry.kind = kind;
        entry.min = spec.min;
        entry.max = spec.max;
        entry.defaultValue = spec.defaultValue;
        entry.aboveMin = spec.aboveMin;
        entry.belowMax = spec.belowMax;
        if (gate_ != nullptr) {
            if (const GateParameter* known = findParameter(*gate_, spec.name)) {
                entry.ours = known->ours || gate_->ours;
            }
        }
        registry_.entries_.push_back(std::move(entry));
        registry_.targets_.push_back(target);
    }

    ParameterRegistry& registry_;
    std::string path_;
    std::string owner_;
    const GateDescription* gate_ = nullptr;
};

namespace {

std::string joined(std::string_view prefix, std::string_view path) {
    return prefix.empty() ? std::string(path) : fmt::format("{}.{}", prefix, path);
}

double nanosPerUnit(const ParameterEntry& entry) {
    return entry.unit == "ms" ? 1e6 : 1e9;
}

std::string shown(const ParameterEntry& entry, double value) {
    if (entry.kind != EntryKind::duration) return fmt::format("{:.10g}", value);
    return durationText(Duration{std::llround(value * nanosPerUnit(entry))});
}

void engineParameters(ParameterCollector& collect, DispatcherSettings& s, std::string_view prefix) {
    collect.under(joined(prefix, "transport"), "engine");
    collect.duration({"poll_interval_ms", "ms", 1, 3'600'000, toMillis(s.semantics.pollInterval),
                      "Time between two polls of a queue."},
                     s.pollInterval);
    collect.integer({"batch_size", "messages", 1, 1'000'000,
                     static_cast<double>(s.semantics.batchSize),
                     "Messages taken from a queue by one poll at most."},
                    s.batchSize);
    collect.under(std::string(prefix), "engine");
    collect.duration({"request_timeout", "s", 0.001, 604'800, 300,
                      "Longest time one attempt may take; its deadline may come sooner."},
                     s.requestTimeout);
    collect.under(joined(prefix, "backoff"), "engine");
    collect.number({"base_seconds", "s", 0, 3600, 2, "Half of the first retry's longest wait."},
                   s.backoff.baseSeconds);
    collect.number({"max_seconds", "s", 0, 86'400, 60, "Longest wait before a retry."},
                   s.backoff.maxSeconds);
    if (s.merge.kind == MergeSettings::Kind::tierPriority) {
        collect.under(joined(prefix, "merge_policy.parameters"), "engine");
        collect.duration({"aging_seconds", "s", 0, 86'400, 0,
                          "A waiting request rises one lane for each of these; 0: never."},
                         s.merge.aging);
    }
}

} // namespace

std::string ParameterEntry::range() const {
    std::string out = kind == EntryKind::integer    ? "a whole number "
                      : kind == EntryKind::duration ? ""
                                                    : "a number ";
    if (kind == EntryKind::duration) out = "a duration ";
    const std::string low = shown(*this, min);
    const std::string high = shown(*this, max);
    out += aboveMin ? fmt::format("greater than {} ", low) : fmt::format("from {} ", low);
    if (belowMax) {
        out += fmt::format("to less than {}", high);
    } else {
        out += fmt::format("to {}", high);
    }
    if (kind != EntryKind::duration && !unit.empty()) out += fmt::format(" ({})", unit);
    return out;
}

ParameterRegistry::ParameterRegistry(DispatcherSettings& settings, std::string_view prefix) {
    ParameterCollector collect(*this);
    engineParameters(collect, settings, prefix);
    for (std::size_t i = 0; i < settings.queues.size(); ++i) {
        QueueSettings& queue = settings.queues[i];
        const std::string path = joined(prefix, fmt::format("transport.queues[{}]", queue.id));
        byNumber_.emplace_back(joined(prefix, fmt::format("transport.queues[{}]", i)), path);
        if (queue.gate) collect.gate(*queue.gate, path + ".gate_params", "queue " + queue.id);
    }
    for (std::size_t i = 0; i < settings.pools.size(); ++i) {
        PoolSettings& pool = settings.pools[i];
        const std::string path = joined(prefix, fmt::format("pools[{}]", pool.id));
        byNumber_.emplace_back(joined(prefix, fmt::format("pools[{}]", i)), path);
        collect.under(path, "pool " + pool.id);
        collect.integer({"workers", "workers", 1, 100'000, 64, "Requests in flight at most."},
                        pool.workers);
        if (pool.gate) collect.gate(*pool.gate, path + ".gate_params", "pool " + pool.id);
    }
    std::vector<std::size_t> order(entries_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [this](std::size_t a, std::size_t b) { return entries_[a].path < entries_[b].path; });
    std::vector<ParameterEntry> entries;
    std::vector<Target> targets;
    for (const std::size_t i : order) {
        entries.push_back(std::move(entries_[i]));
        targets.push_back(targets_[i]);
    }
    entries_ = std::move(entries);
    targets_ = std::move(targets);
    for (std::size_t i = 0; i < entries_.size(); ++i)
        initial_.push_back(get(i));
}

Result<std::size_t> ParameterRegistry::find(std::string_view path) const {
    const auto at = [this](std::string_view exact) -> Result<std::size_t> {
        const auto found =
            std::lower_bound(entries_.begin(), entries_.end(), exact,
                             [](const ParameterEntry& entry, std::string_view wanted) {
                                 return entry.path < wanted;
                             });
        if (found == entries_.end() || found->path != exact) return fail("");
        return static_cast<std::size_t>(found - entries_.begin());
    };
    if (auto found = at(path)) return found;
    for (const auto& [number, name] : byNumber_) {
        if (!path.starts_with(number)) continue;
        if (auto found = at(name + std::string(path.substr(number.size())))) return found;
    }
    std::vector<std::string_view> paths;
    for (const ParameterEntry& entry : entries_)
        paths.push_back(entry.path);
    return fail(fmt::format("there is no parameter \"{}\"{}", path, didYouMean(path, paths)));
}

double ParameterRegistry::get(std::size_t index) const {
    PENSTOCK_CHECK(index < entries_.size());
    const ParameterEntry& entry = entries_[index];
    if (const auto* number = std::get_if<double*>(&targets_[index])) return **number;
    if (const auto* whole = std::get_if<std::int32_t*>(&targets_[index])) return **whole;
    return static_cast<double>((*std::get<Duration*>(targets_[index])).count()) /
           nanosPerUnit(entry);
}

Status ParameterRegistry::set(std::size_t index, double value) {
    PENSTOCK_CHECK(index < entries_.size());
    const ParameterEntry& entry = entries_[index];
    const bool whole = entry.kind != EntryKind::integer || value == std::floor(value);
    if (!std::isfinite(value) || !inRange(entry, value) || !whole) {
        const std::string what = std::isfinite(value) ? shown(entry, value) : "that";
        return fail(fmt::format("{}: {} {}; it must be {}", entry.path, what,
                                !std::isfinite(value) ? "is not a finite number"
                                : whole               ? "is out of range"
                                                      : "is not whole",
                                entry.range()));
    }
    if (const auto* number = std::get_if<double*>(&targets_[index])) {
        **number = value;
    } else if (const auto* integer = std::get_if<std::int32_t*>(&targets_[index])) {
        **integer = static_cast<std::int32_t>(value);
    } else {
        *std::get<Duration*>(targets_[index]) = Duration{std::llround(value * nanosPerUnit(entry))};
    }
    return {};
}

Status ParameterRegistry::set(std::string_view path, std::string_view value) {
    const auto index = find(path);
    if (!index) return fail(index.error());
    const ParameterEntry& entry = entries_[*index];
    double number = 0.0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (code == std::errc{} && end == value.data() + value.size()) return set(*index, number);
    if (entry.kind == EntryKind::duration) {
        if (const auto duration = parseDuration(value)) {
            return set(*index, static_cast<double>(duration->count()) / nanosPerUnit(entry));
        }
    }
    return fail(fmt::format("{}: \"{}\" is not {}", entry.path, value, entry.range()));
}

std::string parameterTable(const ParameterRegistry& registry) {
    std::size_t width = 4;
    for (const ParameterEntry& entry : registry.entries())
        width = std::max(width, entry.path.size());
    std::string out = fmt::format("{:<{}}  {:>10}  {:>10}  {}\n", "path", width, "value", "default",
                                  "range and meaning");
    for (std::size_t i = 0; i < registry.entries().size(); ++i) {
        const ParameterEntry& entry = registry.entries()[i];
        out += fmt::format("{:<{}}  {:>10}  {:>10}  {}. {}{}\n", entry.path, width,
                           shown(entry, registry.get(i)), shown(entry, entry.defaultValue),
                           entry.range(), entry.help, entry.ours ? " Penstock only." : "");
    }
    return out;
}

} // namespace penstock
