// SPDX-License-Identifier: Apache-2.0
// Tokens → typed nodes, with the grammar, precedences and type rules of Prometheus 2.42
// (promql/parser/generated_parser.y and parse.go); see promql.h for the part that is supported.
#include "sim/metrics/promql.h"
#include "sim/metrics/promql_expression.h"
#include "sim/metrics/promql_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

namespace penstock::sim {

namespace promql {

bool Matcher::matches(std::string_view labelValue) const {
    switch (kind) {
    case Kind::equal:
        return labelValue == value;
    case Kind::notEqual:
        return labelValue != value;
    case Kind::regex:
        return RE2::FullMatch(labelValue, *regex);
    case Kind::notRegex:
        return !RE2::FullMatch(labelValue, *regex);
    }
    return false;
}

namespace {

constexpr std::int64_t kLookbackMs = 300'000;

struct NamedFunction {
    std::string_view name;
    Function function;
    ValueType result;
    std::vector<ValueType> arguments;
};

const std::vector<NamedFunction>& functions() {
    using enum ValueType;
    static const std::vector<NamedFunction> kFunctions = {
        {"abs", Function::abs, vector, {vector}},
        {"avg_over_time", Function::avgOverTime, vector, {matrix}},
        {"clamp", Function::clamp, vector, {vector, scalar, scalar}},
        {"clamp_max", Function::clampMax, vector, {vector, scalar}},
        {"clamp_min", Function::clampMin, vector, {vector, scalar}},
        {"count_over_time", Function::countOverTime, vector, {matrix}},
        {"delta", Function::delta, vector, {matrix}},
        {"increase", Function::increase, vector, {matrix}},
        {"last_over_time", Function::lastOverTime, vector, {matrix}},
        {"max_over_time", Function::maxOverTime, vector, {matrix}},
        {"min_over_time", Function::minOverTime, vector, {matrix}},
        {"rate", Function::rate, vector, {matrix}},
        {"scalar", Function::scalar, scalar, {vector}},
        {"sum_over_time", Function::sumOverTime, vector, {matrix}},
        {"vector", Function::vector, vector, {scalar}},
    };
    return kFunctions;
}

std::string_view typeName(ValueType type) {
    switch (type) {
    case ValueType::scalar:
        return "a scalar";
    case ValueType::vector:
        return "an instant vector";
    case ValueType::matrix:
        return "a range vector";
    }
    return "";
}

bool equalsIgnoringCase(std::string_view a, std::string_view lower) {
    return a.size() == lower.size() &&
           std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
               return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
           });
}

struct BinaryToken {
    Op op;
    int precedence; // higher binds tighter
};

constexpr int kUnaryOperandPrecedence = 6; // -a ^ b is -(a ^ b), but -a * b is (-a) * b

class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Result<std::vector<Node>> run() {
        if (token().kind == TokenKind::end) {
            return failAt(1, "the query is empty; an example is 1 - up{job=\"vllm\"}");
        }
        const Result<Node::Index> root = binary(1);
        if (!root) return fail(root.error());
        if (token().kind != TokenKind::end) {
            return unexpected("an operator or the end of the query");
        }
        if (nodes_[*root].type == ValueType::matrix) {
            return failAt(nodes_[*root].column,
                          "the query is a range vector and gives no value at an instant; put a "
                          "function around it, as in avg_over_time(x[5m])");
        }
        return std::move(nodes_);
    }

    std::int64_t reachMs() const { return reachMs_; }

  private:
    using Index = Node::Index;

    const Token& token(std::size_t ahead = 0) const {
        return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
    }
    bool isWord(std::string_view keyword, std::size_t ahead = 0) const {
        return token(ahead).kind == TokenKind::word &&
               equalsIgnoringCase(token(ahead).text, keyword);
    }
    bool take(TokenKind kind) {
        if (token().kind != kind) return false;
        ++position_;
        return true;
    }

