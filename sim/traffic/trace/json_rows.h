// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON Lines as traces use them: one object a line, several objects a line, or an array of objects
// a line. Values are fetched by key, and a complaint knows where in the line the key stands.
#include "engine/types/error.h"
#include "sim/traffic/trace/line_reader.h"
#include "sim/traffic/trace/trace_row.h"

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

class JsonObjects {
  public:
    explicit JsonObjects(LineReader lines) : lines_(std::move(lines)) {}

    // The next object; valid until the next call. False at the end and on errors.
    bool next(simdjson::dom::object& out);

    bool failed() const { return failed_ || lines_.failed(); }
    const Error& error() const { return failed_ ? error_ : lines_.error(); }
    // Fails with a message about `key` in the present line. Returns false.
    bool complain(std::string_view key, const std::string& message);
    // Times of a key are dates in all rows, or numbers in all: fails otherwise, and returns false.
    bool sameTimes(std::string_view key, bool dated);

  private:
    bool nextDocument(simdjson::dom::element& out); // within the present line
    bool take(simdjson::dom::element element, simdjson::dom::object& out);

    LineReader lines_;
    simdjson::dom::parser parser_;
    std::string text_;                               // the present line
    std::size_t at_ = 0;                             // where in it the next document begins
    std::vector<simdjson::dom::element> elements_;   // of an array line, in reverse
    std::map<std::string, bool, std::less<>> dated_; // by key of a time
    bool failed_ = false;
    Error error_;
};

// Typed access to one object's keys. Every function returns false after complaining.
class JsonFields {
  public:
    JsonFields(JsonObjects& objects, simdjson::dom::object object)
        : objects_(objects), object_(object) {}

    bool has(std::string_view key) const;
    // Counts and times may be numbers or strings. Absent or null: `out` is untouched.
    bool count(std::string_view key, std::uint32_t& out, std::uint32_t most = kMostTraceTokens);
    bool time(std::string_view key, std::int64_t unitNs, std::int64_t& out);
    bool priority(std::string_view key, TraceRow& row);
    // A list of whole numbers, or of texts, or an object of such lists (RAGPulse), appended.
    bool hashes(std::string_view key, std::vector<std::uint64_t>& out);
    // Texts as they are, numbers as digits; anything else is left out.
    void text(std::string_view key, std::string& out) const;
    std::uint64_t number(std::string_view key) const; // a stable id of a text or number; 0: absent
    // Absent is an error, which ends in what to do: `otherwise`.
    bool require(std::string_view key, std::string_view otherwise = "is this the right format?");
    bool whole(std::string_view key, std::int64_t& out) const; // false: no whole number is there
    // The object under `key`, or false (without a complaint).
    bool object(std::string_view key, simdjson::dom::object& out) const;
    simdjson::dom::object raw() const { return object_; }

  private:
    JsonObjects& objects_;
    simdjson::dom::object object_;
};

} // namespace penstock::sim
