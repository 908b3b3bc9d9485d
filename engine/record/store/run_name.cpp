// SPDX-License-Identifier: Apache-2.0
#include "engine/record/store/run_name.h"

#include <fmt/core.h>

#include <charconv>
#include <filesystem>
#include <system_error>

namespace penstock {

Result<RunName> runName(const std::string& text) {
    std::error_code error;
    const auto hash = text.rfind('#');
    if (hash == std::string::npos || std::filesystem::exists(text, error)) {
        return RunName{text, std::nullopt};
    }
    const std::string number = text.substr(hash + 1);
    RunId run = 0;
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), run);
    if (code != std::errc{} || end != number.data() + number.size() || run < 1) {
        return fail(fmt::format("\"{}\": after # comes the number of a run, for instance "
                                "runs.db#12",
                                text));
    }
    return RunName{text.substr(0, hash), run};
}

} // namespace penstock
