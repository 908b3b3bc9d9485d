// SPDX-License-Identifier: Apache-2.0
// Plain files as they are, and gzip unpacked: one member behind the other, and nothing else behind
// them, which zlib's own gzread() would pass over in silence.
#include "sim/traffic/trace/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <zlib.h>

namespace penstock::sim {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

constexpr std::string_view kGzip = "\x1f\x8b";

} // namespace

class LineReader::Input {
  public:
    explicit Input(std::FILE* file) : file_(file), packed_(kChunk) {}
    ~Input() {
        if (compressed_) inflateEnd(&stream_);
        std::fclose(file_);
    }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    // Up to `most` bytes; 0 at the end. -1 after an error, which why() says.
    std::ptrdiff_t read(char* out, std::size_t most) {
        if (!begun_) begin();
        if (!why_.empty()) return -1;
        return compressed_ ? unpack(out, most) : plain(out, most);
    }
    const std::string& why() const { return why_; }

  private:
    void begin() {
        begun_ = true;
        refill();
        const std::string_view head(packed_.data(), stream_.avail_in);
        compressed_ = head.starts_with(kGzip);
        // 15 bits of window, the most; 16: a gzip header and nothing else.
        if (compressed_ && inflateInit2(&stream_, 15 + 16) != Z_OK) {
            compressed_ = false;
            why_ = "cannot be read: out of memory";
        }
    }
    void refill() {
        stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
        stream_.avail_in = static_cast<uInt>(std::fread(packed_.data(), 1, packed_.size(), file_));
        if (std::ferror(file_) != 0) why_ = fmt::format("cannot be read: {}", std::strerror(errno));
    }
    std::ptrdiff_t plain(char* out, std::size_t most) {
        if (stream_.avail_in == 0) refill();
        if (!why_.empty()) return -1;
        const std::size_t count = std::min<std::size_t>(most, stream_.avail_in);
        std::memcpy(out, stream_.next_in, count);
        stream_.next_in += count;
        stream_.avail_in -= static_cast<uInt>(count);
        return static_cast<std::ptrdiff_t>(count);
    }
    std::ptrdiff_t unpack(char* out, std::size_t most) {
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(most, 1U << 30));
        const std::size_t room = stream_.avail_out;
        while (stream_.avail_out == room) {
            if (stream_.avail_in == 0) refill();
            if (!why_.empty()) return -1;
            if (stream_.avail_in == 0) {
                if (between_) return 0;
                why_ = "compressed file is cut off; fetch it again";
                return -1;
            }
            if (between_) {
                if (*stream_.next_in == 0) { // padding of a tape or a block
                    ++stream_.next_in;
                    --stream_.avail_in;
                    continue;
                }
                if (*stream_.next_in != static_cast<Bytef>(kGzip[0])) {
                    why_ = "something stands behind the compressed text that is not compressed; "
                           "pack all of it, or none";
                    return -1;
                }
                inflateReset(&stream_);
                between_ = false;
            }
            const int code = inflate(&stream_, Z_NO_FLUSH);
            between_ = code == Z_STREAM_END;
            if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) continue;
            why_ = fmt::format("cannot be read: {}; if it is an archive, it is damaged: fetch it "
                               "again",
                               stream_.msg != nullptr ? stream_.msg : "no gzip");
            return -1;
        }
        return static_cast<std::ptrdiff_t>(room - stream_.avail_out);
    }

    std::FILE* file_;
    std::vector<char> packed_;
    z_stream stream_{};
    bool begun_ = false;
    bool compressed_ = false;
    bool between_ = false; // one member has ended and another not begun
    std::string why_;
};

LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

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
    std::FILE* file = std::fopen(path.c_str(), "rbe");
    if (file == nullptr) {
        return penstock::fail({fmt::format("cannot be opened: {}", std::strerror(errno)), path});
    }
    return LineReader(path, std::make_unique<Input>(file), maxLineBytes);
}

LineReader::LineReader(std::string path, std::unique_ptr<Input> input, std::uint32_t maxLineBytes)
    : path_(std::move(path)), input_(std::move(input)), maxLineBytes_(maxLineBytes) {
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
    const std::ptrdiff_t got = input_->read(buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0) {
        fail({input_->why(), path_, line_ + 1});
        return false;
    }
    end_ += static_cast<std::size_t>(got);
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
