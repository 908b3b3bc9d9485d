// SPDX-License-Identifier: Apache-2.0
#include "engine/config/text/reader.h"

#include "engine/config/text/wording.h"
#include "engine/types/check.h"
#include "engine/types/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

// As Go's decoder compares keys: without regard to case, the two letters beyond ASCII that fold
// into it among them.
std::string folded(std::string_view key) {
    std::string out;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const char c = key[i];
        if (key.substr(i).starts_with("\u212a")) { // KELVIN SIGN
            out += 'k';
            i += 2;
        } else if (key.substr(i).starts_with("\u017f")) { // LATIN SMALL LETTER LONG S
            out += 's';
            i += 1;
        } else {
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return out;
}

} // namespace

void Problems::add(Error error) {
    if (errors_.size() < kMax) {
        errors_.push_back(std::move(error));
    } else {
        ++left_;
    }
}

Error Problems::error() const {
    PENSTOCK_CHECK(!errors_.empty());
    Error out = errors_.front();
    for (std::size_t i = 1; i < errors_.size(); ++i)
        out.message += "\n" + errors_[i].text();
    if (left_ > 0) out.message += fmt::format("\n… and {} more", left_);
    return out;
}

Status Problems::status() const {
    if (empty()) return {};
    return penstock::fail(error());
}

Reader::Reader(const Document& document, const Node& node, std::string path, Problems& problems)
    : document_(&document), node_(&node), path_(std::move(path)), problems_(&problems) {
    static const Node kNothing{};
    if (node.kind == Node::Kind::map || node.kind == Node::Kind::null) return;
    report(node.at, path_, fmt::format("{} is not a mapping of keys to values", describe(node)));
    node_ = &kNothing; // its keys are then all absent, and report() stays silent about that
}

Reader Reader::root(const Document& document, Problems& problems, std::string path) {
    return Reader(document, document.root(), std::move(path), problems);
}

