// SPDX-License-Identifier: Apache-2.0
// What events and requests are called in reports.
#include "engine/types/event.h"
#include "engine/types/request.h"
#include "engine/types/result.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Names, EveryEventKindHasOne) {
    for (int kind = 0; kind <= static_cast<int>(EventKind::engine); ++kind) {
        EXPECT_FALSE(name(static_cast<EventKind>(kind)).empty());
    }
}

TEST(TextId, OfASharedEnvelopeHasTheNumber) {
    Envelope envelope;
    envelope.id = "chat";
    Request request;
    request.number = 7;
    EXPECT_EQ(textId(request), "7");
    request.envelope = &envelope;
    EXPECT_EQ(textId(request), "chat");
    envelope.shared = true;
    EXPECT_EQ(textId(request), "chat-7");
}

} // namespace
} // namespace penstock
