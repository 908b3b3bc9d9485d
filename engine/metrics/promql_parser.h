// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tokens → typed nodes, with the grammar, precedences and type rules of Prometheus 2.42
// (promql/parser/generated_parser.y and parse.go); see promql.h for the part that is supported.
// Recursive descent; operators by precedence climbing. Private to PromQuery::parse().
#include "engine/metrics/promql.h"
#include "engine/metrics/promql_expression.h"
#include "engine/metrics/promql_lexer.h"

#include <algorithm>
#include <optional>

namespace penstock::metrics::promql {

inline constexpr std::int64_t kDefaultLookbackMs = 300'000;

std::string_view typeName(ValueType type);

// Keywords may be written in any case; `lower` is in lower case.
bool equalsIgnoringCase(std::string_view a, std::string_view lower);

class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    // Once. Children stand before their parents, the root last.
    Result<std::vector<Node>> run();

    // After run(): the furthest that a selector looks back.
    std::int64_t reachMs() const { return reachMs_; }

  private:
    using Index = Node::Index;

    struct BinaryToken {
        Op op;
        int precedence; // higher binds tighter
    };

    const Token& token(std::size_t ahead = 0) const {
        return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
    }
    bool isWord(std::string_view keyword, std::size_t ahead = 0) const;
    bool take(TokenKind kind);
    tl::unexpected<Error> unexpected(std::string_view wanted) const;
    Index add(Node node);
    std::optional<BinaryToken> binaryOperator() const;
    tl::unexpected<Error> tooDeep() const;
    // binary() one level deeper; everything that nests comes through here.
    Result<Index> nested(int minimum);
    // Precedence climbing: an expression whose operators bind at least as tightly as `minimum`.
    Result<Index> binary(int minimum);
    // bool, on, ignoring, group_left, group_right after an operator.
    Status binaryModifiers(Node& node);
    // The type rules of a binary operator; sets the type of its result.
    Status checkBinary(Node& node);
    Result<Index> unary();
    Result<Index> primary();
    Result<Index> number(double value, int column);
    // Fails if a range, offset or @ follows: they belong to selectors alone.
    Result<Index> withoutPostfix(Index index);
    tl::unexpected<Error> unsupportedSubquery() const;
    tl::unexpected<Error> unsupportedAt() const;
    Result<Index> word();
    Result<std::vector<std::string>> labelList();
    // Whether there was a by or without.
    Result<bool> grouping(Node& node);
    Result<std::vector<Index>> arguments();
    Result<Index> aggregation(Aggregator aggregator);
    Result<Index> call();
    Result<Index> selector();
    Status matchers(Node& node, std::string_view name);
    Status selectorPostfix(Node& node);

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    std::vector<Node> nodes_;
    int depth_ = 0;
    int matchingColumn_ = 0; // of the last on or ignoring
    std::int64_t reachMs_ = 0;
};

} // namespace penstock::metrics::promql