std::string Reader::pathOf(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void Reader::report(const Position& at, const std::string& path, std::string message) {
    ++errors_;
    problems_->add(document_->error(at, path.empty() ? std::move(message)
                                                     : fmt::format("{}: {}", path, message)));
}

Place Reader::where(std::string_view key) const {
    const Node* value = key.empty() ? nullptr : lookup(key);
    return document_->place(value != nullptr ? value->at : node_->at);
}

const Node* Reader::lookup(std::string_view key) const {
    if (unknown_ == nullptr) return node_->find(key);
    const std::string wanted = folded(key);
    const Node* last = nullptr;
    for (const Member& member : node_->members) {
        const bool cleared = last != nullptr && member.value.kind == Node::Kind::null;
        if (folded(member.key) == wanted && !cleared) last = &member.value;
    }
    return last;
}

bool Reader::has(std::string_view key) const {
    const Node* value = lookup(key);
    return value != nullptr && value->kind != Node::Kind::null;
}
bool Reader::isScalar(std::string_view key) const {
    const Node* value = lookup(key);
    return value != nullptr && value->kind == Node::Kind::scalar;
}
bool Reader::isList(std::string_view key) const {
    const Node* value = lookup(key);
    return value != nullptr && value->kind == Node::Kind::list;
}
bool Reader::isMap(std::string_view key) const {
    const Node* value = lookup(key);
    return value != nullptr && value->kind == Node::Kind::map;
}

void Reader::known(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
}

const Node* Reader::take(std::string_view key) {
    known(key);
    const Node* value = lookup(key);
    return value != nullptr && value->kind != Node::Kind::null ? value : nullptr;
}

const Node* Reader::takeOrMiss(std::string_view key, bool optional, const std::string& expected) {
    const Node* value = take(key);
    const bool broken = node_->kind == Node::Kind::null && errors_ > 0 && node_->at.line == 0;
    if (value == nullptr && !optional && !broken) {
        report(node_->at, pathOf(key), fmt::format("missing; it must be {}", expected));
    }
    return value;
}

bool Reader::nested(const Node& node, const std::string& path, const std::string& name,
                    std::size_t index, const Read& read) {
    Reader inner(*document_, node, path, *problems_);
    inner.stringForms_ = stringForms_;
    inner.quoteText_ = quoteText_;
    inner.unknown_ = unknown_;
    inner.name_ = name;
    inner.index_ = index;
    if (!inner.ok()) { // not a mapping: there is nothing to read
        ++errors_;
        return false;
    }
    read(inner);
    inner.finish();
    errors_ += inner.errors_;
    return true;
}

bool Reader::object(std::string_view key, const Read& read) {
    const Node* node = take(key);
    if (node == nullptr) return false;
    nested(*node, pathOf(key), std::string(key), 0, read);
    return true;
}

bool Reader::requireObject(std::string_view key, const Read& read) {
    if (takeOrMiss(key, false, "a mapping") == nullptr) return false;
    return object(key, read);
}

const Node* Reader::takeList(std::string_view key, Length length, bool optional,
                             const std::string& expected) {
    const Node* node = takeOrMiss(key, optional, expected);
    if (node == nullptr) return nullptr;
    if (node->kind != Node::Kind::list && node->kind != Node::Kind::map) {
        report(node->at, pathOf(key), fmt::format("{} is not {}", describe(*node), expected));
        return nullptr;
    }
    const std::size_t size = node->items.size() + node->members.size();
    if (size < length.min || size > length.max) {
        report(node->at, pathOf(key),
               length.min == length.max
                   ? fmt::format("has {} elements; it must have {}", size, length.min)
                   : fmt::format("has {} elements; it must have {} to {}", size, length.min,
                                 length.max));
        return nullptr;
    }
    return node;
}

std::size_t Reader::list(std::string_view key, const Read& read, Length length) {
    const Node* node = takeList(key, length, length.min == 0, "a list of mappings");
    if (node == nullptr) return 0;
    if (node->kind != Node::Kind::list) {
        report(node->at, pathOf(key), "a mapping is not a list; begin each element with \"- \"");
        return 0;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const Node& item = node->items[i];
        const std::string path = fmt::format("{}[{}]", pathOf(key), i);
        if (item.kind == Node::Kind::null) {
            report(item.at, path, "empty; it must be a mapping");
        } else {
            nested(item, path, std::string(key), i, read);
        }
    }
    return node->items.size();
}

std::size_t Reader::named(std::string_view key, const Read& read, Length length) {
    const Node* node = takeList(key, length, length.min == 0, "a mapping of names");
    if (node == nullptr) return 0;
    if (node->kind != Node::Kind::map) {
        report(node->at, pathOf(key), fmt::format("{} is not a mapping of names", describe(*node)));
        return 0;
    }
    std::size_t i = 0;
    for (const Member& member : node->members) {
        nested(member.value, fmt::format("{}.{}", pathOf(key), member.key), member.key, i++, read);
    }
    return i;
}

std::vector<double> Reader::numbers(std::string_view key, const Range& range, Length length,
                                    std::optional<std::vector<double>> fallback) {
    const bool optional = fallback.has_value() || length.min == 0;
    const Node* node = takeList(key, length, optional, "a list of numbers");
    std::vector<double> out;
    if (node == nullptr) return fallback.value_or(out);
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const std::string path = fmt::format("{}[{}]", pathOf(key), i);
        if (const auto value = asNumber(node->items[i], range, path)) out.push_back(*value);
    }
    if (node->kind == Node::Kind::map)
        report(node->at, pathOf(key), "a mapping is not a list of numbers");
    return out;
}

std::vector<std::int64_t> Reader::integers(std::string_view key, const IntRange& range,
                                           Length length,
                                           std::optional<std::vector<std::int64_t>> fallback) {
    const bool optional = fallback.has_value() || length.min == 0;
    const Node* node = takeList(key, length, optional, "a list of whole numbers");
    std::vector<std::int64_t> out;
    if (node == nullptr) return fallback.value_or(out);
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const std::string path = fmt::format("{}[{}]", pathOf(key), i);
        if (const auto value = asInteger(node->items[i], range, path)) out.push_back(*value);
    }
    if (node->kind == Node::Kind::map)
        report(node->at, pathOf(key), "a mapping is not a list of numbers");
    return out;
}

