// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads one mapping of a document, strictly: each value has a type, a range and a default or is
// required, and finish() refuses every key that was not asked for. Errors are collected, not
// thrown: a person mends a document once, not once per mistake. After an error a reader goes on
// with a harmless value, so that code that reads needs no ifs; the caller asks Problems at the end.
//
//   Problems problems;
//   Reader top = Reader::root(document, problems);
//   double rate = top.number("rate", {.min = 0, .max = 1e6, .unit = "requests/s"}, 1.0);
//   auto law = top.choice<Law>("law", {{"poisson", Law::poisson}, {"gamma", Law::gamma}});
//   top.object("router", [&](Reader& r) { router.ttl = r.duration("ttl", {}, 60s); });
//   top.list("replicas", [&](Reader& r) { replicas.push_back({r.integer("tp", {1, 64}, 1)}); });
//   top.finish();
//   if (auto ok = problems.status(); !ok) return fail(ok.error());
//
// A null value counts as absent. A reader borrows the document and the problems.
#include "engine/config/text/document.h"
#include "engine/types/parameter.h"
#include "engine/types/request.h"
#include "engine/types/time.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace penstock {

// A key that nothing asked for.
struct UnknownKey {
    std::string path; // of the key
    std::string key;
    std::string nearest; // of the keys known there; empty: none is near
    std::string known;   // all of them: "a, b, c"
    Place place;
};

class Problems {
  public:
    static constexpr std::size_t kMax = 50;

    void add(Error error);
    bool empty() const { return errors_.empty(); }
    const std::vector<Error>& all() const { return errors_; }

    // The first error; the others follow in its text, one a line. Requires !empty().
    Error error() const;
    Status status() const;

  private:
    std::vector<Error> errors_;
    std::size_t left_ = 0; // errors beyond kMax
};

struct Range {
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    std::string_view unit = {};
    bool above = false; // greater than min, not equal to it
    bool below = false; // less than max, not equal to it
};

struct IntRange {
    std::int64_t min = std::numeric_limits<std::int64_t>::min();
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::string_view unit = {};
};

struct DurationRange {
    Duration min{0};
    Duration max{Duration::max()};
    bool above = false; // longer than min, not equal to it
};

struct Length {
    std::size_t min = 0;
    std::size_t max = 100'000;
};

// Each fallback: the value when the key is absent; without one the key is required.
class Reader {
  public:
    // `path` names the node in errors: "" for a document, "engine.transport" for a part of one.
    Reader(const Document& document, const Node& node, std::string path, Problems& problems);
    static Reader root(const Document& document, Problems& problems, std::string path = {});

    // From here on, also in nested readers, numbers and booleans may be given as strings ("0.8"),
    // as llm-d-async accepts them in gate parameters.
    void allowStringForms() { stringForms_ = true; }
    // From here on an unquoted number or boolean is not text, as in a document that is turned into
    // JSON on its way to llm-d-async.
    void quoteText() { quoteText_ = true; }
    // From here on, also in nested readers, keys match whatever their case, the last of those that
    // match counts, whole numbers in JSON have no point and no exponent, and unknown keys are
    // handed to `unknown` instead of the problems: as the JSON decoder of llm-d-async reads.
    void readAsGo(std::vector<UnknownKey>& unknown) { unknown_ = &unknown; }

    bool has(std::string_view key) const; // present and not null
    bool isScalar(std::string_view key) const;
    bool isList(std::string_view key) const;
    bool isMap(std::string_view key) const;

    double number(std::string_view key, const Range& range, std::optional<double> fallback = {});
    double number(const ParameterSpec& spec); // its range, unit and default

    template <class T = std::int64_t>
    T integer(std::string_view key, IntRange range,
              std::type_identity_t<std::optional<T>> fallback = {}) {
        range.min = std::max(range.min, static_cast<std::int64_t>(std::numeric_limits<T>::min()));
        if (std::cmp_less(std::numeric_limits<T>::max(), range.max)) {
            range.max = static_cast<std::int64_t>(std::numeric_limits<T>::max());
        }
        return static_cast<T>(wholeNumber(
            key, range, fallback ? std::optional<std::int64_t>(*fallback) : std::nullopt));
    }
    bool boolean(std::string_view key, std::optional<bool> fallback = {});
    // Never empty unless `fallback` is.
    std::string text(std::string_view key, std::optional<std::string> fallback = {});
    // A Go duration ("1m30s"), days ("7d") or a number of seconds. Not negative by default.
    Duration duration(std::string_view key, const DurationRange& range = {},
                      std::optional<Duration> fallback = {});

