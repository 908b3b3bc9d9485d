// SPDX-License-Identifier: Apache-2.0
#pragma once

// `semantics: NAME`, or a mapping that takes a preset and changes some of its differences:
//
//   semantics: {preset: llm-d-async-0.9, retry_transport_errors: true}
#include "engine/config/text/reader.h"
#include "engine/types/semantics.h"

namespace penstock {

// Penstock's own when `key` is absent.
Semantics readSemantics(Reader& reader, std::string_view key);

} // namespace penstock
