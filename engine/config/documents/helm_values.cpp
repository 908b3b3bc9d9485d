// SPDX-License-Identifier: Apache-2.0
// Values as Helm has them before any template sees them.
#include "engine/config/documents/helm_parts.h"
#include "engine/types/go_number.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace penstock {
namespace detail {
namespace {

bool isOne(std::string_view text, std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
        if (text == word) return true;
    }
    return false;
}

// A whole number of YAML 1.1; the sign is off.
std::optional<double> wholeOf(std::string_view digits) {
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0b") || digits.starts_with("0o")) {
        base = digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 8;
        digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits[0] == '0') {
        base = 8;
        digits.remove_prefix(1);
    }
    std::uint64_t value = 0;
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (code != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return static_cast<double>(value);
}

std::optional<double> numberOf(std::string_view text) {
    std::string bare;
    for (const char c : text) {
        if (c != '_') bare += c;
    }
    std::string_view rest = bare;
    const bool minus = rest.starts_with('-');
    if (minus || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest.empty() || text.starts_with('_')) return std::nullopt;
    if (rest[0] != '.' && (rest[0] < '0' || rest[0] > '9')) return std::nullopt;
    std::optional<double> value = wholeOf(rest);
    if (!value) {
        double real = 0.0;
        const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), real);
        if (code != std::errc{} || end != rest.data() + rest.size()) return std::nullopt;
        value = real;
    }
    return minus ? -*value : *value;
}

// As Go's encoder of JSON writes a float64, which every number of a values file is.
std::string written(double value) {
    const double size = std::abs(value);
    if (value == std::floor(value) && size < 1e21) return fmt::format("{:.0f}", value);
    return fmt::format("{}", value);
}

} // namespace

void asHelmReads(Node& node) {
    for (Node& item : node.items)
        asHelmReads(item);
    for (Member& member : node.members)
        asHelmReads(member.value);
    if (node.kind != Node::Kind::scalar || node.quoted) return;
    if (isOne(node.text, {"yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"})) {
        node.text = "true";
    } else if (isOne(node.text,
                     {"no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"})) {
        node.text = "false";
    } else if (const auto number = numberOf(node.text)) {
        node.text = written(*number);
    } else {
        node.quoted = true; // a number of JSON's that YAML 1.1 has not is text
    }
}

bool HelmWork::unset(const Node* node) {
    if (node == nullptr || node->kind == Node::Kind::null) return true;
    return node->text.empty() && node->items.empty() && node->members.empty();
}

bool HelmWork::absent(const Node* node) {
    if (unset(node)) return true;
    return node->kind == Node::Kind::scalar && !node->quoted &&
           (node->text == "false" || node->text == "0");
}

std::string HelmWork::textOf(const Node* node, std::string_view otherwise) {
    return unset(node) ? std::string(otherwise) : node->text;
}

void HelmWork::put(Node& into, std::string_view key, Node* value) {
    if (unset(value)) return;
    into.members.push_back({std::string(key), value->at, std::move(*value)});
}

void HelmWork::put(Node& into, std::string_view key, std::string value, const Position& at) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.quoted = true;
    node.text = std::move(value);
    node.at = at;
    into.members.push_back({std::string(key), at, std::move(node)});
}

Node HelmWork::mapAt(const Position& at) {
    Node node;
    node.kind = Node::Kind::map;
    node.at = at;
    return node;
}

void HelmWork::find(Severity severity, std::string_view code, std::string path, const Position& at,
                    std::string computed, std::string remedy) {
    findings.push_back({std::string(code), severity, std::move(path), tree.place(at),
                        std::move(computed), std::move(remedy)});
}

std::string HelmWork::printed(const Node& scalar) const {
    if (scalar.quoted || tree.source(scalar.at).commandLine) return scalar.text;
    const auto value = goFloat(scalar.text);
    const double size = value ? std::abs(*value) : 1.0;
    if (size == 0.0 || (size >= 1e-4 && size < 1e6)) return scalar.text;
    std::array<char, 32> text{};
    const auto [end, code] = std::to_chars(text.data(), text.data() + text.size(), *value,
                                           std::chars_format::scientific);
    return code == std::errc{} ? std::string(text.data(), end) : scalar.text;
}

bool HelmWork::zero(const Node* node, const std::string& path, std::string_view instead) {
    const bool zero =
        node != nullptr && node->kind == Node::Kind::scalar && !node->quoted && node->text == "0";
    if (zero) {
        find(Severity::warning, "zero-is-absent", path, node->at,
             fmt::format("The chart takes 0 for absent: the program runs with {}.", instead),
             fmt::format("Write {} to say so, or a value above 0.", instead));
    }
    return zero;
}

} // namespace detail

namespace {

// Mappings merge, all else is replaced, and a null takes away.
void layer(Node& under, Node over) {
    if (under.kind != Node::Kind::map || over.kind != Node::Kind::map) {
        under = std::move(over);
        return;
    }
    for (Member& member : over.members) {
        if (Node* present = under.find(member.key)) {
            layer(*present, std::move(member.value));
        } else {
            under.members.push_back(std::move(member));
        }
    }
}

} // namespace

Document layerHelmValues(std::vector<Document> files) {
    Document base = std::move(files.front());
    for (std::size_t i = 1; i < files.size(); ++i) {
        Node above;
        base.graft(above, std::move(files[i]));
        layer(base.root(), std::move(above));
    }
    return base;
}

} // namespace penstock
