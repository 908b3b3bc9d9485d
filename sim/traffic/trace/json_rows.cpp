// SPDX-License-Identifier: Apache-2.0
// simdjson over lines, with the looseness that real files need.
#include "sim/traffic/trace/json_rows.h"

#include "engine/types/suggest.h"
#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

namespace dom = simdjson::dom;

// Where the object or array that begins at `from` ends (one past), or npos.
std::size_t documentEnd(std::string_view text, std::size_t from) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = from; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) return i + 1;
        }
    }
    return std::string_view::npos;
}

std::size_t skipBlanks(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == ','))
        ++at;
    return at;
}

bool scalarNs(dom::element element, std::int64_t unitNs, std::int64_t& out) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) {
        const auto parsed = parseTimeNs(text, unitNs);
        if (parsed) out = *parsed;
        return parsed.has_value();
    }
    std::int64_t whole = 0;
    if (element.is_int64() && element.get(whole) == simdjson::SUCCESS) {
        if (std::abs(static_cast<double>(whole)) * static_cast<double>(unitNs) > 4e18) return false;
        out = whole * unitNs;
        return true;
    }
    double value = 0;
    if (element.get(value) != simdjson::SUCCESS) return false;
    const double ns = value * static_cast<double>(unitNs);
    if (!(std::abs(ns) < 4e18)) return false;
    out = std::llround(ns);
    return true;
}

bool appendHashes(dom::element element, std::vector<std::uint64_t>& out) {
    dom::array array;
    if (element.get(array) == simdjson::SUCCESS) {
        for (const dom::element item : array) {
            std::uint64_t value = 0;
            std::string_view text;
            if (item.is_uint64() && item.get(value) == simdjson::SUCCESS) {
                out.push_back(value);
            } else if (item.get(text) == simdjson::SUCCESS) {
                out.push_back(textNumber(text));
            } else {
                return false;
            }
        }
        return true;
    }
    dom::object object;
    if (element.get(object) == simdjson::SUCCESS) {
        for (const auto field : object) {
            dom::array nested;
            if (field.value.get(nested) != simdjson::SUCCESS || !appendHashes(field.value, out)) {
                return false;
            }
        }
        return true;
    }
    return false;
}

// A value as an error shows it.
std::string shown(dom::element value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return quotedText(text);
    const std::string all = simdjson::minify(value);
    return all.size() <= 60 ? all : quotedText(all);
}

} // namespace

bool JsonObjects::complain(std::string_view key, const std::string& message) {
    failed_ = true;
    const std::size_t at = key.empty() ? std::string::npos : text_.find(fmt::format("\"{}\"", key));
    error_ = {message, lines_.path(), lines_.line(),
              at == std::string::npos ? static_cast<int>(std::min<std::size_t>(at_, 1))
                                      : static_cast<int>(at) + 1};
    return false;
}

bool JsonObjects::take(dom::element element, dom::object& out) {
    if (element.get(out) == simdjson::SUCCESS) return true;
    return complain("", fmt::format("expected a JSON object for each request, found {}",
                                    quotedText(simdjson::minify(element))));
}

bool JsonObjects::nextDocument(dom::element& out) {
    const std::size_t begin = skipBlanks(text_, at_);
    const bool whole = begin == 0;
    // Almost every line is one document; only where that fails is it taken apart.
    if (whole && parser_.parse(text_.data(), text_.size(), false).get(out) == simdjson::SUCCESS) {
        at_ = text_.size();
        return true;
    }
    const std::size_t end = documentEnd(text_, begin);
    simdjson::error_code code = simdjson::TAPE_ERROR;
    if (end != std::string_view::npos) {
        code = parser_.parse(text_.data() + begin, end - begin, true).get(out);
        if (code == simdjson::SUCCESS) {
            at_ = end;
            return true;
        }
    }
    at_ = begin + 1;
    const std::string found = quotedText(std::string_view(text_).substr(begin));
    if (end == std::string_view::npos && (text_[begin] == '{' || text_[begin] == '[')) {
        complain(
            "", fmt::format("{} is not JSON as far as this line goes; each request stands whole on "
                            "a line (jq -c '.[]' makes lines of a printed array), or the file is "
                            "cut off",
                            found));
    } else {
        complain("", fmt::format("{} is not JSON ({})", found, simdjson::error_message(code)));
    }
    error_.column = static_cast<int>(begin) + 1;
    return false;
}

