// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/expectation.h"

#include "engine/types/suggest.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <optional>

namespace penstock {

namespace {
constexpr std::string_view kExample = "queues.batch.deadline_exceeded == 0";

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Longest keys first, so that a name with dots in it wins over its own first part.
const Json* resolve(const Json& node, std::string_view path) {
    if (path.empty()) return &node;
    if (path.front() == '[' && node.is_array()) {
        const auto close = path.find(']');
        std::size_t index = 0;
        if (close == std::string_view::npos) return nullptr;
        const auto digits = path.substr(1, close - 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), index);
        if (error != std::errc{} || end != digits.data() + digits.size()) return nullptr;
        if (index >= node.size()) return nullptr;
        auto rest = path.substr(close + 1);
        if (!rest.empty() && rest.front() == '.') rest.remove_prefix(1);
        return resolve(node[index], rest);
    }
    if (!node.is_object()) return nullptr;
    for (std::size_t end = path.size(); end > 0; --end) {
        if (end < path.size() && path[end] != '.' && path[end] != '[') continue;
        const auto found = node.find(std::string(path.substr(0, end)));
        if (found == node.end()) continue;
        auto rest = path.substr(end);
        if (!rest.empty() && rest.front() == '.') rest.remove_prefix(1);
        if (const Json* result = resolve(*found, rest)) return result;
    }
    return nullptr;
}

void collect(const Json& node, const std::string& path, std::vector<std::string>& out) {
    if (node.is_object()) {
        for (const auto& [key, value] : node.items()) {
            collect(value, path.empty() ? key : path + "." + key, out);
        }
    } else if (node.is_array()) {
        for (std::size_t i = 0; i < node.size(); ++i) {
            collect(node[i], fmt::format("{}[{}]", path, i), out);
        }
    } else {
        out.push_back(path);
    }
}

// What could stand where `path` goes wrong: the keys of the deepest part of it that exists.
std::string knownBelow(const Json& report, std::string_view path) {
    std::string_view parent = path;
    const Json* node = nullptr;
    while (node == nullptr) {
        const auto dot = parent.find_last_of(".[");
        parent = dot == std::string_view::npos ? std::string_view{} : parent.substr(0, dot);
        node = resolve(report, parent);
    }
    std::string out = parent.empty() ? "it has" : fmt::format("\"{}\" has", parent);
    if (!node->is_object()) return out + " no such part";
    const char* separator = " ";
    for (const auto& [key, value] : node->items()) {
        out += separator + key;
        separator = ", ";
    }
    return out;
}

std::optional<double> toNumber(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The right side: a literal, or whatever a path leads to.
Json rightSide(const Json& report, std::string_view text) {
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front()) {
        return std::string(text.substr(1, text.size() - 2));
    }
    if (text == "true" || text == "false") return text == "true";
    if (const auto number = toNumber(text)) return *number;
    if (const Json* other = resolve(report, text); other != nullptr && other->is_primitive()) {
        return *other;
    }
    return std::string(text);
}

template <class T>
bool holds(const T& a, std::string_view op, const T& b) {
    if (op == "==") return a == b;
    if (op == "!=") return a != b;
    if (op == "<") return a < b;
    if (op == "<=") return a <= b;
    if (op == ">") return a > b;
    return a >= b;
}
} // namespace

Result<Expectation> parseExpectation(std::string_view expr) {
    const auto at = expr.find_first_of("=!<>");
    if (at == std::string_view::npos) {
        return fail(fmt::format("\"{}\" has no operator; write a comparison, for instance {}",
                                trim(expr), kExample));
    }
    const std::size_t length = at + 1 < expr.size() && expr[at + 1] == '=' ? 2 : 1;
    Expectation out{std::string(trim(expr.substr(0, at))), std::string(expr.substr(at, length)),
                    std::string(trim(expr.substr(at + length)))};
    if (out.op == "=" || out.op == "!") {
        return fail(fmt::format(
            "\"{}\": {} is not an operator; known are == != < <= > >=", trim(expr), out.op));
    }
    if (out.metric.empty() || out.value.empty() || out.value.find_first_of("=<>") == 0) {
        return fail(fmt::format("\"{}\" lacks a side; write a comparison, for instance {}",
                                trim(expr), kExample));
    }
    if (const auto number = toNumber(out.value); number && !std::isfinite(*number)) {
        return fail(
            fmt::format("\"{}\" compares with {}, which is always or never so; write a finite "
                        "number, for instance {}",
                        trim(expr), out.value, kExample));
    }
    return out;
}

std::vector<std::string> leafPaths(const Json& report) {
    std::vector<std::string> out;
    collect(report, "", out);
    return out;
}

Result<Json> lookUp(const Json& report, std::string_view path) {
    path = trim(path);
    if (const Json* found = resolve(report, path)) return *found;
    const std::vector<std::string> known = leafPaths(report);
    const std::vector<std::string_view> views(known.begin(), known.end());
    const std::string_view nearest = closestName(path, views);
    if (!nearest.empty()) {
        return fail(fmt::format("the report has no \"{}\"; did you mean \"{}\"?", path, nearest));
    }
    return fail(fmt::format("the report has no \"{}\"; {}", path, knownBelow(report, path)));
}

ExpectationResult evaluate(const Json& report, std::string_view expr) {
    ExpectationResult out;
    out.expr = std::string(trim(expr));
    const auto parsed = parseExpectation(expr);
    if (!parsed) {
        out.error = parsed.error().text();
        return out;
    }
    out.expr = parsed->text();
    const auto left = lookUp(report, parsed->metric);
    if (!left) {
        out.error = left.error().text();
        return out;
    }
    out.value = *left;
    const Json right = rightSide(report, parsed->value);
    const auto number = [](const Json& value) { return value.is_number() || value.is_null(); };
    if (number(*left) && number(right) && (left->is_null() || right.is_null())) {
        out.unmeasured = true;
        out.error = fmt::format("nothing was measured for \"{}\"",
                                left->is_null() ? parsed->metric : parsed->value);
    } else if (left->is_number() && right.is_number()) {
        out.pass = holds(left->get<double>(), parsed->op, right.get<double>());
    } else if (left->is_string() && right.is_string()) {
        out.pass = holds(left->get<std::string>(), parsed->op, right.get<std::string>());
    } else if (left->is_boolean() && right.is_boolean()) {
        out.pass = holds(left->get<bool>(), parsed->op, right.get<bool>());
    } else if (!left->is_primitive()) {
        out.error = fmt::format("\"{}\" is not one value; name one inside it", parsed->metric);
    } else if (number(*left)) {
        out.error = fmt::format("\"{}\" is a number, and \"{}\" is neither a number nor a path of "
                                "the report",
                                parsed->metric, parsed->value);
    } else {
        out.error = fmt::format("\"{}\" is {}, which cannot be compared with {}", parsed->metric,
                                left->dump(), right.dump());
    }
    return out;
}

} // namespace penstock
