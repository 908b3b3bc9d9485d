// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the tree of a document to JSON and YAML text, in the document's own order and with every key
// it had, known to us or not: what is read can be written again.
#include "engine/config/text/document.h"

#include <nlohmann/json.hpp>

#include <string>

namespace penstock {

// An unquoted scalar becomes the number, boolean or null that it is in JSON's terms.
nlohmann::ordered_json toJson(const Node& node);

// The tree of a JSON value. Every node stands `at`.
Node fromJson(const nlohmann::ordered_json& value, const Position& at);

// Ends with a newline.
std::string jsonText(const Node& node);
std::string yamlText(const Node& node);

} // namespace penstock
