// SPDX-License-Identifier: Apache-2.0
#pragma once

// Durations as documents write them: Go's syntax ("300ms", "1.5h", "1m30s"), whose units are ns, us
// (or µs), ms, s, m and h. A bare number is an error that shows what to write, except "0".
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <string>
#include <string_view>

namespace penstock {

Result<Duration> goDuration(std::string_view text);

// The shortest text that goDuration() reads back to the same value: "1m30s", "250ms".
std::string durationText(Duration duration);

} // namespace penstock
