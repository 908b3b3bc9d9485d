// SPDX-License-Identifier: Apache-2.0
// Goal: the page is one self-contained, well-formed file that shows every chart and table of a run,
// whatever names are in it. Method: a scripted run is drawn and the page is taken apart by hand.
#include "engine/record/report/html_report.h"
#include "tests/engine/record/scripted_run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

namespace penstock {
namespace {

std::size_t occurrences(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

std::string page(ScriptedRun run, int seconds) {
    Recorder recorder(run.setup);
    play(run, recorder, seconds);
    return toHtml(recorder.report(run.facts), recorder.charts(run.facts.end));
}

TEST(HtmlReport, needsNothingFromAnywhere) {
    const std::string html = page(scriptedRun(600), 600);
    for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url("}) {
        EXPECT_EQ(occurrences(html, outside), 0u) << outside;
    }
    EXPECT_LT(html.size(), 2u << 20);
}

TEST(HtmlReport, drawsEveryChartAndClosesEveryElement) {
    const std::string html = page(scriptedRun(600), 600);
    for (const char* id :
         {"ttft", "gate-0", "depth", "workers-0", "outcomes", "gpu", "batch", "heat"}) {
        EXPECT_EQ(occurrences(html, "<figure id=\"" + std::string(id) + "\""), 1u) << id;
    }
    for (const char* element :
         {"figure", "svg", "table", "tr", "section", "main", "html", "h3", "dl"}) {
        const std::regex opening("<" + std::string(element) + "[ >]");
        const auto opened = std::distance(std::sregex_iterator(html.begin(), html.end(), opening),
                                          std::sregex_iterator());
        EXPECT_EQ(static_cast<std::size_t>(opened),
                  occurrences(html, "</" + std::string(element) + ">"))
            << element;
    }
    EXPECT_EQ(occurrences(html, "nan"), 0u);
    EXPECT_EQ(occurrences(html, "inf,"), 0u);
}

TEST(HtmlReport, namesAreTextAndNothingElse) {
    auto run = scriptedRun(120);
    run.setup.queues[0].name = "<b>&\"x";
    run.setup.parameterNames = {"</script><script>alert(1)"};
    run.facts.lesson = "a < b & c";
    const std::string html = page(run, 120);
    EXPECT_EQ(occurrences(html, "<b>&\"x"), 0u);
    EXPECT_EQ(occurrences(html, "<script>alert"), 0u);
    EXPECT_GE(occurrences(html, "a &lt; b &amp; c"), 1u);
}

TEST(HtmlReport, aRunWithNothingInItIsStillAPage) {
    RecorderSetup setup;
    Recorder recorder(setup);
    RunFacts facts;
    facts.end = Time{std::chrono::seconds{1}};
    const std::string html = toHtml(recorder.report(facts), recorder.charts(facts.end));
    EXPECT_EQ(occurrences(html, "</html>"), 1u);
}

TEST(HtmlReport, hasNoControlCharacters) {
    auto run = scriptedRun(600);
    run.setup.sources[0].name = "chat\x1b[31m";
    run.facts.scenario = "red\x1b]0;title\x07 and \xc2\x9b";
    Recorder recorder(run.setup);
    play(run, recorder, 600);
    const Report report = recorder.report(run.facts);
    for (const std::string& text :
         {toHtml(report, recorder.charts(run.facts.end)), toText(report)}) {
        EXPECT_EQ(occurrences(text, "\x1b"), 0u);
        EXPECT_EQ(occurrences(text, "\x07"), 0u);
        EXPECT_EQ(occurrences(text, "\xc2\x9b"), 0u);
        EXPECT_NE(text.find("chat\\x1b[31m"), std::string::npos);
    }
}

} // namespace
} // namespace penstock
