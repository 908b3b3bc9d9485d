// SPDX-License-Identifier: Apache-2.0
// A file takes the place of another only when it is whole; pipes and devices are written straight
// and stay. Method: files in a folder of the test's own, a full device, a pipe.
#include "sim/traffic/statistics/output_file.h"
#include "support.h"

#include <sys/stat.h>
#include <thread>

namespace penstock::sim {
namespace {

using test::readFile;
using test::TempDir;

std::size_t filesIn(const TempDir& dir) {
    const std::filesystem::directory_iterator files(dir.file(""));
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(OutputFile, TakesItsPlaceOnlyInTheEnd) {
    const TempDir dir;
    dir.write("out", "before");
    std::filesystem::permissions(dir.file("out"), std::filesystem::perms::owner_read |
                                                      std::filesystem::perms::owner_write);
    {
        auto out = OutputFile::open(dir.file("out"));
        ASSERT_TRUE(out) << out.error().text();
        out->write("half");
        EXPECT_EQ(readFile(dir.file("out")), "before");
    }
    EXPECT_EQ(readFile(dir.file("out")), "before");
    EXPECT_EQ(filesIn(dir), 1U);
    auto out = OutputFile::open(dir.file("out"));
    ASSERT_TRUE(out);
    OutputFile moved(std::move(*out));
    moved.write("whole");
    ASSERT_TRUE(moved.close());
    EXPECT_EQ(readFile(dir.file("out")), "before");
    ASSERT_TRUE(moved.place());
    EXPECT_EQ(readFile(dir.file("out")), "whole");
    EXPECT_EQ(filesIn(dir), 1U);
    EXPECT_EQ(std::filesystem::status(dir.file("out")).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(OutputFile, ALinkStaysALink) {
    const TempDir dir;
    dir.write("real", "before");
    std::filesystem::create_symlink("real", dir.file("link"));
    auto out = OutputFile::open(dir.file("link"));
    ASSERT_TRUE(out);
    out->write("after");
    ASSERT_TRUE(out->close());
    ASSERT_TRUE(out->place());
    EXPECT_TRUE(std::filesystem::is_symlink(dir.file("link")));
    EXPECT_EQ(readFile(dir.file("real")), "after");
}

TEST(OutputFile, DevicesAndPipesAreWrittenStraightAndStay) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
    {
        auto full = OutputFile::open("/dev/full");
        ASSERT_TRUE(full);
        full->write("more than there is room for");
        const Status status = full->close();
        ASSERT_FALSE(status.has_value());
        EXPECT_NE(status.error().text().find("/dev/full: cannot be written to its end"),
                  std::string::npos);
    }
    EXPECT_TRUE(std::filesystem::exists("/dev/full"));

    const TempDir dir;
    ASSERT_EQ(mkfifo(dir.file("pipe").c_str(), 0600), 0);
    std::string got;
    std::thread reader([&] { got = readFile(dir.file("pipe")); });
    auto pipe = OutputFile::open(dir.file("pipe"));
    EXPECT_TRUE(pipe);
    pipe->write("through");
    EXPECT_TRUE(pipe->close());
    EXPECT_TRUE(pipe->place());
    reader.join();
    EXPECT_EQ(got, "through");
    EXPECT_TRUE(std::filesystem::is_fifo(dir.file("pipe")));
    EXPECT_EQ(filesIn(dir), 1U);
}

TEST(OutputFile, NoFolderNoFile) {
    const TempDir dir;
    const auto out = OutputFile::open(dir.file("no/such"));
    ASSERT_FALSE(out);
    EXPECT_NE(out.error().text().find("cannot be written: No such file"), std::string::npos);
}

} // namespace
} // namespace penstock::sim
