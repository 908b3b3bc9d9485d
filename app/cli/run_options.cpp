// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_options.h"

#include "engine/types/duration_text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace penstock::app {

CLI::Option* addSet(CLI::App& command, std::vector<std::string>& overrides,
                    const std::string& what) {
    return command
        .add_option("--set", overrides, fmt::format("PATH=VALUE: overrides {}; repeatable", what))
        ->allow_extra_args(false)
        ->take_all();
}

const CLI::Validator& notEmpty() {
    static const CLI::Validator validator(
        [](std::string& value) {
            return value.empty() ? std::string("its value is empty; give one, or leave it out")
                                 : std::string();
        },
        "", "");
    return validator;
}

const CLI::Validator& finite() {
    static const CLI::Validator validator(
        [](std::string& value) {
            double number = 0.0;
            const auto [end, code] =
                std::from_chars(value.data(), value.data() + value.size(), number);
            const bool fine =
                code == std::errc{} && end == value.data() + value.size() && std::isfinite(number);
            return fine ? std::string() : fmt::format("\"{}\" is not a finite number", value);
        },
        "", "");
    return validator;
}

Result<std::uint64_t> seedOf(const std::string& text) {
    std::uint64_t seed = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (code == std::errc{} && end == text.data() + text.size() && seed <= INT64_MAX) return seed;
    return fail(fmt::format("--seed: \"{}\" is not a seed; it must be a whole number from 0 to {}",
                            text, INT64_MAX));
}

Result<Duration> untilOf(const std::string& text) {
    const auto until = goDuration(text);
    if (!until) return fail("--until: " + until.error().message);
    if (*until > Duration{0}) return until;
    return fail(fmt::format("--until: \"{}\" is no time to run for; it must be longer than 0, for "
                            "instance 90s or 2h",
                            text));
}

Status checkMeasured(const sim::Scenario& scenario) {
    if (scenario.warmup < scenario.horizon) return {};
    return fail(
        fmt::format("--until: nothing would be measured: the run ends after {}, and its warm-up "
                    "lasts {}; run longer, or make scenario.warmup shorter",
                    durationText(scenario.horizon), durationText(scenario.warmup)));
}

Status checkScore(const sim::Scenario& scenario, bool scored) {
    if (scored) return {};
    for (const sim::Expectation& e : scenario.expect) {
        if (!e.expression.starts_with("score")) continue;
        return fail(Error{fmt::format("\"{}\": there is a score only with --score", e.expression),
                          e.place.file, e.place.line, e.place.column});
    }
    return {};
}

} // namespace penstock::app
