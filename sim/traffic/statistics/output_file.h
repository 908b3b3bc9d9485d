// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file that appears whole or not at all. It is written under another name beside its own and
// takes its name, and the place of what stood there, at the end; on an error what stood there still
// does. What is no regular file (a pipe, a device, standard output) is written straight and never
// removed.
#include "engine/types/error.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock::sim {

// So much is collected before it is written.
inline constexpr std::size_t kOutputBufferBytes = 1U << 18;

class OutputFile {
  public:
    // `path`: "-" is standard output. `compressed`: as gzip.
    static Result<OutputFile> open(const std::string& path, bool compressed = false);

    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile(); // removes what is not in place

    // Errors show in close().
    void write(std::string_view text);
    // Everything is on its way to the disk: nothing can fail any more but the change of names.
    Status close();
    // After close(): takes its name.
    Status place();

  private:
    OutputFile(std::string path, std::string target, std::string unfinished);

    std::string path_;       // as it was named
    std::string target_;     // the regular file to be, links resolved
    std::string unfinished_; // where it is written meanwhile; empty: straight to its place
    void* file_ = nullptr;   // a gzFile
    int error_ = 0;          // of the first write that failed
    bool good_ = true;
};

} // namespace penstock::sim
