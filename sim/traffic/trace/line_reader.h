// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lines of a plain or gzip-compressed text file, one at a time, in bounded memory. What the file is
// gets decided by its content, not its name. A byte-order mark, CRLF and a missing final newline
// are taken in stride; a truncated or damaged archive, a line without end and what is no text are
// errors. Only regular files: a trace is read more than once, and a pipe cannot be.
#include "engine/types/error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

// Single-threaded.
class LineReader {
  public:
    static Result<LineReader> open(const std::string& path, std::uint32_t maxLineBytes);
    LineReader(LineReader&&) noexcept;
    LineReader& operator=(LineReader&&) noexcept;
    ~LineReader();

    // Writes the next line, without its line end; valid until the next call. False at the end, and
    // after an error (see error()).
    bool next(std::string_view& line);

    // Number of the line last returned, from 1.
    int line() const { return line_; }
    bool failed() const { return failed_; }
    const Error& error() const { return error_; }
    const std::string& path() const { return path_; }

  private:
    class Input; // the file's bytes, unpacked

    LineReader(std::string path, std::unique_ptr<Input> input, std::uint32_t maxLineBytes);
    bool fill();  // reads more behind what is unread; false at the end and on errors
    bool sniff(); // looks at the first bytes; false after saying why they are no lines of text
    void fail(Error error);

    std::string path_;
    std::unique_ptr<Input> input_;
    std::uint32_t maxLineBytes_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0; // of what is unread
    std::size_t end_ = 0;
    bool begun_ = false;
    bool ended_ = false;
    bool failed_ = false;
    int line_ = 0;
    Error error_;
};

} // namespace penstock::sim
