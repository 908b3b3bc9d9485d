// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Moments of a made-up run.
#include "engine/types/time.h"

namespace penstock::app {
inline Time at(double seconds) {
    return Time{fromSeconds(seconds)};
}
} // namespace penstock::app
