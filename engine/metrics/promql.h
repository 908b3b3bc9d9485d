// SPDX-License-Identifier: Apache-2.0
#pragma once

// The PromQL that gates need, on the exact text of their queries, with the grammar of Prometheus
// 2.42 (Debian 12's version; a differential test compares the two). A query is parsed once into an
// immutable PromQuery. Asking a Prometheus server takes no more than that: what a query
// reads, and whether it gives a vector; sim/metrics evaluates it.
//
// Supported: numbers; selectors with =, !=, =~, !~ and offset; sum, avg, min, max, count with by or
// without; + - * / % ^ and unary + -; == != > < >= <= with or without bool; on, ignoring,
// group_left, group_right; and, or, unless; rate, increase, delta,
// {avg,min,max,sum,count,last}_over_time; abs, clamp, clamp_min, clamp_max, scalar, vector.
// Anything else is an Error that names it.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::metrics {

namespace promql {
struct Expression;
} // namespace promql

inline constexpr std::size_t kMaxQueryBytes = 16 * 1024;
inline constexpr int kMaxQueryDepth = 64; // nesting of parentheses, calls and operators

// Whether parsing failed over what Prometheus knows and this parser does not.
inline bool saysUnsupported(const Error& error) {
    return error.message.find("not supported") != std::string::npos;
}

class PromQuery {
  public:
    // Errors carry the column (1-based, in bytes) and say what would be right.
    static Result<PromQuery> parse(std::string_view text);

    const std::string& text() const;

    // One number without labels, rather than a vector.
    bool givesScalar() const;

    // The furthest the query looks back before the instant it is asked for: lookback or range, plus
    // offset.
    Duration reach() const;

    // What asks Prometheus how old the samples behind the query are: timestamp(s) for each instant
    // selector s. Empty if that cannot be asked: a range stands among them, or a selector that does
    // not name one metric, or there are none.
    std::vector<std::string> timestampQueries() const;

    const std::shared_ptr<const promql::Expression>& expression() const { return expression_; }

  private:
    explicit PromQuery(std::shared_ptr<const promql::Expression> e) : expression_(std::move(e)) {}
    std::shared_ptr<const promql::Expression> expression_;
};

} // namespace penstock::metrics
