// SPDX-License-Identifier: Apache-2.0
#pragma once

// Splits a PromQL query into tokens by the rules of Prometheus 2.42's lexer (promql/parser/lex.go):
// what a word, a number or a duration is depends on whether braces or brackets are open. Private to
// the PromQL parser.
#include "engine/types/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::metrics::promql {

enum class TokenKind {
    end,
    word,
    metricWord,
    number,
    duration,
    string,
    leftParen,
    rightParen,
    leftBrace,
    rightBrace,
    leftBracket,
    rightBracket,
    comma,
    colon,
    at,
    assign,
    regexMatch,
    regexNotMatch,
    equal,
    notEqual,
    greater,
    less,
    greaterEqual,
    lessEqual,
    plus,
    minus,
    star,
    slash,
    percent,
    caret
};

struct Token {
    TokenKind kind = TokenKind::end;
    int column = 0;        // 1-based, in bytes
    std::string_view text; // as written; points into the query
    std::string value;     // of a string: unquoted
};

// Ends with a token of kind `end`. Errors carry the column.
Result<std::vector<Token>> tokenize(std::string_view query);

// "5m", "1h30m", "250ms": milliseconds. Fails on zero, on a wrong order of units and on overflow.
Result<std::int64_t> parseDurationMs(const Token& token);

// Decimal, hexadecimal (0x1f), octal (017) and floating-point literals, as Go reads them.
Result<double> parseNumber(const Token& token);

// An Error about the query, with its column; the column is in the message too, because the line and
// file that a caller adds are those of the document that holds the query.
tl::unexpected<Error> failAt(int column, std::string message);

} // namespace penstock::metrics::promql
