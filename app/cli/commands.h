// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands of `penstock`. Each add…() registers one with its options and, when chosen, runs it
// and stores its exit code.
#include "engine/types/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
} // namespace CLI

namespace penstock::app {

inline constexpr int kFine = 0;
inline constexpr int kExpectationFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kWorldFailed = 3;
inline constexpr int kSignalled = 128; // and the number of the signal

void addRun(CLI::App& app, int& code);
void addCheck(CLI::App& app, int& code);
void addImport(CLI::App& app, int& code);
void addCompare(CLI::App& app, int& code);
void addGates(CLI::App& app, int& code);
void addCalibrate(CLI::App& app, int& code);
void addServe(CLI::App& app, int& code);
void addQueueCommands(CLI::App& app, int& code);
void addValidate(CLI::App& app, int& code);

// Of an option whose value cannot be empty: what is given is meant to say something.
const CLI::Validator& notEmpty();
// Of a number: a range alone lets NaN through.
const CLI::Validator& finite();

// --set PATH=VALUE, repeatable; `what` it overrides: "a value of the scenario".
CLI::Option* addSet(CLI::App& command, std::vector<std::string>& overrides,
                    const std::string& what);

// The process's own streams, before anything else is opened.
void holdStandardStreams();

// To standard output, as it is. What could not be written is told by closeStandardOutput().
void say(std::string_view text);
// To standard error, control characters written out. Never fails.
void tell(std::string_view text);

// Tells "error: file:line:column: message" and returns `code`.
int report(const Error& error, int code);

// The exit code: `code`, or kWorldFailed when something that was said could not be written.
int closeStandardOutput(int code);

} // namespace penstock::app