    template <class E>
    struct Choice {
        std::string_view name;
        E value;
    };
    template <class E>
    E choice(std::string_view key, std::initializer_list<Choice<E>> choices,
             std::type_identity_t<std::optional<E>> fallback = {}) {
        std::vector<std::string_view> names;
        std::optional<std::size_t> otherwise;
        for (const Choice<E>& c : choices) {
            if (fallback && c.value == *fallback) otherwise = names.size();
            names.push_back(c.name);
        }
        if (!has(key) && fallback) {
            known(key);
            return *fallback;
        }
        return (choices.begin() + chosen(key, names, otherwise))->value;
    }
    std::string choice(std::string_view key, std::initializer_list<std::string_view> names,
                       std::optional<std::string_view> fallback = {});

    // A file's path as seen from where it is named (Document::resolve).
    std::string file(std::string_view key, std::optional<std::string> fallback = {});

    // Nested. `read` runs once with a reader of the mapping, if the key is there; finish() is
    // called for it. True if it was there. requireObject reports a missing key.
    using Read = std::function<void(Reader&)>;
    bool object(std::string_view key, const Read& read);
    bool requireObject(std::string_view key, const Read& read);
    // Once per element, which must be a mapping; index() tells which. Returns how many there are.
    std::size_t list(std::string_view key, const Read& read, Length length = {});
    // Once per key of a mapping whose keys are free, each value a mapping; name() tells which.
    std::size_t named(std::string_view key, const Read& read, Length length = {});

    std::vector<double> numbers(std::string_view key, const Range& range, Length length = {},
                                std::optional<std::vector<double>> fallback = {});
    std::vector<std::int64_t> integers(std::string_view key, const IntRange& range,
                                       Length length = {},
                                       std::optional<std::vector<std::int64_t>> fallback = {});
    std::vector<std::string> texts(std::string_view key, Length length = {},
                                   std::optional<std::vector<std::string>> fallback = {});
    Labels labels(std::string_view key); // {string: string}; empty if absent

    // The value as it stands, for a caller that knows its shape; nullptr if absent or null.
    const Node* raw(std::string_view key);

    // Reports an error at the value of `key`, or at this mapping.
    void fail(std::string_view key, std::string_view message);
    void failHere(std::string_view message);

    // At most (or exactly) one of these keys is present; false after reporting otherwise.
    bool atMostOne(std::initializer_list<std::string_view> keys);
    bool exactlyOne(std::initializer_list<std::string_view> keys);

    // Marks a key as known though nothing read it (it has a meaning elsewhere).
    void known(std::string_view key);

    // Refuses keys that nothing asked for. object(), list() and named() call it by themselves; only
    // the first call counts.
    void finish();

    const std::string& path() const { return path_; }
    std::string pathOf(std::string_view key) const;
    std::size_t index() const { return index_; }
    const std::string& name() const { return name_; }
    const Document& document() const { return *document_; }
    const Node& node() const { return *node_; }
    Problems& problems() { return *problems_; }
    // Where the value of `key` stands, or this mapping if it is absent or `key` is empty.
    Place where(std::string_view key = {}) const;
    bool ok() const { return errors_ == 0; } // no error was reported by this reader itself

    // Reads the elements of a list that is a document of its own.
    static std::size_t each(const Document& document, const Node& list, const std::string& path,
                            Problems& problems, const Read& read, bool stringForms = false);

  private:
    std::int64_t wholeNumber(std::string_view key, const IntRange& range,
                             std::optional<std::int64_t> fallback);
    std::size_t chosen(std::string_view key, const std::vector<std::string_view>& names,
                       std::optional<std::size_t> fallback);
    const Node* lookup(std::string_view key) const;
    bool wholeOnly(const Node& node) const;
    const Node* take(std::string_view key);
    const Node* takeOrMiss(std::string_view key, bool optional, const std::string& expected);
    const Node* takeList(std::string_view key, Length length, bool optional,
                         const std::string& expected);
    void report(const Position& at, const std::string& path, std::string message);
    std::optional<double> asNumber(const Node& node, const Range& range, const std::string& path);
    std::optional<std::int64_t> asInteger(const Node& node, const IntRange& range,
                                          const std::string& path);
    std::optional<std::string> asText(const Node& node, const std::string& path);
    bool nested(const Node& node, const std::string& path, const std::string& name,
                std::size_t index, const Read& read);

    const Document* document_;
    const Node* node_;
    std::string path_;
    Problems* problems_;
    std::string name_;
    std::size_t index_ = 0;
    std::size_t errors_ = 0;
    bool stringForms_ = false;
    bool quoteText_ = false;
    bool finished_ = false;
    std::vector<UnknownKey>* unknown_ = nullptr; // not null: as Go reads
    std::vector<std::string> known_;             // keys asked for
};

} // namespace penstock
