// SPDX-License-Identifier: Apache-2.0
// Goal: durations are read as Go's time.ParseDuration reads them and written so that they read
// back, and a mistyped name finds its neighbour. Method: tables, and a round trip over magnitudes.
#include "engine/types/duration_text.h"
#include "engine/types/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, readsGosGrammar) {
    const std::pair<const char*, Duration> cases[] = {
        {"0", 0s},
        {"5s", 5s},
        {"1m30s", 90s},
        {"1.5h", 90min},
        {"250ms", 250ms},
        {"100us", 100us},
        {"100µs", 100us},
        {"7ns", Duration{7}},
        {"-2s", -2s},
        {"+2s", 2s},
        {".5s", 500ms},
        {"1.s", 1s},
        {"1h2m3s4ms", 1h + 2min + 3s + 4ms},
        {"0.1s", 100ms},
        {"30s30s", 60s},
        {"9223372036854775807ns", Duration{INT64_MAX}},
    };
    for (const auto& [text, duration] : cases) {
        const auto read = goDuration(text);
        ASSERT_TRUE(read) << text << ": " << read.error().message;
        EXPECT_EQ(*read, duration) << text;
    }
}

TEST(DurationText, refusesWhatGoRefuses) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "empty"},
        {"5", "unit is missing"},
        {"s", "number is missing"},
        {"1d", "unknown unit"},
        {"1.2.3s", "two decimal"},
        {"300000h", nullptr},
        {"3000000h", "too large"},
        {"1e3s", "unknown unit"},
        {" 5s", "number is missing"},
        {"5 s", "unknown unit"},
        {"-", "empty"},
        {".s", "number is missing"},
    };
    for (const auto& [text, why] : cases) {
        const auto read = goDuration(text);
        EXPECT_EQ(read.has_value(), why == nullptr) << text;
        if (!read && why != nullptr) {
            EXPECT_NE(read.error().message.find(why), std::string::npos) << read.error().message;
        }
    }
}

TEST(DurationText, writesWhatReadsBack) {
    EXPECT_EQ(durationText(0s), "0s");
    EXPECT_EQ(durationText(90s), "1m30s");
    EXPECT_EQ(durationText(1500ms), "1s500ms");
    EXPECT_EQ(durationText(-90s), "-1m30s");
    for (std::int64_t ns = 1; ns < INT64_MAX / 11; ns = ns * 11 + 3) {
        EXPECT_EQ(*goDuration(durationText(Duration{ns})), Duration{ns});
    }
}

TEST(Suggest, findsTheSlipAndNothingElse) {
    constexpr std::array<std::string_view, 4> kNames{"threshold", "fallback", "namespace", "pool"};
    for (const auto& [wanted, near] : {std::pair{"treshold", "threshold"},
                                       {"thershold", "threshold"},
                                       {"fallbck", "fallback"},
                                       {"pol", "pool"},
                                       {"opol", "pool"},
                                       {"limit", ""},
                                       {"", ""}}) {
        EXPECT_EQ(closestName(wanted, kNames), near) << wanted;
    }
}

} // namespace
} // namespace penstock
