// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/scenario_reader.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace penstock::sim {

std::string resourceDirectory() {
    if (const char* given = std::getenv("PENSTOCK_RESOURCES")) return given;
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        // Installed: bin/penstock and share/penstock side by side.
        const auto beside = program.parent_path().parent_path() / "share" / "penstock";
        if (std::filesystem::exists(beside / "gpus.yaml", error)) return beside.string();
    }
    return PENSTOCK_RESOURCES;
}

} // namespace penstock::sim
