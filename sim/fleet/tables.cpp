// SPDX-License-Identifier: Apache-2.0
// Reading resources/gpus.yaml and resources/models.yaml. yaml-cpp throws; nothing leaves this file
// but a Result.
#include "sim/fleet/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>

namespace penstock::sim {
namespace {

Error at(const std::string& path, const YAML::Node& node, std::string message) {
    const YAML::Mark mark = node.Mark();
    return Error{std::move(message), path, mark.is_null() ? 0 : mark.line + 1,
                 mark.is_null() ? 0 : mark.column + 1};
}

bool sameName(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

// A field of a row: its key, whether it must be there, the least it may be, and where it goes.
template <class Spec>
struct Field {
    const char* key;
    bool required;
    double least;
    std::function<void(Spec&, double)> set;
};

template <class Spec>
Result<NamedSpec<Spec>> readRow(const std::string& path, const YAML::Node& row,
                                const std::vector<Field<Spec>>& fields) {
    if (!row.IsMap()) return fail(at(path, row, "expected a mapping with a name"));
    NamedSpec<Spec> out;
    for (const auto& item : row) {
        const std::string key = item.first.as<std::string>("");
        const YAML::Node& value = item.second;
        if (key == "name" || key == "source") {
            (key == "name" ? out.name : out.source) = value.as<std::string>("");
            continue;
        }
        if (key == "aliases") {
            for (const auto& alias : value)
                out.aliases.push_back(alias.as<std::string>(""));
            continue;
        }
        const auto field = std::find_if(fields.begin(), fields.end(),
                                        [&](const Field<Spec>& f) { return key == f.key; });
        if (field == fields.end()) {
            std::vector<std::string> known{"name", "aliases", "source"};
            for (const auto& f : fields)
                known.emplace_back(f.key);
            return fail(
                at(path, item.first,
                   fmt::format("unknown key '{}'; known are {}", key, fmt::join(known, ", "))));
        }
        double number = 0.0;
        if (!YAML::convert<double>::decode(value, number) || !(number >= field->least) ||
            number > 1e18) {
            return fail(at(path, value,
                           fmt::format("{}: '{}' is not a number of at least {}", key,
                                       value.as<std::string>("?"), field->least)));
        }
        field->set(out.spec, number);
    }
    if (out.name.empty()) return fail(at(path, row, "a row needs a name"));
    for (const auto& field : fields) {
        if (field.required && !row[field.key]) {
            return fail(at(path, row, fmt::format("'{}' lacks '{}'", out.name, field.key)));
        }
    }
    return out;
}

template <class Spec>
Result<SpecTable<Spec>> readTable(const std::string& path, const char* list, const char* what,
                                  const std::vector<Field<Spec>>& fields) {
    try {
        const YAML::Node document = YAML::LoadFile(path);
        const YAML::Node rows = document.IsMap() ? document[list] : YAML::Node();
        if (!rows || !rows.IsSequence()) {
            return fail(Error{fmt::format("expected a list called '{}'", list), path});
        }
        std::vector<NamedSpec<Spec>> out;
        for (const auto& row : rows) {
            auto spec = readRow(path, row, fields);
            if (!spec) return fail(spec.error());
            out.push_back(std::move(*spec));
        }
        return SpecTable<Spec>(what, std::move(out));
    } catch (const YAML::BadFile&) {
        return fail(Error{fmt::format("cannot read the {} table", what), path});
    } catch (const YAML::Exception& e) {
        return fail(Error{e.msg, path, e.mark.line + 1, e.mark.column + 1});
    }
}

} // namespace

template <class Spec>
const NamedSpec<Spec>* SpecTable<Spec>::row(std::string_view name) const {
    for (const auto& row : rows_) {
        const bool alias = std::any_of(row.aliases.begin(), row.aliases.end(),
                                       [&](const std::string& a) { return sameName(a, name); });
        if (alias || sameName(row.name, name)) return &row;
    }
    return nullptr;
}

template <class Spec>
Result<Spec> SpecTable<Spec>::find(std::string_view name) const {
    if (const NamedSpec<Spec>* found = row(name)) return found->spec;
    std::vector<std::string> known;
    for (const auto& each : rows_)
        known.push_back(each.name);
    return fail(fmt::format("unknown {} '{}'; known are {}", what_, name, fmt::join(known, ", ")));
}

template class SpecTable<GpuSpec>;
template class SpecTable<ModelSpec>;

Result<GpuTable> readGpuTable(const std::string& path) {
    using F = Field<GpuSpec>;
    static const std::vector<F> fields{
        F{"flops", true, 1.0, [](GpuSpec& g, double v) { g.flops = v; }},
        F{"flops_8bit", false, 0.0, [](GpuSpec& g, double v) { g.flops8Bit = v; }},
        F{"memory_bytes_per_second", true, 1.0, [](GpuSpec& g, double v) { g.bandwidth = v; }},
        F{"memory_gib", true, 0.0,
          [](GpuSpec& g, double v) { g.memory = v * 1024.0 * 1024.0 * 1024.0; }},
        F{"link_bytes_per_second", false, 0.0, [](GpuSpec& g, double v) { g.linkBandwidth = v; }},
    };
    return readTable<GpuSpec>(path, "gpus", "GPU", fields);
}

Result<ModelTable> readModelTable(const std::string& path) {
    using F = Field<ModelSpec>;
    const auto whole = [](int ModelSpec::*member) {
        return [member](ModelSpec& m, double v) { m.*member = static_cast<int>(v); };
    };
    static const std::vector<F> fields{
        F{"layers", true, 1.0, whole(&ModelSpec::layers)},
        F{"hidden", true, 1.0, whole(&ModelSpec::hidden)},
        F{"heads", true, 1.0, whole(&ModelSpec::heads)},
        F{"kv_heads", true, 1.0, whole(&ModelSpec::kvHeads)},
        F{"head_dim", true, 1.0, whole(&ModelSpec::headDim)},
        F{"feed_forward", true, 1.0, whole(&ModelSpec::feedForward)},
        F{"vocabulary", true, 1.0, whole(&ModelSpec::vocabulary)},
        F{"experts", false, 1.0, whole(&ModelSpec::experts)},
        F{"experts_per_token", false, 1.0, whole(&ModelSpec::expertsPerToken)},
        F{"weight_bytes", false, 0.1, [](ModelSpec& m, double v) { m.weightBytes = v; }},
        F{"kv_bytes", false, 0.1, [](ModelSpec& m, double v) { m.kvBytes = v; }},
    };
    auto table = readTable<ModelSpec>(path, "models", "model", fields);
    if (!table) return table;
    for (const auto& row : table->rows()) {
        if (row.spec.expertsPerToken <= row.spec.experts) continue;
        return fail(Error{fmt::format("'{}' uses {} experts per token but has only {}", row.name,
                                      row.spec.expertsPerToken, row.spec.experts),
                          path});
    }
    return table;
}

} // namespace penstock::sim
