// SPDX-License-Identifier: Apache-2.0
// The PromQL lexer; see promql_lexer.h.
#include "engine/metrics/promql_lexer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace penstock::metrics::promql {

namespace {

bool isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isAlpha(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isAlphaNumeric(char c) {
    return isAlpha(c) || isDigit(c);
}

int digitValue(char c) {
    if (isDigit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

std::string shown(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f ? fmt::format("'{}'", c)
                                       : fmt::format("byte 0x{:02x}", byte);
}

void appendUtf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> run() {
        while (true) {
            while (position_ < text_.size() && isSpace(text_[position_]))
                ++position_;
            if (position_ < text_.size() && text_[position_] == '#') {
                while (position_ < text_.size() && text_[position_] != '\n' &&
                       text_[position_] != '\r') {
                    ++position_;
                }
                continue;
            }
            start_ = position_;
            if (position_ == text_.size()) break;
            const Status status = next();
            if (!status) return fail(status.error());
        }
        if (braceOpen_) return failAt(column(), "the query ends inside braces: '}' is missing");
        if (bracketOpen_) return failAt(column(), "the query ends inside brackets: ']' is missing");
        emit(TokenKind::end);
        return std::move(tokens_);
    }

  private:
    char peek(std::size_t ahead = 0) const {
        return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
    }
    int column() const { return static_cast<int>(start_) + 1; }

    void emit(TokenKind kind, std::string value = {}) {
        tokens_.push_back(
            Token{kind, column(), text_.substr(start_, position_ - start_), std::move(value)});
    }
    Status emitNext(TokenKind kind, std::size_t length) {
        position_ += length;
        emit(kind);
        return {};
    }

    bool accept(std::string_view set) {
        if (position_ < text_.size() && set.find(text_[position_]) != std::string_view::npos) {
            ++position_;
            return true;
        }
        return false;
    }

    Status next() {
        const char c = peek();
        if (c == '"' || c == '\'') return quoted(c);
        if (c == '`') return raw();
        if (braceOpen_) return insideBraces(c);
        if (isDigit(c) || (c == '.' && isDigit(peek(1)))) return numberOrDuration();
        if (isAlpha(c) || (c == ':' && !bracketOpen_)) return word();
        switch (c) {
        case '(':
            return emitNext(TokenKind::leftParen, 1);
        case ')':
            return emitNext(TokenKind::rightParen, 1);
        case ',':
            return emitNext(TokenKind::comma, 1);
        case '@':
            return emitNext(TokenKind::at, 1);
        case ':':
            return emitNext(TokenKind::colon, 1);
        case '+':
            return emitNext(TokenKind::plus, 1);
        case '-':
            return emitNext(TokenKind::minus, 1);
        case '*':
            return emitNext(TokenKind::star, 1);
        case '/':
            return emitNext(TokenKind::slash, 1);
        case '%':
            return emitNext(TokenKind::percent, 1);
        case '^':
            return emitNext(TokenKind::caret, 1);
        case '<':
            return peek(1) == '=' ? emitNext(TokenKind::lessEqual, 2)
                                  : emitNext(TokenKind::less, 1);
        case '>':
            return peek(1) == '=' ? emitNext(TokenKind::greaterEqual, 2)
                                  : emitNext(TokenKind::greater, 1);
        case '=':
            if (peek(1) == '=') return emitNext(TokenKind::equal, 2);
            return failAt(column(), "'=' stands for equality only inside braces; use '=='");
        case '!':
            if (peek(1) == '=') return emitNext(TokenKind::notEqual, 2);
            return failAt(column(), "'!' must be followed by '='");
        case '{':
            braceOpen_ = true;
            return emitNext(TokenKind::leftBrace, 1);
        case '}':
            return failAt(column(), "unexpected '}': no brace is open");
        case '[':
            if (bracketOpen_) return failAt(column(), "unexpected '[': a bracket is open already");
            bracketOpen_ = true;
            return emitNext(TokenKind::leftBracket, 1);
        case ']':
            if (!bracketOpen_) return failAt(column(), "unexpected ']': no bracket is open");
            bracketOpen_ = false;
            return emitNext(TokenKind::rightBracket, 1);
        default:
            return failAt(column(), "unexpected " + shown(c));
        }
    }

    Status insideBraces(char c) {
        if (isAlpha(c)) {
            while (isAlphaNumeric(peek()))
                ++position_;
            emit(TokenKind::word);
            return {};
        }
        switch (c) {
        case ',':
            return emitNext(TokenKind::comma, 1);
        case '=':
            return peek(1) == '~' ? emitNext(TokenKind::regexMatch, 2)
                                  : emitNext(TokenKind::assign, 1);
        case '!':
            if (peek(1) == '~') return emitNext(TokenKind::regexNotMatch, 2);
            if (peek(1) == '=') return emitNext(TokenKind::notEqual, 2);
            return failAt(column(), "'!' must be followed by '=' or '~' inside braces");
        case '}':
            braceOpen_ = false;
            return emitNext(TokenKind::rightBrace, 1);
        default:
            return failAt(column(), fmt::format("unexpected {} inside braces; a matcher is "
                                                "label=\"value\" with =, !=, =~ or !~",
                                                shown(c)));
        }
    }

    Status word() {
        bool colon = false;
        while (isAlphaNumeric(peek()) || peek() == ':') {
            colon = colon || peek() == ':';
            ++position_;
        }
        emit(colon ? TokenKind::metricWord : TokenKind::word);
        return {};
    }

    bool scanNumber() {
        std::string_view digits = "0123456789";
        if (accept("0") && accept("xX")) digits = "0123456789abcdefABCDEF";
        while (accept(digits)) {}
        if (accept(".")) {
            while (accept(digits)) {}
        }
        if (accept("eE")) {
            accept("+-");
            while (accept("0123456789")) {}
        }
        return !isAlphaNumeric(peek());
    }

    bool scanDurationRest() {
        if (!accept("smhdwy")) return false;
        accept("s");
        while (accept("0123456789")) {
            while (accept("0123456789")) {}
            if (!accept("smhdw")) return false;
            accept("s");
        }
        return !isAlphaNumeric(peek());
    }

    Status numberOrDuration() {
        if (scanNumber()) {
            if (bracketOpen_) {
                return failAt(column(),
                              fmt::format("the duration {} lacks a unit: ms, s, m, h, d, w "
                                          "or y",
                                          text_.substr(start_, position_ - start_)));
            }
            emit(TokenKind::number);
            return {};
        }
        if (scanDurationRest()) {
            emit(TokenKind::duration);
            return {};
        }
        while (isAlphaNumeric(peek()))
            ++position_;
        return failAt(column(), fmt::format("'{}' is neither a number nor a duration",
                                            text_.substr(start_, position_ - start_)));
    }

    Status raw() {
        const std::size_t close = text_.find('`', position_ + 1);
        if (close == std::string_view::npos) return failAt(column(), "unterminated raw string");
        std::string value(text_.substr(position_ + 1, close - position_ - 1));
        position_ = close + 1;
        emit(TokenKind::string, std::move(value));
        return {};
    }

    Status quoted(char quote) {
        std::string value;
        ++position_;
        while (true) {
            if (position_ >= text_.size() || text_[position_] == '\n') {
                return failAt(column(), "unterminated string");
            }
            const char c = text_[position_++];
            if (c == quote) break;
            if (c != '\\') {
                value += c;
                continue;
            }
            const Status status = escape(quote, value);
            if (!status) return status;
        }
        emit(TokenKind::string, std::move(value));
        return {};
    }

    Status escape(char quote, std::string& value) {
        const int at = static_cast<int>(position_);
        if (position_ >= text_.size()) return failAt(at, "unterminated escape sequence");
        const char c = text_[position_++];
        static constexpr std::string_view kLetters = "abfnrtv\\";
        static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
        if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
            value += kMeanings[i];
            return {};
        }
        if (c == quote) {
            value += c;
            return {};
        }
        int count = 0;
        std::uint32_t base = 16;
        if (c >= '0' && c <= '7') {
            count = 3;
            base = 8;
            --position_;
        } else if (c == 'x') {
            count = 2;
        } else if (c == 'u') {
            count = 4;
        } else if (c == 'U') {
            count = 8;
        } else {
            return failAt(at, fmt::format("unknown escape sequence \\{}; for a backslash itself "
                                          "write \\\\, or put the string in backquotes",
                                          shown(c)));
        }
        std::uint64_t code = 0;
        for (int i = 0; i < count; ++i) {
            const auto digit = static_cast<std::uint32_t>(digitValue(peek()));
            if (position_ >= text_.size() || digit >= base) {
                return failAt(at, "illegal character in an escape sequence");
            }
            code = code * base + digit;
            ++position_;
        }
        const bool byte = base == 8 || count == 2;
        if (byte ? code > 0xff : code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
            return failAt(at, "an escape sequence is no valid Unicode code point");
        }
        if (byte) {
            value += static_cast<char>(code);
        } else {
            appendUtf8(value, static_cast<std::uint32_t>(code));
        }
        return {};
    }

    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t start_ = 0;
    bool braceOpen_ = false;
    bool bracketOpen_ = false;
    std::vector<Token> tokens_;
};

} // namespace

tl::unexpected<Error> failAt(int column, std::string message) {
    Error error;
    error.message = fmt::format("PromQL, column {}: {}", column, std::move(message));
    error.column = column;
    return fail(std::move(error));
}

Result<std::vector<Token>> tokenize(std::string_view query) {
    return Lexer(query).run();
}

Result<std::int64_t> parseDurationMs(const Token& token) {
    struct Unit {
        std::string_view name;
        std::int64_t ms;
    };
    static constexpr Unit kUnits[] = {
        {"y", 31'536'000'000}, {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000},
        {"m", 60'000},         {"s", 1000},        {"ms", 1}};
    // Further than a century reaches no sample, and sums of two stay far from overflow.
    static constexpr std::int64_t kMaxMs = 100 * kUnits[0].ms;
    const auto wrong = [&token] {
        return failAt(
            token.column,
            fmt::format("bad duration '{}': write units from large to small, each once, as "
                        "in 1h30m or 250ms, and at most 100y",
                        token.text));
    };
    std::string_view rest = token.text;
    std::size_t nextUnit = 0;
    std::int64_t total = 0;
    while (!rest.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
        if (error != std::errc{} || count < 0) return wrong();
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        std::size_t letters = 0;
        while (letters < rest.size() && !isDigit(rest[letters]))
            ++letters;
        std::size_t unit = nextUnit;
        while (unit < std::size(kUnits) && kUnits[unit].name != rest.substr(0, letters))
            ++unit;
        if (unit == std::size(kUnits) || count > kMaxMs / kUnits[unit].ms) return wrong();
        total += count * kUnits[unit].ms;
        if (total > kMaxMs) return wrong();
        nextUnit = unit + 1;
        rest.remove_prefix(letters);
    }
    if (total == 0) return failAt(token.column, "a duration must be greater than 0");
    return total;
}

Result<double> parseNumber(const Token& token) {
    const std::string_view text = token.text;
    const auto wrong = [&token] {
        return failAt(token.column, fmt::format("'{}' is no number", token.text));
    };
    const char* const end = text.data() + text.size();
    // Go tries an integer with a base prefix first: 017 is fifteen, as in C.
    const bool hex = text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const bool octal = !hex && text.size() > 1 && text[0] == '0' &&
                       text.find_first_not_of("01234567") == std::string_view::npos;
    if (hex || octal) {
        std::int64_t integer = 0;
        const auto [stop, error] =
            std::from_chars(text.data() + (hex ? 2 : 1), end, integer, hex ? 16 : 8);
        if (error == std::errc{} && stop == end) return static_cast<double>(integer);
        if (hex) return wrong();
    }
    double value = 0.0;
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc::result_out_of_range && stop == end) {
        const bool tiny =
            text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
        if (tiny) return 0.0;
        return failAt(token.column, fmt::format("{} is too large for a number", token.text));
    }
    if (error != std::errc{} || stop != end) return wrong();
    return value;
}

} // namespace penstock::metrics::promql