bool JsonObjects::next(dom::object& out) {
    while (!failed_) {
        if (!elements_.empty()) {
            const dom::element element = elements_.back();
            elements_.pop_back();
            return take(element, out);
        }
        if (skipBlanks(text_, at_) >= text_.size()) {
            std::string_view line;
            if (!lines_.next(line)) return false;
            // The parser reads a little past the end and must find memory there.
            if (text_.capacity() < line.size() + simdjson::SIMDJSON_PADDING) {
                text_.reserve(2 * line.size() + simdjson::SIMDJSON_PADDING);
            }
            text_.assign(line);
            at_ = 0;
            continue;
        }
        dom::element element;
        if (!nextDocument(element)) return false;
        dom::array array;
        if (element.get(array) == simdjson::SUCCESS) {
            for (const dom::element item : array)
                elements_.push_back(item);
            std::reverse(elements_.begin(), elements_.end());
            continue;
        }
        return take(element, out);
    }
    return false;
}

bool JsonFields::has(std::string_view key) const {
    dom::element value;
    return object_.at_key(key).get(value) == simdjson::SUCCESS && !value.is_null();
}

bool JsonFields::require(std::string_view key, std::string_view otherwise) {
    if (has(key)) return true;
    std::vector<std::string_view> keys;
    for (const auto field : object_)
        keys.push_back(field.key);
    const std::string_view close = closestName(key, keys);
    return objects_.complain(
        "", fmt::format("no \"{}\" in this request, which the format needs{}; {}", key,
                        close.empty() ? "" : fmt::format(", did you mean {}?", quotedText(close)),
                        otherwise));
}

bool JsonFields::count(std::string_view key, std::uint32_t& out, std::uint32_t most) {
    dom::element value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return true;
    std::string_view text;
    std::optional<std::uint32_t> parsed;
    double number = 0;
    if (value.get(text) == simdjson::SUCCESS) {
        parsed = parseCount(text, most);
    } else if (value.get(number) == simdjson::SUCCESS && number >= 0 && number <= most &&
               number == std::floor(number)) {
        parsed = static_cast<std::uint32_t>(number);
    }
    if (!parsed) {
        return objects_.complain(key, fmt::format("\"{}\": {} is not a whole number, 0 to {:g}",
                                                  key, shown(value), static_cast<double>(most)));
    }
    out = *parsed;
    return true;
}

bool JsonObjects::sameTimes(std::string_view key, bool dated) {
    const auto found = dated_.find(key);
    if (found == dated_.end()) {
        dated_.emplace(key, dated);
        return true;
    }
    if (found->second == dated) return true;
    return complain(key, fmt::format("\"{}\" is {}", key, otherTimes(!dated)));
}

bool JsonFields::time(std::string_view key, std::int64_t unitNs, std::int64_t& out) {
    dom::element value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return true;
    std::string_view text;
    if (scalarNs(value, unitNs, out)) {
        const bool dated = value.get(text) == simdjson::SUCCESS && isDate(text);
        return objects_.sameTimes(key, dated);
    }
    const std::string plain =
        value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
    return objects_.complain(
        key, fmt::format("\"{}\": {} is {}", key, shown(value), wantedTime(plain, unitNs)));
}

bool JsonFields::priority(std::string_view key, TraceRow& row) {
    dom::element value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return true;
    double number = 0;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
        number = parseDouble(text).value_or(1e9);
    } else if (value.get(number) != simdjson::SUCCESS) {
        number = 1e9;
    }
    if (!(number >= INT16_MIN && number <= INT16_MAX)) {
        return objects_.complain(
            key, fmt::format("\"{}\": {} is not a priority, -32768 to 32767", key, shown(value)));
    }
    row.priority = static_cast<int>(number);
    row.hasPriority = true;
    return true;
}

bool JsonFields::hashes(std::string_view key, std::vector<std::uint64_t>& out) {
    dom::element value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return true;
    if (appendHashes(value, out)) return true;
    return objects_.complain(key,
                             fmt::format("\"{}\" is not a list of whole numbers or texts", key));
}

void JsonFields::text(std::string_view key, std::string& out) const {
    dom::element value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS) return;
    std::string_view view;
    std::int64_t number = 0;
    if (value.get(view) == simdjson::SUCCESS) {
        out.assign(view);
    } else if (value.get(number) == simdjson::SUCCESS) {
        out = std::to_string(number);
    }
}

std::uint64_t JsonFields::number(std::string_view key) const {
    dom::element value;
    if (object_.at_key(key).get(value) != simdjson::SUCCESS) return 0;
    std::string_view view;
    std::int64_t number = 0;
    if (value.get(view) == simdjson::SUCCESS) return view.empty() ? 0 : textNumber(view);
    if (value.get(number) == simdjson::SUCCESS) return textNumber(std::to_string(number));
    return 0;
}

bool JsonFields::whole(std::string_view key, std::int64_t& out) const {
    return object_.at_key(key).get(out) == simdjson::SUCCESS;
}

bool JsonFields::object(std::string_view key, dom::object& out) const {
    return object_.at_key(key).get(out) == simdjson::SUCCESS;
}

} // namespace penstock::sim
