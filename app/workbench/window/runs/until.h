// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// "Until 20 min", "until +90 s", "until the end", "until queues.batch.succeeded >= 1000": what a
// person types beside the Until button, read as a command.
#include "app/session/view/run_view.h"
#include "engine/types/error.h"

#include <QString>

namespace penstock::app {

// A time is counted from the run's start; with a plus sign, from `head`. The error says what would
// be right.
Result<RunUntil> parseUntil(const QString& typed, const RunInfo& info, Time head);

} // namespace penstock::app
