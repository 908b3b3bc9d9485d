// SPDX-License-Identifier: Apache-2.0
// Goal: a text is read whole from a file or a pipe, and nothing that is none is waited for. Method:
// files and named pipes, with and without a writer.
#include "engine/config/text/input_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;

std::string path(const std::string& name) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("penstock-text-" + std::to_string(::getpid()) + "-" + name);
    std::filesystem::remove(file);
    return file.string();
}

TEST(InputText, aFileIsReadWholeAndWithinItsLimit) {
    const std::string file = path("file");
    const std::string text(300'000, 'x');
    std::ofstream(file) << text;
    EXPECT_EQ(*readText(file, 1'000'000), text);
    EXPECT_NE(readText(file, 1000).error().text().find("larger than 1000 bytes"),
              std::string::npos);
    const auto refused =
        readText(file, 1'000'000, [](std::string_view) { return Status(fail("no")); });
    EXPECT_EQ(refused.error().message, "no");
    EXPECT_NE(readText("/", 1000).error().text().find("folder"), std::string::npos);
    EXPECT_NE(readText(path("none"), 1000).error().text().find("cannot be opened"),
              std::string::npos);
}

TEST(InputText, aPipeIsReadToItsEndAndNotWaitedForInVain) {
    const std::string pipe = path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto nobody = readText(pipe, 1'000'000, {}, 30ms);
    ASSERT_FALSE(nobody);
    EXPECT_NE(nobody.error().text().find("writing to it"), std::string::npos);
    const std::string text(200'000, 'y');
    std::thread writer([&] { std::ofstream(pipe) << text; });
    const auto got = readText(pipe, 1'000'000, {}, 10s);
    writer.join();
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(*got, text);
}

} // namespace
} // namespace penstock
