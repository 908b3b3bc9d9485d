// SPDX-License-Identifier: Apache-2.0
#pragma once

// The program under test, run as a person runs it.
#include <array>
#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace program {

struct Outcome {
    int code = -1;
    std::string text; // both streams, or standard output alone
};

inline Outcome penstock(const std::string& arguments, bool withErrors = true) {
    const std::string command = "PENSTOCK_RESOURCES=" + std::string(PENSTOCK_SOURCE_DIR) +
                                "/resources " + PENSTOCK_BINARY_DIR + "/bin/penstock " + arguments +
                                (withErrors ? " 2>&1" : " 2>/dev/null");
    std::FILE* pipe = popen(command.c_str(), "r");
    Outcome outcome;
    std::array<char, 4096> buffer{};
    std::size_t got = 0;
    while ((got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
        outcome.text.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return outcome;
}

} // namespace program