    tl::unexpected<Error> unexpected(std::string_view wanted) const {
        const Token& t = token();
        if (t.kind == TokenKind::end) {
            return failAt(t.column, fmt::format("the query ends where {} was expected", wanted));
        }
        return failAt(t.column, fmt::format("unexpected {}: {} was expected", t.text, wanted));
    }

    Index add(Node node) {
        nodes_.push_back(std::move(node));
        return static_cast<Index>(nodes_.size() - 1);
    }

    std::optional<BinaryToken> binaryOperator() const {
        switch (token().kind) {
        case TokenKind::equal:
            return BinaryToken{Op::eq, 3};
        case TokenKind::notEqual:
            return BinaryToken{Op::ne, 3};
        case TokenKind::greater:
            return BinaryToken{Op::gt, 3};
        case TokenKind::less:
            return BinaryToken{Op::lt, 3};
        case TokenKind::greaterEqual:
            return BinaryToken{Op::ge, 3};
        case TokenKind::lessEqual:
            return BinaryToken{Op::le, 3};
        case TokenKind::plus:
            return BinaryToken{Op::add, 4};
        case TokenKind::minus:
            return BinaryToken{Op::sub, 4};
        case TokenKind::star:
            return BinaryToken{Op::mul, 5};
        case TokenKind::slash:
            return BinaryToken{Op::div, 5};
        case TokenKind::percent:
            return BinaryToken{Op::mod, 5};
        case TokenKind::caret:
            return BinaryToken{Op::pow, 6};
        case TokenKind::word:
            if (isWord("or")) return BinaryToken{Op::setOr, 1};
            if (isWord("and")) return BinaryToken{Op::setAnd, 2};
            if (isWord("unless")) return BinaryToken{Op::setUnless, 2};
            return std::nullopt;
        default:
            return std::nullopt;
        }
    }

    // Everything that nests comes through here or through unary().
    struct Deeper {
        explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
        ~Deeper() { --depth_; }
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;
        int& depth_;
    };
    tl::unexpected<Error> tooDeep() const {
        return failAt(token().column,
                      fmt::format("the query nests deeper than {} levels", kMaxQueryDepth));
    }

    Result<Index> nested(int minimum) {
        const Deeper deeper(depth_);
        if (depth_ > kMaxQueryDepth) return tooDeep();
        return binary(minimum);
    }

    // Precedence climbing: an expression whose operators bind at least as tightly as `minimum`.
    Result<Index> binary(int minimum) {
        Result<Index> left = unary();
        if (!left) return left;
        while (true) {
            if (isWord("atan2")) {
                return failAt(token().column, "the operator atan2 is not supported; supported are "
                                              "+ - * / % ^ == != > < >= <= and or unless");
            }
            const auto found = binaryOperator();
            if (!found || found->precedence < minimum) return left;
            Node node;
            node.kind = Node::Kind::binary;
            node.column = token().column;
            node.op = found->op;
            ++position_;
            const Status modified = binaryModifiers(node);
            if (!modified) return fail(modified.error());
            // ^ alone groups from the right.
            const bool rightAssociative = found->op == Op::pow;
            const Result<Index> right =
                rightAssociative ? nested(found->precedence) : binary(found->precedence + 1);
            if (!right) return right;
            node.children = {*left, *right, 0};
            node.childCount = 2;
            const Status typed = checkBinary(node);
            if (!typed) return fail(typed.error());
            left = add(std::move(node));
        }
    }

