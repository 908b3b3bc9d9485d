// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scenario expects of its report, and what --assert asks: `metric op value` over the paths
// of the report's JSON, for instance
//     queues.batch.deadline_exceeded == 0
//     sources.chat.ttft_ms.p99 <= 500
//     gates.pool:default.verdict == inert
//     queues.batch.succeeded > queues.bulk.succeeded
// What was not measured compares with nothing: the expectation fails and says so.
// A name with dots in it is found as long as it is unambiguous; a[0] indexes a list. Operators:
// == != < <= > >=. The right side is a finite number, true, false, a word, "a text", or another
// path.
#include "engine/record/report/report.h"
#include "engine/types/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct Expectation {
    std::string metric;
    std::string op;
    std::string value;

    std::string text() const { return metric + " " + op + " " + value; }
};

// The error says what is missing and shows an example.
Result<Expectation> parseExpectation(std::string_view expr);

// The value at a path; the error names the nearest path that exists.
Result<Json> lookUp(const Json& report, std::string_view path);

// All paths that end in a value or null.
std::vector<std::string> leafPaths(const Json& report);

// Never fails: what cannot be parsed or resolved does not pass, and `error` says why.
ExpectationResult evaluate(const Json& report, std::string_view expr);

} // namespace penstock
