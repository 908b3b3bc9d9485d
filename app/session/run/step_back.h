// SPDX-License-Identifier: Apache-2.0
#pragma once

// For threads that work while a person does something else: the window and the run on the screen
// have the processor first.
#include <sys/resource.h>
#include <unistd.h>

namespace penstock::app {

// The calling thread goes last among those that want the processor. On Linux niceness is a thread's
// own; a refusal costs nothing but smoothness.
inline void stepBack() {
    constexpr int kNice = 10;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
}

} // namespace penstock::app
