// SPDX-License-Identifier: Apache-2.0
// Goal: an expectation says true, false, or in words why it cannot be said. Method: a table over a
// small document.
#include "engine/record/report/expectation.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

Json document() {
    return Json::parse(R"({
        "queues": {"batch": {"succeeded": 90, "late": 0}, "bulk.v2": {"succeeded": 10}},
        "sources": {"chat": {"ttft_ms": {"p99": 480.5}}, "gone": {"ttft_ms": {"p99": null}}},
        "gates": {"pool:default": {"verdict": "inert", "closed_share": 0.25}},
        "advice": [{"code": "gate-cannot-close"}],
        "ok": true
    })");
}

TEST(Expectation, table) {
    struct Case {
        const char* expr;
        bool pass;
    };
    for (const Case& c : {Case{"queues.batch.late == 0", true}, Case{"queues.batch.late==0", true},
                          Case{"sources.chat.ttft_ms.p99 <= 500", true},
                          Case{"sources.chat.ttft_ms.p99 < 480.5", false},
                          Case{"gates.pool:default.closed_share > 0.2", true},
                          Case{"gates.pool:default.verdict == inert", true},
                          Case{"gates.pool:default.verdict == \"inert\"", true},
                          Case{"gates.pool:default.verdict != active", true},
                          Case{"queues.bulk.v2.succeeded >= 10", true},
                          Case{"queues.batch.succeeded > queues.bulk.v2.succeeded", true},
                          Case{"advice[0].code == gate-cannot-close", true},
                          Case{"ok == true", true}, Case{"ok == false", false}}) {
        const auto result = evaluate(document(), c.expr);
        EXPECT_EQ(result.pass, c.pass) << c.expr << ": " << result.error;
        EXPECT_EQ(result.error, "") << c.expr;
    }
}

// A user who got no answer waited 0 ms for it in no sense: no limit is met, and no other is missed.
TEST(Expectation, whatWasNotMeasuredMeetsNothing) {
    for (const char* expr : {"sources.gone.ttft_ms.p99 <= 500", "sources.gone.ttft_ms.p99 > 500",
                             "sources.gone.ttft_ms.p99 == 0", "sources.gone.ttft_ms.p99 != 0",
                             "sources.chat.ttft_ms.p99 > sources.gone.ttft_ms.p99",
                             "sources.gone.ttft_ms.p99 == sources.gone.ttft_ms.p99"}) {
        const auto result = evaluate(document(), expr);
        EXPECT_FALSE(result.pass) << expr;
        EXPECT_TRUE(result.unmeasured) << expr;
        EXPECT_EQ(result.error, "nothing was measured for \"sources.gone.ttft_ms.p99\"") << expr;
    }
    // It is a number all the same, and a slip beside it is one.
    const auto slip = evaluate(document(), "sources.gone.ttft_ms.p99 <= few");
    EXPECT_FALSE(slip.unmeasured);
    EXPECT_NE(slip.error.find("neither a number nor a path"), std::string::npos) << slip.error;
}

TEST(Expectation, comparesWithFiniteNumbersOnly) {
    for (const char* expr : {"queues.batch.late != nan", "queues.batch.late <= inf",
                             "queues.batch.late >= -infinity", "queues.batch.late == NaN"}) {
        const auto parsed = parseExpectation(expr);
        ASSERT_FALSE(parsed) << expr;
        EXPECT_NE(parsed.error().message.find("finite number"), std::string::npos);
    }
}

TEST(Expectation, whatCannotBeSaidIsSaidSo) {
    struct Case {
        const char* expr;
        const char* says;
    };
    for (const Case& c :
         {Case{"queues.batch.sucseeded == 1", "did you mean \"queues.batch.succeeded\""},
          Case{"queues.nothing.like.this == 1", "\"queues\" has batch, bulk.v2"},
          Case{"queues.batch.late", "no operator"},
          Case{"queues.batch.late = 0", "== != < <= > >="}, Case{"== 0", "lacks a side"},
          Case{"queues.batch.late ==", "lacks a side"}, Case{"queues.batch == 1", "not one value"},
          Case{"queues.batch.late == few", "neither a number nor a path"},
          Case{"gates.pool:default.verdict == 3", "cannot be compared"},
          Case{"advice[7].code == x", "did you mean"}}) {
        const auto result = evaluate(document(), c.expr);
        EXPECT_FALSE(result.pass) << c.expr;
        EXPECT_NE(result.error.find(c.says), std::string::npos) << c.expr << ": " << result.error;
    }
}

} // namespace
} // namespace penstock