    Status binaryModifiers(Node& node) {
        if (isWord("bool")) {
            if (!isComparison(node.op)) {
                return failAt(token().column, "bool may only follow a comparison operator");
            }
            node.returnBool = true;
            ++position_;
        }
        if (!isWord("on") && !isWord("ignoring")) {
            if (isWord("group_left") || isWord("group_right")) {
                return failAt(token().column,
                              fmt::format("{} must follow on(…) or ignoring(…)", token().text));
            }
            return {};
        }
        node.on = isWord("on");
        matchingColumn_ = token().column;
        ++position_;
        Result<std::vector<std::string>> labels = labelList();
        if (!labels) return fail(labels.error());
        node.labels = std::move(*labels);
        const bool left = isWord("group_left");
        if (!left && !isWord("group_right")) return {};
        const int column = token().column;
        if (isSet(node.op)) {
            return failAt(column, fmt::format("{} does not go with and, or, unless", token().text));
        }
        node.cardinality = left ? Cardinality::manyToOne : Cardinality::oneToMany;
        ++position_;
        if (token().kind != TokenKind::leftParen) return {};
        Result<std::vector<std::string>> include = labelList();
        if (!include) return fail(include.error());
        node.include = std::move(*include);
        for (const std::string& label : node.include) {
            if (node.on &&
                std::find(node.labels.begin(), node.labels.end(), label) != node.labels.end()) {
                return failAt(column, fmt::format("the label {} must not be both in on(…) and in "
                                                  "group_left(…) or group_right(…)",
                                                  label));
            }
        }
        return {};
    }

    Status checkBinary(Node& node) {
        const Node& left = nodes_[node.children[0]];
        const Node& right = nodes_[node.children[1]];
        for (const Node* side : {&left, &right}) {
            if (side->type == ValueType::matrix) {
                return failAt(side->column, "an operator takes scalars and instant vectors, not a "
                                            "range vector; put a function around it");
            }
        }
        const bool bothScalar = left.type == ValueType::scalar && right.type == ValueType::scalar;
        const bool bothVector = left.type == ValueType::vector && right.type == ValueType::vector;
        if (bothScalar && isComparison(node.op) && !node.returnBool) {
            return failAt(node.column,
                          "a comparison of two scalars must use bool, as in 1 > bool 2");
        }
        if (!bothVector && isSet(node.op)) {
            return failAt(node.column, "and, or, unless take instant vectors on both sides");
        }
        if (!bothVector && !node.labels.empty()) {
            return failAt(matchingColumn_, "labels can be matched only between instant vectors");
        }
        node.type = bothScalar ? ValueType::scalar : ValueType::vector;
        return {};
    }

    Result<Index> unary() {
        const bool minus = token().kind == TokenKind::minus;
        if (!minus && token().kind != TokenKind::plus) return primary();
        const int column = token().column;
        ++position_;
        const Result<Index> operand = nested(kUnaryOperandPrecedence);
        if (!operand) return operand;
        const ValueType type = nodes_[*operand].type;
        if (type == ValueType::matrix) {
            return failAt(column, "a sign goes before a scalar or an instant vector, not before a "
                                  "range vector");
        }
        if (!minus) return operand;
        Node node;
        node.kind = Node::Kind::negate;
        node.type = type;
        node.column = column;
        node.children = {*operand, 0, 0};
        node.childCount = 1;
        return add(std::move(node));
    }

    Result<Index> primary() {
        const Token& first = token();
        switch (first.kind) {
        case TokenKind::number: {
            const Result<double> value = parseNumber(first);
            if (!value) return fail(value.error());
            ++position_;
            return number(*value, first.column);
        }
        case TokenKind::leftParen: {
            ++position_;
            const Result<Index> inner = nested(1);
            if (!inner) return inner;
            if (!take(TokenKind::rightParen)) return unexpected("')'");
            return withoutPostfix(*inner);
        }
        case TokenKind::leftBrace:
        case TokenKind::metricWord:
            return selector();
        case TokenKind::word:
            return word();
        case TokenKind::string:
            return failAt(first.column, "a string is no query; strings stand only in matchers, as "
                                        "in up{job=\"vllm\"}");
        case TokenKind::duration:
            return failAt(first.column, fmt::format("the duration {} stands only in brackets and "
                                                    "after offset",
                                                    first.text));
        default:
            return unexpected("a number, a selector, a function or '('");
        }
    }

    Result<Index> number(double value, int column) {
        Node node;
        node.kind = Node::Kind::number;
        node.column = column;
        node.number = value;
        return withoutPostfix(add(std::move(node)));
    }

