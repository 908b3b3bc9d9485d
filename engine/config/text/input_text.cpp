// SPDX-License-Identifier: Apache-2.0
#include "engine/config/text/input_text.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

class Descriptor {
  public:
    // Opened without waiting for the other end of a pipe: there may be none, for ever.
    explicit Descriptor(const std::string& path)
        : number_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

  private:
    int number_;
};

std::string limitText(std::size_t bytes) {
    return bytes >= 1u << 20 ? fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1u << 20))
                             : fmt::format("{} bytes", bytes);
}

} // namespace

Result<std::string> readText(const std::string& path, std::size_t mostBytes,
                             const std::function<Status(std::string_view)>& look,
                             std::chrono::milliseconds patience) {
    const auto wrong = [&](const std::string& what) { return fail(Error{what, path}); };
    const Descriptor file(path);
    if (file.number() < 0) {
        return wrong(fmt::format("cannot be opened: {}", std::strerror(errno)));
    }
    struct stat status {};
    ::fstat(file.number(), &status);
    if (S_ISDIR(status.st_mode)) return wrong("this is a folder; name a file");
    std::string text;
    std::string chunk(kChunkBytes, '\0');
    for (;;) {
        // Before its writer has come a pipe reads as ended, and says nothing to poll().
        pollfd ready{file.number(), POLLIN, 0};
        if (!S_ISREG(status.st_mode) &&
            ::poll(&ready, 1, static_cast<int>(patience.count())) == 0) {
            return wrong(fmt::format("nothing has come through this pipe for {} s; is somebody "
                                     "writing to it?",
                                     std::chrono::duration<double>(patience).count()));
        }
        const ssize_t got = ::read(file.number(), chunk.data(), chunk.size());
        if (got == 0) break;
        if (got < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            return wrong(fmt::format("cannot be read: {}", std::strerror(errno)));
        }
        const std::string_view part(chunk.data(), static_cast<std::size_t>(got));
        if (look) {
            if (auto fine = look(part); !fine) return fail(fine.error());
        }
        text += part;
        if (text.size() > mostBytes) {
            return wrong(fmt::format("the file is larger than {}, the limit for a document",
                                     limitText(mostBytes)));
        }
    }
    return text;
}

} // namespace penstock
