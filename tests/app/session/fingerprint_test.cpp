// SPDX-License-Identifier: Apache-2.0
// A run is the same run however it is paced and however often it is looked at: stepped, paced, fast,
// with its frames taken or left, it ends with the fingerprint that it has headless.
#include "tests/app/session/session_support.h"

namespace penstock::app {
namespace {

using namespace test;

TEST(SessionFingerprint, fastIsHeadless) {
    for (const char* name : {"code-onoff", "reopen-stampede", "floor-of-the-poll"}) {
        auto run = begin(scenario(name, 3min));
        run->send(RunFast{});
        Seen seen;
        ASSERT_TRUE(watch(*run, seen, over)) << name;
        EXPECT_EQ(seen.last.status, RunStatus::finished) << seen.last.error;
        EXPECT_EQ(seen.last.fingerprint, headless(scenario(name, 3min))) << name;
    }
}

} // namespace
} // namespace penstock::app
