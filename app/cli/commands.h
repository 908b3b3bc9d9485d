// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands of `penstock`. Each add…() registers one with its options and, when chosen, runs it
// and stores its exit code.
#include "engine/types/error.h"

#include <string>

namespace CLI {
class App;
}

namespace penstock::app {

inline constexpr int kFine = 0;
inline constexpr int kExpectationFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kWorldFailed = 3;
inline constexpr int kInterrupted = 130;

void addRun(CLI::App& app, int& code);
void addCheck(CLI::App& app, int& code);
void addImport(CLI::App& app, int& code);
void addCompare(CLI::App& app, int& code);
void addGates(CLI::App& app, int& code);
void addCalibrate(CLI::App& app, int& code);
void addValidate(CLI::App& app, int& code);

// Prints "error: file:line:column: message" to standard error and returns `code`.
int report(const Error& error, int code);

// Writes to a file, or to standard output for "-".
Status writeText(const std::string& path, const std::string& text);

} // namespace penstock::app
