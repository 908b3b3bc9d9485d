// SPDX-License-Identifier: Apache-2.0
// zlib's gzFile reads plain files as they are and archives unpacked, and knows a truncated one.
#include "sim/traffic/trace/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <zlib.h>

namespace penstock::sim {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

gzFile asGz(void* file) {
    return static_cast<gzFile>(file);
}

} // namespace

void LineReader::CloseGz::operator()(void* file) const {
    gzclose(asGz(file));
}

Result<LineReader> LineReader::open(const std::string& path, std::uint32_t maxLineBytes) {
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    if (!std::filesystem::exists(status)) {
        return penstock::fail(
            {"no such file; check the name and the directory it is relative to", path});
    }
    if (std::filesystem::is_directory(status)) {
        return penstock::fail({"is a directory; name a file in it", path});
    }
    if (!std::filesystem::is_regular_file(status)) {
        return penstock::fail(
            {"is a pipe or a device, and a trace is read more than once; store it "
             "in a file and name that",
             path});
    }
    errno = 0;
    gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) {
        return penstock::fail({fmt::format("cannot be opened: {}",
                                           errno != 0 ? std::strerror(errno) : "out of memory"),
                               path});
    }
    gzbuffer(file, static_cast<unsigned>(std::min<std::size_t>(kChunk, maxLineBytes)));
    return LineReader(path, file, maxLineBytes);
}

LineReader::LineReader(std::string path, void* file, std::uint32_t maxLineBytes)
    : path_(std::move(path)), file_(file), maxLineBytes_(maxLineBytes) {
    buffer_.resize(std::min<std::size_t>(kChunk, std::size_t{maxLineBytes} + 2));
}

void LineReader::fail(Error error) {
    failed_ = true;
    error_ = std::move(error);
}

bool LineReader::fill() {
    if (ended_ || failed_) return false;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) {
        // Room for the longest line and its CRLF, and no more.
        const std::size_t most = std::size_t{maxLineBytes_} + 2;
        if (buffer_.size() >= most) {
            fail({fmt::format(
                      "line is longer than {} bytes, so this is not a trace of one request a "
                      "line; put each on a line of its own",
                      maxLineBytes_),
                  path_, line_ + 1});
            return false;
        }
        buffer_.resize(std::min(most, buffer_.size() * 2));
    }
    const int got = gzread(asGz(file_.get()), buffer_.data() + end_,
                           static_cast<unsigned>(buffer_.size() - end_));
    if (got > 0) end_ += static_cast<std::size_t>(got);
    int code = Z_OK;
    const char* text = gzerror(asGz(file_.get()), &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
        const bool cut = code == Z_BUF_ERROR;
        const std::string why = code == Z_ERRNO ? std::strerror(errno) : std::string(text);
        fail({cut ? std::string("compressed file is cut off; fetch it again")
                  : fmt::format("cannot be read: {}; if it is an archive, it is damaged: fetch it "
                                "again",
                                why),
              path_, line_ + 1});
        return false;
    }
    if (got == 0) {
        ended_ = true;
        return false;
    }
    return std::exchange(begun_, true) || sniff();
}

bool LineReader::sniff() {
    using namespace std::string_view_literals;
    const std::string_view text(buffer_.data() + begin_, end_ - begin_);
    constexpr std::pair<std::string_view, const char*> kSigns[] = {
        {"\xff\xfe"sv, "is UTF-16; save it as UTF-8"},
        {"\xfe\xff"sv, "is UTF-16; save it as UTF-8"},
        {"PAR1"sv, "is a Parquet file; export it as CSV or JSON Lines"},
        {"PK\x03\x04"sv, "is a zip archive; unpack it, or compress it with gzip instead"},
        {"\x28\xb5\x2f\xfd"sv, "is compressed with zstd; unpack it, or use gzip instead"},
        {"BZh"sv, "is compressed with bzip2; unpack it, or use gzip instead"},
        {"\xfd"
         "7zXZ"sv,
         "is compressed with xz; unpack it, or use gzip instead"},
    };
    for (const auto& [sign, what] : kSigns) {
        if (text.substr(0, sign.size()) != sign) continue;
        fail({what, path_});
        return false;
    }
    if (text.substr(0, 4096).find('\0') != std::string_view::npos) {
        fail({"holds bytes of 0, so it is a binary file or UTF-16; a trace is UTF-8 text, CSV or "
              "JSON "
              "Lines",
              path_});
        return false;
    }
    const std::size_t cr = text.find('\r');
    if (cr != std::string_view::npos && cr + 1 < text.size() &&
        text.find('\n') == std::string_view::npos) {
        fail(
            {"its lines end in a carriage return alone; turn them into newlines, as tr '\\r' '\\n' "
             "does",
             path_, 1, static_cast<int>(cr) + 1});
        return false;
    }
    return true;
}

bool LineReader::next(std::string_view& line) {
    std::size_t searched = 0;
    while (!failed_) {
        const char* from = buffer_.data() + begin_ + searched;
        const std::size_t count = end_ - begin_ - searched;
        const char* newline =
            count > 0 ? static_cast<const char*>(std::memchr(from, '\n', count)) : nullptr;
        std::size_t length = end_ - begin_;
        if (newline == nullptr) {
            searched = length;
            if (fill()) continue;
            if (failed_ || end_ == begin_) return false;
            length = end_ - begin_; // the last line has no newline
        } else {
            length = static_cast<std::size_t>(newline - (buffer_.data() + begin_));
        }
        line = {buffer_.data() + begin_, length};
        begin_ += length + (newline != nullptr ? 1 : 0);
        ++line_;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line_ == 1 && line.substr(0, 3) == "\xef\xbb\xbf") line.remove_prefix(3);
        if (line.size() > maxLineBytes_) {
            fail({fmt::format("line of {} bytes is longer than {}, so this is not a trace of one "
                              "request a line; put each on a line of its own",
                              line.size(), maxLineBytes_),
                  path_, line_});
            return false;
        }
        return true;
    }
    return false;
}

} // namespace penstock::sim