    // Brackets, offset and @ belong to selectors alone.
    Result<Index> withoutPostfix(Index index) {
        if (token().kind == TokenKind::leftBracket) {
            const std::size_t colon = position_ + 2;
            if (colon < tokens_.size() && tokens_[colon].kind == TokenKind::colon) {
                return unsupportedSubquery();
            }
            return failAt(token().column, "a range goes only after a selector, as in x[5m]");
        }
        if (isWord("offset")) {
            return failAt(token().column, "offset goes only after a selector, as in x offset 5m");
        }
        if (token().kind == TokenKind::at) return unsupportedAt();
        return index;
    }

    tl::unexpected<Error> unsupportedSubquery() const {
        return failAt(token().column,
                      "subqueries, as in x[5m:1m], are not supported; supported are "
                      "ranges of a selector, as in x[5m]");
    }
    tl::unexpected<Error> unsupportedAt() const {
        return failAt(token().column,
                      "the @ modifier is not supported; offset is, as in x offset 5m");
    }

    Result<Index> word() {
        const Token& first = token();
        const TokenKind next = token(1).kind;
        if (equalsIgnoringCase(first.text, "inf")) {
            ++position_;
            return number(std::numeric_limits<double>::infinity(), first.column);
        }
        if (equalsIgnoringCase(first.text, "nan")) {
            ++position_;
            return number(std::numeric_limits<double>::quiet_NaN(), first.column);
        }
        static constexpr std::pair<std::string_view, Aggregator> kAggregators[] = {
            {"sum", Aggregator::sum},
            {"avg", Aggregator::avg},
            {"min", Aggregator::min},
            {"max", Aggregator::max},
            {"count", Aggregator::count}};
        static constexpr std::string_view kOtherAggregators[] = {
            "bottomk", "count_values", "group", "quantile", "stddev", "stdvar", "topk"};
        const bool called = next == TokenKind::leftParen || isWord("by", 1) || isWord("without", 1);
        if (called) {
            for (const auto& [name, aggregator] : kAggregators) {
                if (equalsIgnoringCase(first.text, name)) return aggregation(aggregator);
            }
            for (const std::string_view name : kOtherAggregators) {
                if (equalsIgnoringCase(first.text, name)) {
                    return failAt(first.column,
                                  fmt::format("the aggregation {} is not supported; supported are "
                                              "sum, avg, min, max, count",
                                              name));
                }
            }
        }
        if (next == TokenKind::leftParen) return call();
        for (const std::string_view reserved :
             {"bool", "on", "ignoring", "group_left", "group_right", "atan2"}) {
            if (equalsIgnoringCase(first.text, reserved)) {
                return unexpected("a number, a selector, a function or '('");
            }
        }
        return selector();
    }

    Result<std::vector<std::string>> labelList() {
        if (!take(TokenKind::leftParen)) return unexpected("'(' and a list of labels");
        std::vector<std::string> labels;
        while (!take(TokenKind::rightParen)) {
            if (token().kind != TokenKind::word) return unexpected("a label name");
            labels.emplace_back(token().text);
            ++position_;
            if (!take(TokenKind::comma) && token().kind != TokenKind::rightParen) {
                return unexpected("',' or ')'");
            }
        }
        std::sort(labels.begin(), labels.end());
        labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
        return labels;
    }

    Result<bool> grouping(Node& node) {
        if (!isWord("by") && !isWord("without")) return false;
        node.without = isWord("without");
        ++position_;
        Result<std::vector<std::string>> labels = labelList();
        if (!labels) return fail(labels.error());
        node.labels = std::move(*labels);
        return true;
    }

    Result<std::vector<Index>> arguments() {
        if (!take(TokenKind::leftParen)) return unexpected("'('");
        std::vector<Index> out;
        if (take(TokenKind::rightParen)) return out;
        while (true) {
            const Result<Index> argument = nested(1);
            if (!argument) return fail(argument.error());
            out.push_back(*argument);
            if (take(TokenKind::rightParen)) return out;
            if (!take(TokenKind::comma)) return unexpected("',' or ')'");
        }
    }

