// SPDX-License-Identifier: Apache-2.0
#include "engine/config/text/override.h"

#include "engine/config/text/wording.h"
#include "engine/types/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace penstock {
namespace {

struct Step {
    std::string name;
    bool bracketed = false; // [n], [name]
    std::size_t end = 0;    // in the path, for messages
};

constexpr std::size_t kMaxSteps = 32;

Result<std::vector<Step>> split(std::string_view path) {
    std::vector<Step> steps;
    std::size_t at = 0;
    while (at < path.size()) {
        if (steps.size() == kMaxSteps) return fail("the path has too many parts");
        if (path[at] == '[') {
            const bool quoted = path.substr(at + 1).starts_with('"');
            const std::size_t close = path.find(quoted ? "\"]" : "]", at + 1 + (quoted ? 1 : 0));
            if (close == std::string_view::npos) return fail("a \"[\" in the path is not closed");
            const std::size_t begin = at + 1 + (quoted ? 1 : 0);
            steps.push_back({std::string(path.substr(begin, close - begin)), !quoted, 0});
            at = close + (quoted ? 2 : 1);
        } else {
            const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
            steps.push_back({std::string(path.substr(at, end - at)), false, 0});
            at = end;
        }
        if (steps.back().name.empty()) return fail("the path has an empty part");
        steps.back().end = at;
        if (at < path.size() && path[at] == '.') {
            if (++at == path.size()) return fail("the path ends with a dot");
        } else if (at < path.size() && path[at] != '[') {
            return fail("after \"]\" the path goes on with \".\" or \"[\"");
        }
    }
    if (steps.empty()) return fail("the path is empty");
    return steps;
}

constexpr std::array<std::string_view, 4> kNames{"id", "name", "queue_name", "subscriber_id"};

const std::string* nameOf(const Node& element) {
    for (const std::string_view key : kNames) {
        const Node* value = element.find(key);
        if (value != nullptr && value->kind == Node::Kind::scalar) return &value->text;
    }
    return nullptr;
}

Node* element(Node& list, std::string_view which) {
    std::size_t index = 0;
    const auto [end, code] = std::from_chars(which.data(), which.data() + which.size(), index);
    if (code == std::errc{} && end == which.data() + which.size()) {
        return index < list.items.size() ? &list.items[index] : nullptr;
    }
    for (const std::string_view key : kNames) {
        for (Node& item : list.items) {
            const Node* value = item.find(key);
            if (value != nullptr && value->kind == Node::Kind::scalar && value->text == which) {
                return &item;
            }
        }
    }
    return nullptr;
}

std::string elementsOf(const Node& list) {
    if (list.items.empty()) return "the list is empty";
    std::vector<std::string_view> names;
    for (const Node& item : list.items) {
        if (const std::string* name = nameOf(item)) names.push_back(*name);
    }
    std::string out = fmt::format("it has elements 0 to {}", list.items.size() - 1);
    if (!names.empty()) out += fmt::format(" ({})", listOf(names));
    return out;
}

std::vector<std::string_view> keysOf(const Node& map) {
    std::vector<std::string_view> keys;
    for (const Member& member : map.members)
        keys.push_back(member.key);
    return keys;
}

// Follows `steps`. With `create`, makes what a mapping lacks, at `made`; else a missing key is an
// error.
Result<Node*> walk(Node& root, std::string_view path, const std::vector<Step>& steps,
                   std::optional<Position> made) {
    Node* at = &root;
    std::string_view before = "the document";
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        if (at->kind == Node::Kind::list) {
            Node* next = element(*at, step.name);
            if (next == nullptr) {
                return fail(
                    fmt::format("{} has no element [{}]; {}", before, step.name, elementsOf(*at)));
            }
            at = next;
        } else if (at->kind == Node::Kind::map || (at->kind == Node::Kind::null && made)) {
            Node* next = at->find(step.name);
            if (next == nullptr) {
                const auto keys = keysOf(*at);
                const std::string_view near = closestName(step.name, keys);
                const bool slip = !near.empty();
                const bool last = i + 1 == steps.size();
                if (!made || step.bracketed || (slip && !last)) {
                    return fail(fmt::format("{} has no key {}{} It has: {}", before,
                                            quoteForError(step.name), didYouMean(step.name, keys),
                                            keys.empty() ? "nothing" : listOf(keys)));
                }
                at->kind = Node::Kind::map;
                Node value;
                value.at = *made;
                at->members.push_back({step.name, *made, std::move(value)});
                next = &at->members.back().value;
            }
            at = next;
        } else {
            return fail(fmt::format("{} is {}, which has no parts", before, describe(*at)));
        }
        before = path.substr(0, step.end);
    }
    return at;
}

} // namespace

void stamp(Node& node, const Position& at) {
    node.at = at;
    for (Node& item : node.items)
        stamp(item, at);
    for (Member& member : node.members) {
        member.at = at;
        stamp(member.value, at);
    }
}

Status applyOverride(Document& document, std::string_view assignment, std::string_view option) {
    const std::string asGiven = fmt::format("{} {}", option, assignment);
    const auto refuse = [&](std::string message) {
        return fail(Error{std::move(message), asGiven.substr(0, 200)});
    };
    // A "=" within brackets belongs to a name.
    std::size_t equals = 0;
    for (bool inside = false; equals < assignment.size(); ++equals) {
        if (assignment[equals] == '[') inside = true;
        if (assignment[equals] == ']') inside = false;
        if (assignment[equals] == '=' && !inside) break;
    }
    if (equals >= assignment.size()) return refuse("there is no \"=\"; write PATH=VALUE");
    const std::string_view path = assignment.substr(0, equals);
    const std::string_view text = assignment.substr(equals + 1);

    const auto steps = split(path);
    if (!steps) return refuse(steps.error().message);
    auto value = Document::parse(text, asGiven, Syntax::yaml);
    if (!value) return refuse(value.error().message);
    if (value->root().kind == Node::Kind::null && text.empty()) {
        value->root().kind = Node::Kind::scalar; // PATH= sets an empty text
    }
    const Position at{document.addSource({asGiven, true, false}), 0, 0};
    auto node = walk(document.root(), path, *steps, at);
    if (!node) return refuse(node.error().message);
    stamp(value->root(), at);
    **node = std::move(value->root());
    return {};
}

Result<Node*> findPath(Document& document, std::string_view path) {
    const auto steps = split(path);
    if (!steps) return fail(steps.error());
    return walk(document.root(), path, *steps, std::nullopt);
}

Status includeFile(Document& document, std::string_view path, const Limits& limits,
                   Irregular irregular) {
    const auto node = findPath(document, path);
    if (!node || (*node)->kind != Node::Kind::map || (*node)->members.size() != 1) return {};
    const Node* named = (*node)->find("file");
    if (named == nullptr || named->kind != Node::Kind::scalar) return {};
    const std::string file = document.resolve(named->at, named->text);
    auto included = Document::load(file, Syntax::detect, limits, irregular);
    if (!included) {
        Error error = std::move(included.error());
        if (error.line > 0) return fail(std::move(error));
        // The trouble is with the name: say where it was named.
        return fail(document.error(
            named->at, fmt::format("{}.file: {} {}", path, quoteForError(file), error.message)));
    }
    document.graft(**node, std::move(*included));
    return {};
}

} // namespace penstock
