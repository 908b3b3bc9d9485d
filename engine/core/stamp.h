// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the engine writes into a request's headers. A value that cannot be a header (too long, a
// control character) is left out rather than costing the request: stamping is best effort.
// Sources: llm-d-async 0.9, pkg/async/mergepolicy/internal/fairness; RFC 9110, 5.1 and 5.5.
#include "engine/core/merge_policy.h"
#include "engine/ports/inference_client.h"
#include "engine/types/semantics.h"

#include <string_view>

namespace penstock {

inline constexpr std::size_t kIdentityBytesMax = 256; // Envoy would answer 431 to much longer ones

bool isHeaderName(std::string_view name);   // a token: letters, digits and !#$%&'*+-.^_`|~
bool isHeaderValue(std::string_view value); // no control character but the tab

// Everything but the deadline. `queueObjective` is the queue's own.
Outbound stamp(const Request& request, const MergeSettings& merge, const Semantics& semantics,
               std::string_view queueObjective, std::uint8_t lane);

} // namespace penstock
