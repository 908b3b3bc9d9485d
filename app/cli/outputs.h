// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files that a command writes. They are opened before the work begins, so that a path that
// cannot be written is told then and not after hours; each appears whole under its name or not at
// all (OutputFile). An output that is one of the command's inputs, or another of its outputs, by
// whatever name or link, is refused.
#include "app/cli/commands.h"
#include "sim/traffic/statistics/output_file.h"

#include <map>
#include <string>
#include <vector>

namespace penstock::app {

class Outputs {
  public:
    // A file that the command reads; one that is not there is none.
    void reads(const std::string& path);
    // A file that somebody else writes, a run store: only kept apart from the others. `option`
    // names it in errors: "--store".
    Status keep(const std::string& option, const std::string& path);
    // Opens it; "-" is standard output, and "" asks for nothing.
    Status open(const std::string& option, const std::string& path);

    // Writes what open() has opened for this option, once, and puts it in its place. Nothing where
    // nothing was asked for.
    Status write(const std::string& option, const std::string& text);

  private:
    struct Named {
        std::string what; // "--json", or "the input"
        std::string path;
    };
    std::vector<Named> named_;
    std::map<std::string, sim::OutputFile> open_; // by option
    std::map<std::string, bool> toStandard_;      // by option
};

} // namespace penstock::app
