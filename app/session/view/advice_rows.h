// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `penstock check` finds, as rows of the window's table.
#include "app/session/view/rows.h"
#include "engine/config/advice/advice.h"

namespace penstock::app {

AdviceRow rowOf(const Finding& finding);

} // namespace penstock::app
