// SPDX-License-Identifier: Apache-2.0
#include "app/cli/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace penstock::app {

namespace {

namespace fs = std::filesystem;

// One file by two names: the same inode, or for files that are not there yet the same place.
bool same(const std::string& a, const std::string& b) {
    struct stat first {};
    struct stat second {};
    const bool there = ::stat(a.c_str(), &first) == 0;
    if (there != (::stat(b.c_str(), &second) == 0)) return false;
    if (there) {
        return S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
               first.st_ino == second.st_ino;
    }
    std::error_code error;
    const fs::path left = fs::weakly_canonical(fs::absolute(a, error), error);
    const fs::path right = fs::weakly_canonical(fs::absolute(b, error), error);
    return !error && left == right;
}

} // namespace

void Outputs::reads(const std::string& path) {
    if (!path.empty()) named_.push_back({"an input", path});
}

Status Outputs::keep(const std::string& option, const std::string& path) {
    if (path.empty()) return {};
    const auto taken = std::find_if(named_.begin(), named_.end(),
                                    [&](const Named& other) { return same(other.path, path); });
    if (taken != named_.end()) {
        return fail(Error{fmt::format("{}: this file is {} too; name another", option,
                                      taken->what.starts_with("--")
                                          ? fmt::format("what {} writes", taken->what)
                                          : taken->what),
                          path});
    }
    named_.push_back({option, path});
    return {};
}

Status Outputs::open(const std::string& option, const std::string& path) {
    if (path.empty()) return {};
    if (path == "-") {
        if (!toStandard_.empty()) {
            return fail(fmt::format("{} and {} cannot both go to standard output",
                                    toStandard_.begin()->first, option));
        }
        toStandard_[option] = true;
        return {};
    }
    if (auto apart = keep(option, path); !apart) return apart;
    auto file = sim::OutputFile::open(path);
    if (!file) return fail(file.error());
    open_.emplace(option, std::move(*file));
    return {};
}

Status Outputs::write(const std::string& option, const std::string& text) {
    if (toStandard_.contains(option)) {
        say(text);
        return {};
    }
    const auto found = open_.find(option);
    if (found == open_.end()) return {};
    found->second.write(text);
    Status done = found->second.close();
    if (done) done = found->second.place();
    open_.erase(found);
    return done;
}

} // namespace penstock::app
