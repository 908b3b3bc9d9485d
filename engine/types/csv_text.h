// SPDX-License-Identifier: Apache-2.0
#pragma once

// A text as a field of a CSV record, quoted where it must be (RFC 4180).
#include <string>

namespace penstock {

inline std::string csvText(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char ch : text) {
        if (ch == '"') out += '"';
        out += ch;
    }
    return out + '"';
}

} // namespace penstock