    Result<Index> aggregation(Aggregator aggregator) {
        const Token name = token();
        Node node;
        node.kind = Node::Kind::aggregate;
        node.type = ValueType::vector;
        node.column = name.column;
        node.aggregator = aggregator;
        ++position_;
        const Result<bool> before = grouping(node);
        if (!before) return fail(before.error());
        const Result<std::vector<Index>> inner = arguments();
        if (!inner) return fail(inner.error());
        if (!*before) {
            const Result<bool> after = grouping(node);
            if (!after) return fail(after.error());
        }
        if (inner->size() != 1) {
            return failAt(name.column,
                          fmt::format("{} takes one argument, not {}", name.text, inner->size()));
        }
        const Node& operand = nodes_[inner->front()];
        if (operand.type != ValueType::vector) {
            return failAt(operand.column, fmt::format("{} takes an instant vector, not {}",
                                                      name.text, typeName(operand.type)));
        }
        node.children = {inner->front(), 0, 0};
        node.childCount = 1;
        return withoutPostfix(add(std::move(node)));
    }

    Result<Index> call() {
        const Token name = token();
        const auto& known = functions();
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const auto& f) { return f.name == name.text; });
        if (found == known.end()) {
            std::string names;
            for (const NamedFunction& f : known) {
                if (!names.empty()) names += ", ";
                names += f.name;
            }
            return failAt(name.column, fmt::format("the function {} is not supported; supported "
                                                   "are {}",
                                                   name.text, names));
        }
        ++position_;
        const Result<std::vector<Index>> given = arguments();
        if (!given) return fail(given.error());
        if (given->size() != found->arguments.size()) {
            return failAt(name.column,
                          fmt::format("{} takes {} argument{}, not {}", name.text,
                                      found->arguments.size(),
                                      found->arguments.size() == 1 ? "" : "s", given->size()));
        }
        Node node;
        node.kind = Node::Kind::call;
        node.type = found->result;
        node.column = name.column;
        node.function = found->function;
        for (std::size_t i = 0; i < given->size(); ++i) {
            const Node& argument = nodes_[(*given)[i]];
            if (argument.type != found->arguments[i]) {
                return failAt(argument.column,
                              fmt::format("{} takes {} here, not {}{}", name.text,
                                          typeName(found->arguments[i]), typeName(argument.type),
                                          found->arguments[i] == ValueType::matrix
                                              ? "; write a range, as in x[5m]"
                                              : ""));
            }
            node.children[i] = (*given)[i];
        }
        node.childCount = static_cast<std::uint8_t>(given->size());
        return withoutPostfix(add(std::move(node)));
    }

    Result<Index> selector() {
        Node node;
        node.kind = Node::Kind::selector;
        node.type = ValueType::vector;
        node.column = token().column;
        std::string_view name;
        if (token().kind != TokenKind::leftBrace) {
            name = token().text;
            node.matchers.push_back(Matcher{Matcher::Kind::equal, std::string(kMetricName),
                                            std::string(name), nullptr});
            ++position_;
        }
        if (take(TokenKind::leftBrace)) {
            const Status matched = matchers(node, name);
            if (!matched) return fail(matched.error());
        }
        const auto restricts = [](const Matcher& m) { return !m.matches(""); };
        if (std::none_of(node.matchers.begin(), node.matchers.end(), restricts)) {
            return failAt(node.column,
                          "a selector needs a metric name or at least one matcher that "
                          "does not match the empty string");
        }
        const Status after = selectorPostfix(node);
        if (!after) return fail(after.error());
        const std::int64_t window = node.kind == Node::Kind::range ? node.rangeMs : kLookbackMs;
        reachMs_ = std::max(reachMs_, window + node.offsetMs);
        return add(std::move(node));
    }

    Status matchers(Node& node, std::string_view name) {
        while (!take(TokenKind::rightBrace)) {
            if (token().kind != TokenKind::word) return unexpected("a label name or '}'");
            Matcher matcher;
            const Token label = token();
            matcher.name = label.text;
            ++position_;
            switch (token().kind) {
            case TokenKind::assign:
                matcher.kind = Matcher::Kind::equal;
                break;
            case TokenKind::notEqual:
                matcher.kind = Matcher::Kind::notEqual;
                break;
            case TokenKind::regexMatch:
                matcher.kind = Matcher::Kind::regex;
                break;
            case TokenKind::regexNotMatch:
                matcher.kind = Matcher::Kind::notRegex;
                break;
            default:
                return unexpected("=, !=, =~ or !~");
            }
            ++position_;
            if (token().kind != TokenKind::string) return unexpected("a string in quotes");
            const Token value = token();
            matcher.value = value.value;
            ++position_;
            if (matcher.kind == Matcher::Kind::regex || matcher.kind == Matcher::Kind::notRegex) {
                RE2::Options options;
                options.set_log_errors(false);
                // Bounds what one pattern of a bad scenario may cost; RE2's own default is 8 MiB.
                options.set_max_mem(1 << 20);
                auto regex = std::make_shared<RE2>(matcher.value, options);
                if (!regex->ok()) {
                    return failAt(value.column,
                                  fmt::format("bad regular expression: {}", regex->error()));
                }
                matcher.regex = std::move(regex);
            }
            if (!name.empty() && matcher.name == kMetricName) {
                return failAt(label.column, fmt::format("the metric name is set twice: before the "
                                                        "braces it is {}",
                                                        name));
            }
            node.matchers.push_back(std::move(matcher));
            if (!take(TokenKind::comma) && token().kind != TokenKind::rightBrace) {
                return unexpected("',' or '}'");
            }
        }
        return {};
    }

    Status selectorPostfix(Node& node) {
        bool offsetGiven = false;
        while (true) {
            if (token().kind == TokenKind::at) return unsupportedAt();
            if (token().kind == TokenKind::leftBracket) {
                if (token(2).kind == TokenKind::colon) return unsupportedSubquery();
                if (node.kind == Node::Kind::range) {
                    return failAt(token().column, "a selector takes one range only");
                }
                if (offsetGiven) {
                    return failAt(token().column, "offset goes after the range, as in "
                                                  "x[5m] offset 1h");
                }
                ++position_;
                if (token().kind != TokenKind::duration) return unexpected("a duration");
                const Result<std::int64_t> range = parseDurationMs(token());
                if (!range) return fail(range.error());
                ++position_;
                if (!take(TokenKind::rightBracket)) return unexpected("']'");
                node.kind = Node::Kind::range;
                node.type = ValueType::matrix;
                node.rangeMs = *range;
                continue;
            }
            if (!isWord("offset")) return {};
            if (offsetGiven) return failAt(token().column, "offset is given twice");
            ++position_;
            const bool negative = take(TokenKind::minus);
            if (token().kind != TokenKind::duration) return unexpected("a duration");
            const Result<std::int64_t> offset = parseDurationMs(token());
            if (!offset) return fail(offset.error());
            ++position_;
            node.offsetMs = negative ? -*offset : *offset;
            offsetGiven = true;
        }
    }

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    std::vector<Node> nodes_;
    int depth_ = 0;
    int matchingColumn_ = 0;
    std::int64_t reachMs_ = 0;
};

} // namespace
} // namespace promql

Result<PromQuery> PromQuery::parse(std::string_view text) {
    if (text.size() > kMaxQueryBytes) {
        return fail(fmt::format("PromQL: the query has {} bytes; at most {} are allowed",
                                text.size(), kMaxQueryBytes));
    }
    auto expression = std::make_shared<promql::Expression>();
    expression->text = text;
    Result<std::vector<promql::Token>> tokens = promql::tokenize(expression->text);
    if (!tokens) return fail(tokens.error());
    promql::Parser parser(std::move(*tokens));
    Result<std::vector<promql::Node>> nodes = parser.run();
    if (!nodes) return fail(nodes.error());
    expression->nodes = std::move(*nodes);
    expression->reachMs = parser.reachMs();
    return PromQuery(std::move(expression));
}

const std::string& PromQuery::text() const {
    return expression_->text;
}

Duration PromQuery::reach() const {
    return std::chrono::milliseconds(expression_->reachMs);
}

} // namespace penstock::sim
