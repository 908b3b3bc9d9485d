// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `penstock run` was asked for, as it stands on the command line.
#include <string>
#include <vector>

namespace penstock::app {

// An empty text was not given.
struct RunArguments {
    std::string scenario;
    std::vector<std::string> overrides;
    std::vector<std::string> assertions;
    std::string semantics;
    std::string seed;
    std::string until;
    std::string json;
    std::string html;
    std::string store;
    std::string replay;
    bool perfectGate = false;
    bool poisson = false;
    bool score = false;
    bool quiet = false;
    bool large = false;
};

// The exit code.
int run(const RunArguments& arguments);

} // namespace penstock::app
