// SPDX-License-Identifier: Apache-2.0
// JSON through nlohmann's SAX parser, which knows the grammar and says where it was broken. Its
// callbacks do not say where a value stands; a cursor that steps over the same tokens does.
#include "engine/config/text/syntax.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace penstock::detail {
namespace {

class JsonBuilder {
  public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    JsonBuilder(std::string_view text, const Limits& limits, std::vector<Irregularity>* irregular)
        : text_(text), limits_(limits), irregular_(irregular) {}

    bool null() { return bare(Node::Kind::null); }
    bool boolean(bool) { return bare(Node::Kind::scalar); }
    bool number_integer(number_integer_t) { return bare(Node::Kind::scalar); }
    bool number_unsigned(number_unsigned_t) { return bare(Node::Kind::scalar); }
    bool number_float(number_float_t, const string_t&) { return bare(Node::Kind::scalar); }
    bool binary(binary_t&) { return false; }

    bool string(string_t& value) {
        Node node = begin(Node::Kind::scalar);
        passString();
        node.quoted = true;
        node.text = std::move(value);
        return place(std::move(node));
    }
    bool key(string_t& value) {
        const Node here = begin(Node::Kind::null);
        passString();
        for (const Member& member : stack_.back().members) {
            if (member.key != value) continue;
            std::string message = duplicateKey(value, member.at.line);
            if (irregular_ == nullptr) return stop(here.at, std::move(message));
            irregular_->push_back({Irregularity::Kind::repeatedKey, here.at, std::move(message)});
            repeats_ = true;
            break;
        }
        if (stack_.back().members.size() >= limits_.members) {
            return stop(here.at, tooManyKeys(limits_.members));
        }
        stack_.back().members.push_back({std::move(value), here.at, {}});
        return true;
    }
    bool start_object(std::size_t) { return open(Node::Kind::map); }
    bool start_array(std::size_t) { return open(Node::Kind::list); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& e) {
        if (irregular_ != nullptr && complete()) {
            advanceTo(text_.find_first_not_of(" \t\r\n", cursor_));
            irregular_->push_back({Irregularity::Kind::trailingText, position(),
                                   "text behind the end of the JSON value"});
            return false;
        }
        // nlohmann's text begins with "[json.exception…] parse error at line 1, column 2: "; the
        // position is told apart from it, the cause is what follows.
        std::string cause = e.what();
        if (const auto colon = cause.find(": "); colon != std::string::npos)
            cause.erase(0, colon + 2);
        const std::size_t at = std::min(byte > 0 ? byte - 1 : 0, text_.size());
        advanceTo(at);
        const Position where = position();
        error_ = Error{fmt::format("this is not JSON: {}", cause), {}, where.line, where.column};
        return false;
    }

    const Error& error() const { return error_; }
    // One whole value has been read.
    bool complete() const { return values_ > 0 && stack_.empty() && error_.message.empty(); }
    Node take() { return std::move(root_); }

  private:
    bool stop(const Position& at, std::string message) {
        error_ = Error{std::move(message), {}, at.line, at.column};
        return false;
    }

    Position position() const { return {0, line_, static_cast<int>(cursor_ - lineStart_) + 1}; }

    void advanceTo(std::size_t target) {
        for (; cursor_ < target; ++cursor_) {
            if (text_[cursor_] == '\n') {
                ++line_;
                lineStart_ = cursor_ + 1;
            }
        }
    }

    // Steps to the first character of the token being reported.
    Node begin(Node::Kind kind) {
        const std::size_t start = text_.find_first_not_of(" \t\r\n,:", cursor_);
        advanceTo(std::min(start, text_.size()));
        Node node;
        node.kind = kind;
        node.at = position();
        return node;
    }
    void passString() {
        std::size_t end = cursor_ + 1;
        while (end < text_.size() && text_[end] != '"')
            end += text_[end] == '\\' ? 2 : 1;
        advanceTo(std::min(end + 1, text_.size()));
    }

    bool bare(Node::Kind kind) {
        Node node = begin(kind);
        const std::size_t end = std::min(text_.find_first_of(" \t\r\n,]}", cursor_), text_.size());
        node.text = std::string(text_.substr(cursor_, end - cursor_));
        advanceTo(end);
        return place(std::move(node));
    }

    bool open(Node::Kind kind) {
        Node node = begin(kind);
        if (static_cast<int>(stack_.size()) >= limits_.depth) {
            return stop(node.at, tooDeep(limits_.depth));
        }
        advanceTo(cursor_ + 1);
        stack_.push_back(std::move(node));
        return true;
    }
    bool close() {
        begin(Node::Kind::null);
        advanceTo(std::min(cursor_ + 1, text_.size()));
        Node done = std::move(stack_.back());
        stack_.pop_back();
        if (repeats_) mergeRepeats(done);
        return place(std::move(done));
    }

    bool place(Node node) {
        if (++values_ > limits_.values) return stop(node.at, tooMany(limits_.values));
        if (stack_.empty()) {
            root_ = std::move(node);
        } else if (stack_.back().kind == Node::Kind::list) {
            stack_.back().items.push_back(std::move(node));
        } else {
            stack_.back().members.back().value = std::move(node);
        }
        return true;
    }

    std::string_view text_;
    const Limits& limits_;
    std::vector<Irregularity>* irregular_;
    bool repeats_ = false;
    std::vector<Node> stack_;
    Node root_;
    Error error_;
    std::size_t values_ = 0;
    std::size_t cursor_ = 0;
    std::size_t lineStart_ = 0;
    int line_ = 1;
};

bool hasEscapedSurrogate(std::string_view text) {
    return text.find("\\ud") != text.npos || text.find("\\uD") != text.npos;
}

// Puts U+FFFD in the place of half a surrogate pair, in as many bytes, so that places hold.
std::string withoutLoneSurrogates(std::string_view text, std::vector<Irregularity>& found) {
    std::string out(text);
    const auto unit = [&out](std::size_t at) {
        unsigned value = 0;
        if (at + 6 > out.size() || out[at] != '\\' || out[at + 1] != 'u') return 0U;
        const auto [end, code] =
            std::from_chars(out.data() + at + 2, out.data() + at + 6, value, 16);
        return code == std::errc{} && end == out.data() + at + 6 ? value : 0U;
    };
    int line = 1;
    std::size_t lineStart = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i] == '\n') {
            ++line;
            lineStart = i + 1;
        }
        if (out[i] != '\\') continue;
        const unsigned first = unit(i);
        if (first < 0xd800 || first > 0xdfff) {
            ++i; // the escaped character
            continue;
        }
        const unsigned second = unit(i + 6);
        if (first < 0xdc00 && second >= 0xdc00 && second <= 0xdfff) {
            i += 11;
            continue;
        }
        out.replace(i, 6, "\\ufffd");
        found.push_back({Irregularity::Kind::loneSurrogate,
                         {0, line, static_cast<int>(i - lineStart) + 1},
                         "half a surrogate pair"});
        i += 5;
    }
    return out;
}

} // namespace

Result<Node> parseJson(std::string_view text, const Limits& limits,
                       std::vector<Irregularity>* irregular) {
    try {
        std::string mended;
        if (irregular != nullptr && hasEscapedSurrogate(text)) {
            mended = withoutLoneSurrogates(text, *irregular);
            text = mended;
        }
        JsonBuilder builder(text, limits, irregular);
        const bool whole = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
        if (whole || builder.complete()) return builder.take();
        return fail(builder.error());
    } catch (const std::exception& e) {
        return fail(Error{fmt::format("this is not JSON: {}", e.what())});
    }
}

} // namespace penstock::detail
