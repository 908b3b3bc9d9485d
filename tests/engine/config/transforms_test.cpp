// SPDX-License-Identifier: Apache-2.0
// Goal: gcs_uri_multipart rewrites what it owns, leaves alone what it does not, and refuses what
// cannot succeed. Method: a table of payloads, and names that try to break out of their header.
#include "engine/config/documents/transforms.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;

const TransformChain kChain({{"w", "gcs_uri_multipart", {"whisper", "ocr"}, {}}});
const Labels kOwned{{"provider", "whisper"}};

TEST(Transforms, rewriteWhatTheyOwn) {
    const auto body = kChain.apply(
        R"({"gcs_uri":"https://b/o?Expires=2000","model":"m","n":1.50,"on":true,"none":null,)"
        R"("list":[1, 2],"file_base64":""})",
        kOwned, 1999);
    ASSERT_TRUE(body && *body);
    const std::string boundary = (*body)->contentType.substr(30);
    EXPECT_EQ((*body)->contentType, "multipart/form-data; boundary=" + boundary);
    const auto part = [&](std::string_view name, std::string_view value) {
        return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + std::string(name) +
               "\"\r\n\r\n" + std::string(value) + "\r\n";
    };
    EXPECT_EQ((*body)->body, part("url", "https://b/o?Expires=2000") + part("model", "m") +
                                 part("n", "1.50") + part("on", "true") + part("none", "") +
                                 part("list", "[1, 2]") + "--" + boundary + "--\r\n");
}

TEST(Transforms, leaveAloneWhatTheyDoNotOwn) {
    const std::vector<std::pair<std::string_view, Labels>> table{
        {R"({"gcs_uri":"x"})", {}},    {R"({"gcs_uri":"x"})", {{"provider", "other"}}},
        {R"({"gcs_uri":""})", kOwned}, {R"({"gcs_uri":5})", kOwned},
        {R"({"prompt":"x"})", kOwned}, {R"(not json)", {{"provider", "other"}}},
    };
    for (const auto& [payload, metadata] : table) {
        const auto body = kChain.apply(payload, metadata, 1e9);
        ASSERT_TRUE(body) << payload;
        EXPECT_FALSE(*body) << payload;
    }
    EXPECT_FALSE(*TransformChain().apply("{}", kOwned, 1));
}

TEST(Transforms, refuseWhatCannotSucceed) {
    const std::vector<std::array<std::string_view, 2>> table{
        {R"({"gcs_uri":"https://b/o?Expires=1000"})", "expires at 1000, not after"},
        {R"({"gcs_uri":"https://b/o?X-Goog-Date=19700101T000000Z&X-Goog-Expires=999"})",
         "expires at 999"},
        {R"({"gcs_uri":"u","file_base64":"AAAA"})", "file_base64 cannot be sent"},
        {R"({"gcs_uri":"u")", "not a JSON object"},
        {R"([1])", "not a JSON object"},
    };
    for (const auto& [payload, expected] : table) {
        const auto body = kChain.apply(payload, kOwned, 1000.9);
        ASSERT_FALSE(body) << payload;
        EXPECT_THAT(body.error().message, HasSubstr(expected));
        EXPECT_THAT(body.error().message, testing::StartsWith("transform w: "));
    }
}

TEST(Transforms, readTheEndOfASignedUrl) {
    EXPECT_EQ(signedUrlExpiry("https://b/o?a=b&X-Goog-Date=20260806T120000Z&X-Goog-Expires=3600"),
              1786021200.0);
    EXPECT_EQ(signedUrlExpiry("https://b/o?X-Goog-Date=2026%30806T120000Z&X-Goog-Expires=0#x"),
              1786017600.0);
    EXPECT_EQ(signedUrlExpiry("https://b/o?Expires=1786017600"), 1786017600.0);
    for (const std::string_view url :
         {"https://b/o", "https://b/o?Expires=soon",
          "https://b/o?Expires=", "https://b/o?X-Goog-Date=20261306T120000Z&X-Goog-Expires=1",
          "https://b/o?X-Goog-Date=20260230T120000Z&X-Goog-Expires=1", "%", "?%&=%4"}) {
        EXPECT_FALSE(signedUrlExpiry(url)) << url;
    }
}

TEST(Transforms, aNameCannotBreakOutOfItsHeader) {
    const auto body = kChain.apply(R"({"gcs_uri":"u","a\"\r\nX-Evil: 1":"v"})", kOwned, 1);
    ASSERT_TRUE(body && *body);
    EXPECT_THAT((*body)->body, HasSubstr(R"(name="a\"%0D%0AX-Evil: 1")"));
    EXPECT_THAT((*body)->body, Not(HasSubstr("\r\nX-Evil")));
}

RC_GTEST_PROP(Transforms, noPayloadDoesMoreThanFail, (const std::string& junk)) {
    (void)kChain.apply(junk, kOwned, 1);
    (void)kChain.apply("{\"gcs_uri\":\"" + junk + "\"}", kOwned, 1);
    (void)signedUrlExpiry("?" + junk);
}

} // namespace
} // namespace penstock