std::vector<std::string> Reader::texts(std::string_view key, Length length,
                                       std::optional<std::vector<std::string>> fallback) {
    const bool optional = fallback.has_value() || length.min == 0;
    const Node* node = takeList(key, length, optional, "a list of strings");
    std::vector<std::string> out;
    if (node == nullptr) return fallback.value_or(out);
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const std::string path = fmt::format("{}[{}]", pathOf(key), i);
        if (auto value = asText(node->items[i], path)) out.push_back(std::move(*value));
    }
    if (node->kind == Node::Kind::map)
        report(node->at, pathOf(key), "a mapping is not a list of strings");
    return out;
}

Labels Reader::labels(std::string_view key) {
    Labels out;
    const Node* node = take(key);
    if (node == nullptr) return out;
    if (node->kind != Node::Kind::map) {
        report(node->at, pathOf(key),
               fmt::format("{} is not a mapping of names to strings", describe(*node)));
        return out;
    }
    for (const Member& member : node->members) {
        auto value = asText(member.value, fmt::format("{}.{}", pathOf(key), member.key));
        if (value) out.push_back({member.key, std::move(*value)});
    }
    return out;
}

const Node* Reader::raw(std::string_view key) {
    return take(key);
}

void Reader::fail(std::string_view key, std::string_view message) {
    const Node* value = lookup(key);
    report(value != nullptr ? value->at : node_->at, pathOf(key), std::string(message));
}
void Reader::failHere(std::string_view message) {
    report(node_->at, path_, std::string(message));
}

bool Reader::atMostOne(std::initializer_list<std::string_view> keys) {
    std::vector<std::string_view> present;
    for (const std::string_view key : keys) {
        if (has(key)) present.push_back(key);
    }
    if (present.size() <= 1) return true;
    fail(present[1],
         fmt::format("cannot be given together with {}; keep one of {}", present[0], listOf(keys)));
    return false;
}

bool Reader::exactlyOne(std::initializer_list<std::string_view> keys) {
    if (!atMostOne(keys)) return false;
    for (const std::string_view key : keys) {
        if (has(key)) return true;
    }
    failHere(fmt::format("one of {} is needed", listOf(keys)));
    return false;
}

void Reader::finish() {
    if (std::exchange(finished_, true)) return;
    std::vector<std::string_view> names(known_.begin(), known_.end());
    std::sort(names.begin(), names.end());
    for (const Member& member : node_->members) {
        const auto isThis = [&](std::string_view name) {
            return name == member.key ||
                   (unknown_ != nullptr && folded(name) == folded(member.key));
        };
        if (std::any_of(names.begin(), names.end(), isThis)) continue;
        // The key's own position, unless the value alone came from the command line.
        const bool added = document_->source(member.value.at).commandLine;
        const Position& at = added ? member.value.at : member.at;
        if (unknown_ != nullptr) {
            unknown_->push_back({pathOf(member.key), member.key,
                                 std::string(closestName(folded(member.key), names)),
                                 listOf(names, 40), document_->place(at)});
            continue;
        }
        ++errors_;
        problems_->add(
            document_->error(at, fmt::format("{}{}unknown key {}{} Known here: {}", path_,
                                             path_.empty() ? "" : ": ", quoteForError(member.key),
                                             didYouMean(member.key, names), listOf(names, 40))));
    }
}

std::size_t Reader::each(const Document& document, const Node& list, const std::string& path,
                         Problems& problems, const Read& read, bool stringForms) {
    if (list.kind != Node::Kind::list) {
        problems.add(
            document.error(list.at, fmt::format("{}{} is not a list",
                                                path.empty() ? "" : path + ": ", describe(list))));
        return 0;
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        Reader inner(document, list.items[i], fmt::format("{}[{}]", path, i), problems);
        if (!inner.ok()) continue;
        inner.index_ = i;
        inner.stringForms_ = stringForms;
        read(inner);
        inner.finish();
    }
    return list.items.size();
}

} // namespace penstock
