// SPDX-License-Identifier: Apache-2.0
// The two standard streams. Their errors are remembered and told once, at the end.
#include "app/cli/commands.h"
#include "engine/record/report/text_format.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace penstock::app {

namespace {
int outputError = 0; // of the first write to standard output that failed
}

void holdStandardStreams() {
    // A stream that is closed would lend its number to the next file, and get what is said here.
    for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) != -1) continue;
        const int nowhere = ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (nowhere >= 0 && nowhere != descriptor) {
            ::dup2(nowhere, descriptor);
            ::close(nowhere);
        }
    }
}

void say(std::string_view text) {
    if (outputError != 0 || text.empty()) return;
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) outputError = errno;
}

void tell(std::string_view text) {
    const std::string shown = text::printable(text);
    std::fwrite(shown.data(), 1, shown.size(), stderr); // who has closed it does not want to know
}

int report(const Error& error, int code) {
    tell(fmt::format("error: {}\n", error.text()));
    return code;
}

int closeStandardOutput(int code) {
    errno = 0;
    if (std::fflush(stdout) != 0 && outputError == 0) outputError = errno;
    // Whoever reads has had enough: nothing is wrong.
    if (outputError == 0 || outputError == EPIPE) return code;
    tell(fmt::format("error: standard output cannot be written: {}\n", std::strerror(outputError)));
    return kWorldFailed;
}

} // namespace penstock::app
