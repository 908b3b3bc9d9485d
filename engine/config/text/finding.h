// SPDX-License-Identifier: Apache-2.0
#pragma once

// Something about a policy that a person should know before it runs: what it is, where it stands,
// how it was found out and what to do.
#include "engine/types/error.h"

#include <cstdint>
#include <string>

namespace penstock {

enum class Severity : std::uint8_t {
    note,    // good to know
    warning, // probably not what is meant
    error,   // cannot do what it is there for
};

struct Finding {
    std::string code; // "never-closes"
    Severity severity = Severity::warning;
    std::string path; // "engine.transport.queues[batch].gate_params.threshold"
    Place place;
    std::string computed; // a sentence with the numbers
    std::string remedy;   // a sentence that begins with what to do
};

} // namespace penstock
