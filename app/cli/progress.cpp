// SPDX-License-Identifier: Apache-2.0
#include "app/cli/progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace penstock::app {

Progress::Progress() : terminal_(isatty(fileno(stderr)) != 0) {}

Progress::~Progress() {
    if (drawn_) std::fputs("\r\033[K", stderr);
}

bool Progress::due() {
    if (!terminal_) return false;
    const auto now = Clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::milliseconds(100);
    return true;
}

void Progress::show(double done, std::uint64_t requests, double virtualSeconds) {
    if (!due()) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    draw(done, fmt::format("{:.0f} s simulated  {} requests, {:.0f} a second", virtualSeconds,
                           requests, static_cast<double>(requests) / seconds));
}

void Progress::show(double done, std::uint64_t count, const char* counted) {
    if (!due()) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    draw(done, fmt::format("{} {}, {:.0f} a second", count, counted,
                           static_cast<double>(count) / seconds));
}

void Progress::draw(double done, const std::string& text) {
    drawn_ = true;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double left = done > 0.0 ? seconds * (1.0 - done) / done : 0.0;
    constexpr int kWidth = 24;
    const int filled = static_cast<int>(done * kWidth);
    const std::string line = fmt::format("\r\033[K[{:#<{}}{:.<{}}] {:5.1f} %  {}  ETA {:.0f} s", "",
                                         filled, "", kWidth - filled, done * 100.0, text, left);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
}

} // namespace penstock::app
