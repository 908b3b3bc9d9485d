// SPDX-License-Identifier: Apache-2.0
#include "engine/config/text/json.h"

#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace penstock {
namespace {

using nlohmann::ordered_json;

ordered_json numberOf(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const char* last = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto [end, code] = std::from_chars(text.data(), last, whole);
        code == std::errc{} && end == last) {
        return whole;
    }
    std::uint64_t large = 0;
    if (const auto [end, code] = std::from_chars(text.data(), last, large);
        code == std::errc{} && end == last) {
        return large;
    }
    double real = 0.0;
    const auto [end, code] = std::from_chars(text.data(), last, real);
    // Beyond double's range a number has no value here; its digits survive as text.
    if (code != std::errc{} || end != last || !std::isfinite(real)) return std::string(text);
    return real;
}

// A carriage return at the end of a line is taken for a part of the line's end.
bool hasControls(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Plain where YAML cannot take it for something else.
bool mustQuote(const Node& scalar) {
    if (hasControls(scalar.text)) return true;
    if (!scalar.quoted) return false;
    if (scalar.text.empty() || scalar.text == "~") return true;
    for (const std::string_view word :
         {"true", "false", "null", "yes", "no",  "on",   "off",   "True", "False",
          "Null", "Yes",   "No",   "On",  "Off", "TRUE", "FALSE", "NULL", "YES",
          "NO",   "ON",    "OFF",  "y",   "n",   "Y",    "N"}) {
        if (scalar.text == word) return true;
    }
    return scalar.text.find_first_of("0123456789") == 0 ||
           scalar.text.find_first_of("+-.0123456789") == 0;
}

void emit(YAML::Emitter& out, const Node& node) {
    switch (node.kind) {
    case Node::Kind::null:
        out << YAML::Null;
        break;
    case Node::Kind::scalar:
        if (mustQuote(node)) out << YAML::DoubleQuoted;
        out << node.text;
        break;
    case Node::Kind::list:
        if (node.items.empty()) {
            out << YAML::Flow << YAML::BeginSeq << YAML::EndSeq;
            break;
        }
        out << YAML::Block << YAML::BeginSeq;
        for (const Node& item : node.items)
            emit(out, item);
        out << YAML::EndSeq;
        break;
    case Node::Kind::map:
        if (node.members.empty()) {
            out << YAML::Flow << YAML::BeginMap << YAML::EndMap;
            break;
        }
        out << YAML::Block << YAML::BeginMap;
        for (const Member& member : node.members) {
            out << YAML::Key;
            if (hasControls(member.key)) out << YAML::DoubleQuoted;
            out << member.key << YAML::Value;
            emit(out, member.value);
        }
        out << YAML::EndMap;
        break;
    }
}

} // namespace

ordered_json toJson(const Node& node) {
    switch (node.kind) {
    case Node::Kind::null:
        return nullptr;
    case Node::Kind::scalar:
        switch (typeOf(node)) {
        case ScalarType::number:
            return numberOf(node.text);
        case ScalarType::boolean:
            return node.text == "true";
        case ScalarType::text:
            return node.text;
        }
        return nullptr;
    case Node::Kind::list: {
        ordered_json list = ordered_json::array();
        for (const Node& item : node.items)
            list.push_back(toJson(item));
        return list;
    }
    case Node::Kind::map: {
        ordered_json map = ordered_json::object();
        for (const Member& member : node.members)
            map[member.key] = toJson(member.value);
        return map;
    }
    }
    return nullptr;
}

Node fromJson(const ordered_json& value, const Position& at) {
    Node node;
    node.at = at;
    if (value.is_object()) {
        node.kind = Node::Kind::map;
        for (const auto& [key, inner] : value.items()) {
            node.members.push_back({key, at, fromJson(inner, at)});
        }
    } else if (value.is_array()) {
        node.kind = Node::Kind::list;
        for (const ordered_json& item : value)
            node.items.push_back(fromJson(item, at));
    } else if (!value.is_null()) {
        node.kind = Node::Kind::scalar;
        node.quoted = value.is_string();
        node.text = node.quoted ? value.get<std::string>() : value.dump();
    }
    return node;
}

std::string jsonText(const Node& node) {
    return toJson(node).dump(2) + "\n";
}

std::string yamlText(const Node& node) {
    YAML::Emitter out;
    out.SetIndent(2);
    emit(out, node);
    return std::string(out.c_str(), out.size()) + "\n";
}

} // namespace penstock
