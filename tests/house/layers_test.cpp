// SPDX-License-Identifier: Apache-2.0
// The house stands: every #include of the tree goes down or stays in its folder, no two folders
// include each other even by way of others, Qt stays in the workbench and Qt Charts in its charts,
// and every source names its licence. Read from the files themselves.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = PENSTOCK_SOURCE_DIR;

struct Include {
    std::string from; // file, relative to the root
    std::string what;
    bool quoted;
};

std::vector<fs::path> sources() {
    std::vector<fs::path> files;
    for (const char* top : {"engine", "sim", "app", "tests"}) {
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
            const std::string ext = entry.path().extension();
            if (ext == ".h" || ext == ".cpp" || ext == ".cu") files.push_back(entry.path());
        }
    }
    return files;
}

std::vector<Include> includes() {
    static const std::regex kInclude{R"(^\s*#include\s*([<"])([^>"]+)[>"])"};
    std::vector<Include> found;
    for (const fs::path& file : sources()) {
        std::ifstream in{file};
        std::string line;
        while (std::getline(in, line)) {
            std::smatch match;
            if (!std::regex_search(line, match, kInclude)) continue;
            found.push_back({fs::relative(file, kRoot), match[2], match[1] == "\""});
        }
    }
    return found;
}

// "engine/core" of "engine/core/gate.h".
std::string folderOf(const std::string& path) {
    return fs::path(path).parent_path().string();
}
std::string roomOf(const std::string& path) {
    return path.substr(0, path.find('/'));
}

TEST(House, arrowsBetweenTheFloorsPointDown) {
    const std::map<std::string, std::set<std::string>> allowed{
        {"engine", {"engine"}}, {"sim", {"engine", "sim"}}, {"app", {"engine", "sim", "app"}}};
    int seen = 0;
    for (const Include& include : includes()) {
        if (!include.quoted || roomOf(include.from) == "tests") continue;
        ++seen;
        EXPECT_TRUE(allowed.at(roomOf(include.from)).count(roomOf(include.what)))
            << include.from << " includes " << include.what
            << ", which is not a floor below it (write includes from the project's root)";
    }
    EXPECT_GT(seen, 100);
}

TEST(House, foldersMakeNoCircle) {
    std::map<std::string, std::set<std::string>> arrows;
    for (const Include& include : includes()) {
        if (!include.quoted || roomOf(include.from) == "tests") continue;
        const std::string from = folderOf(include.from);
        const std::string to = folderOf(include.what);
        if (from != to) arrows[from].insert(to);
    }
    std::map<std::string, int> state; // 1: on the path, 2: done
    std::vector<std::string> path;
    const std::function<void(const std::string&)> visit = [&](const std::string& folder) {
        if (state[folder] == 2) return;
        path.push_back(folder);
        if (state[folder] == 1) {
            std::string text;
            for (const std::string& step : path)
                text += step + " -> ";
            ADD_FAILURE() << "a circle: " << text;
        } else {
            state[folder] = 1;
            for (const std::string& next : arrows[folder])
                visit(next);
            state[folder] = 2;
        }
        path.pop_back();
    };
    for (const auto& [folder, targets] : std::map(arrows))
        visit(folder);
}

TEST(House, qtStaysInTheWorkbenchAndChartsInItsCharts) {
    const std::regex qt{R"(^Q[A-Z]\w*(/.*)?$|^Qt[A-Z]\w*/.*)"};
    const std::regex charts{
        R"(^QtCharts/.*|^Q(Chart|ChartView|LineSeries|ValueAxis|AbstractSeries|XYSeries)$)"};
    for (const Include& include : includes()) {
        if (include.quoted) continue;
        const bool inWorkbench = include.from.find("app/workbench/") != std::string::npos;
        if (std::regex_match(include.what, qt)) {
            EXPECT_TRUE(inWorkbench) << include.from << " includes <" << include.what << ">";
        }
        if (std::regex_match(include.what, charts)) {
            EXPECT_NE(include.from.find("/charts/"), std::string::npos)
                << include.from << " includes <" << include.what << ">";
        }
    }
}

TEST(House, aFolderHoldsOneSubject) {
    std::map<std::string, int> count;
    for (const fs::path& file : sources()) {
        const std::string folder = folderOf(fs::relative(file, kRoot));
        if (roomOf(folder) != "tests") ++count[folder];
    }
    for (const auto& [folder, files] : count) {
        EXPECT_LE(files, 25) << folder << " holds " << files << " files: more than one subject";
    }
}

TEST(House, everySourceNamesItsLicence) {
    for (const fs::path& file : sources()) {
        std::ifstream in{file};
        std::string first;
        std::getline(in, first);
        const bool window = file.string().find("app/workbench/") != std::string::npos;
        const std::string expected =
            std::string("// SPDX-License-Identifier: ") + (window ? "GPL-3.0-only" : "Apache-2.0");
        EXPECT_EQ(first, expected) << file;
    }
}

// A formatter for C++ once took these for its own and tore the line apart.
TEST(House, everyBuildFileNamesItsLicence) {
    std::size_t files = 0;
    for (const char* top : {"engine", "sim", "app", "tests"}) {
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
            if (entry.path().filename() != "CMakeLists.txt") continue;
            ++files;
            std::ifstream in{entry.path()};
            std::string first;
            std::getline(in, first);
            const bool named = first == "# SPDX-License-Identifier: Apache-2.0" ||
                               first == "# SPDX-License-Identifier: GPL-3.0-only";
            EXPECT_TRUE(named) << entry.path() << ": " << first;
        }
    }
    EXPECT_GT(files, 40U);
}

} // namespace
