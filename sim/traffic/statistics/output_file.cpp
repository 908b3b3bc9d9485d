// SPDX-License-Identifier: Apache-2.0
// zlib writes both forms: gzip, and with mode T the bytes as they are.
#include "sim/traffic/statistics/output_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace penstock::sim {
namespace {

namespace fs = std::filesystem;

gzFile asGz(void* file) {
    return static_cast<gzFile>(file);
}

Error cannot(const char* what, int error, const std::string& path) {
    return {fmt::format("cannot be {}: {}", what,
                        error != 0 ? std::strerror(error) : "no room, or out of memory"),
            path};
}

} // namespace

OutputFile::OutputFile(std::string path, std::string target, std::string unfinished)
    : path_(std::move(path)), target_(std::move(target)), unfinished_(std::move(unfinished)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), target_(std::move(other.target_)),
      unfinished_(std::exchange(other.unfinished_, {})), file_(std::exchange(other.file_, nullptr)),
      error_(other.error_), good_(other.good_) {}

OutputFile::~OutputFile() {
    if (file_ != nullptr) gzclose(asGz(file_));
    if (!unfinished_.empty()) ::unlink(unfinished_.c_str());
}

Result<OutputFile> OutputFile::open(const std::string& path, bool compressed) {
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    int descriptor = -1;
    OutputFile out(path, path, {});
    if (path == "-") {
        descriptor = ::dup(STDOUT_FILENO);
    } else if (fs::exists(status) && !fs::is_regular_file(status)) {
        descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        if (fs::exists(status)) out.target_ = fs::canonical(path, code).string();
        // A name of this process alone, so that what is removed in the end is ours.
        const std::string unfinished = fmt::format("{}.{}.part", out.target_, ::getpid());
        descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            out.unfinished_ = unfinished;
            if (fs::exists(status)) fs::permissions(unfinished, status.permissions(), code);
        }
    }
    if (descriptor < 0) return fail(cannot("written", errno, path));
    out.file_ = gzdopen(descriptor, compressed ? "wb" : "wbT");
    if (out.file_ == nullptr) {
        ::close(descriptor);
        return fail(cannot("written", ENOMEM, path));
    }
    return out;
}

void OutputFile::write(std::string_view text) {
    if (!good_ || text.empty()) return;
    errno = 0;
    good_ = gzwrite(asGz(file_), text.data(), static_cast<unsigned>(text.size())) > 0;
    if (!good_) error_ = errno;
}

Status OutputFile::close() {
    errno = 0;
    const bool closed = gzclose(asGz(std::exchange(file_, nullptr))) == Z_OK;
    if (!closed && good_) error_ = errno;
    good_ = good_ && closed;
    if (!good_) return fail(cannot("written to its end", error_, path_));
    return {};
}

Status OutputFile::place() {
    if (unfinished_.empty()) return {};
    if (std::rename(unfinished_.c_str(), target_.c_str()) != 0) {
        return fail(cannot("put in its place", errno, path_));
    }
    unfinished_.clear();
    return {};
}

} // namespace penstock::sim
