// SPDX-License-Identifier: Apache-2.0
#pragma once

// What reading and writing of messages share. Private to this folder.
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace penstock::detail {

// The label of a message that carries its Classification.
inline constexpr std::string_view kClassificationLabel = "classification";

// A JSON string; bytes that are no UTF-8 are replaced, so that what is written can be read.
inline std::string asJson(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace penstock::detail
