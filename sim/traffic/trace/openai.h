// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a request to an OpenAI-style server asks for, as far as its body and its path say.
#include <simdjson.h>

#include <cstdint>
#include <string_view>

namespace penstock::sim {

// Tokens of a chat or completion body by the rule of thumb of four bytes a token; token-id arrays
// are counted. 0 if there is no prompt.
std::uint32_t estimatePromptTokens(simdjson::dom::object body);

// Why a request to `url` generates no text (embeddings, moderations, images...), or nullptr.
const char* notAGeneration(std::string_view url);

} // namespace penstock::sim
