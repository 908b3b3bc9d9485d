// SPDX-License-Identifier: Apache-2.0
// Goal: the load model stands where real servers were measured. Method: the experiments of the
// shipped plan are repeated with the default constants, and every check of the plan must hold.
// Skipped where the measurements are absent.
#include "sim/validation/validation.h"
#include "tests/sim/calibration/support.h"

#include <algorithm>

namespace penstock::sim {
namespace {

const std::string kData = test::kRoot + "/../shared/data";

ValidationOptions defaults() {
    ValidationOptions o;
    o.threads = 2;
    return o;
}

TEST(Measured, EveryCheckOfTheShippedPlanHolds) {
    if (!std::filesystem::exists(kData + "/calibration")) {
        GTEST_SKIP() << "no measurements at " << kData;
    }
    const auto plan = readPlan(test::kRoot + "/resources/measurements.yaml", kData);
    ASSERT_TRUE(plan) << plan.error().text();
    const auto m = readMeasurements(plan->measurements, test::hardware(), false);
    ASSERT_TRUE(m) << m.error().text();
    std::size_t checks = 0;
    for (const ValidationSection& section : measuredSections(*m, defaults())) {
        EXPECT_FALSE(section.charts.empty()) << section.title;
        for (const ValidationCheck& c : section.checks) {
            std::printf("  %-70s should be %-10s is %-40s error %s\n", c.name.c_str(),
                        c.expected.c_str(), c.found.c_str(), c.error.c_str());
            EXPECT_EQ(c.outcome, ValidationCheck::Outcome::pass) << c.name << " " << c.error;
            ++checks;
        }
    }
    EXPECT_GE(checks, 20U);
}

// The rows were measured, not made: the sets have the sizes and limits that their files have.
TEST(Measured, TheShippedPlanReadsEveryRow) {
    if (!std::filesystem::exists(kData + "/calibration")) {
        GTEST_SKIP() << "no measurements at " << kData;
    }
    const auto plan = readPlan(test::kRoot + "/resources/measurements.yaml", kData);
    const auto m = readMeasurements(plan->measurements, test::hardware(), false);
    ASSERT_TRUE(m) << m.error().text();
    const std::size_t rows[] = {7, 7, 7, 30, 30, 10};
    ASSERT_EQ(m->sets.size(), std::size(rows));
    for (std::size_t s = 0; s < m->sets.size(); ++s)
        EXPECT_EQ(m->sets[s].rows.size(), rows[s]) << m->sets[s].name;
    const auto& loops = m->sets[4].rows;
    EXPECT_EQ(std::count_if(loops.begin(), loops.end(), [](const auto& r) { return r.saturated; }),
              3);
    EXPECT_EQ(m->sets[5].requests.size(), 300U);
    EXPECT_GT(m->sets[5].series.size(), 150U);
}

TEST(Validation, KnowsAWrongModelFromARightOne) {
    ValidationOptions o = defaults();
    o.sections = {"physics"};
    EXPECT_TRUE(validate({}, test::hardware(), o).passed());
    o.profile.constants.weightEfficiency = 0.5;
    const Validation wrong = validate({}, test::hardware(), o);
    EXPECT_FALSE(wrong.passed());
    EXPECT_NE(toMarkdown(wrong).find("FAIL"), std::string::npos);
    EXPECT_NE(toHtml(wrong).find("class=\"fail\""), std::string::npos);
}

TEST(Validation, WhatIsNotThereIsSkippedAndSaid) {
    const auto plan = readPlan(test::kRoot + "/resources/measurements.yaml", "/nowhere");
    const auto m = readMeasurements(plan->measurements, test::hardware(), true);
    ASSERT_TRUE(m) << m.error().text();
    ValidationOptions o = defaults();
    o.sections = {"measured"};
    const Validation v = validate(*m, test::hardware(), o);
    EXPECT_TRUE(v.passed());
    EXPECT_EQ(v.count(ValidationCheck::Outcome::skipped), 6U);
    EXPECT_NE(toMarkdown(v).find("no file /nowhere/"), std::string::npos);
}

TEST(Validation, WhatCannotBeReadFailsAndIsNamed) {
    Measurements m;
    m.unreadable.emplace_back("mine", Error{"is no number", "mine.csv", 2, 9});
    ValidationOptions o = defaults();
    o.sections = {"measured"};
    const Validation v = validate(m, test::hardware(), o);
    EXPECT_FALSE(v.passed());
    EXPECT_NE(toMarkdown(v).find("mine.csv:2:9"), std::string::npos);
}

TEST(Validation, InvariantsAndOverloadHold) {
    ValidationOptions o = defaults();
    o.sections = {"invariants", "overload"};
    const Validation v = validate({}, test::hardware(), o);
    for (const ValidationSection& section : v.sections) {
        for (const ValidationCheck& c : section.checks) {
            std::printf("  %-60s %-24s %s\n", c.name.c_str(), c.expected.c_str(), c.found.c_str());
            EXPECT_EQ(c.outcome, ValidationCheck::Outcome::pass) << c.name << ": " << c.found;
        }
    }
    const auto json = toJson(v);
    EXPECT_EQ(json["schema"], "penstock.validation/1");
    EXPECT_EQ(json["sections"].size(), 2U);
}

// A page with curves in it that needs nothing from anywhere.
TEST(Validation, ThePageHoldsItsCurves) {
    XyChart chart;
    chart.title = "A < B";
    chart.xLabel = "x";
    chart.logY = true;
    chart.series = {
        {"line", 0, false, {{0, 1}, {1, 10}, {2, 1000}}},
        {"", 0, true, {{1, 12}, {1.5, 0}, {2, std::numeric_limits<double>::quiet_NaN()}}}};
    const std::string figure = toSvgFigure(chart);
    EXPECT_NE(figure.find("A &lt; B"), std::string::npos);
    const auto count = [&](const std::string& what) {
        std::size_t n = 0;
        for (auto at = figure.find(what); at != std::string::npos; at = figure.find(what, at + 1))
            ++n;
        return n;
    };
    EXPECT_EQ(count("<circle"), 1U) << "what a log scale cannot show is left out";
    EXPECT_EQ(count("class=\"line"), 1U);
    EXPECT_TRUE(toSvgFigure({}).empty());
    Validation v;
    v.sections.push_back({"Section", "about", {checkHolds("c", "so", "so", true)}, {chart}, {}});
    const std::string page = toHtml(v);
    EXPECT_EQ(page.find("http"), std::string::npos);
    EXPECT_NE(page.find("prefers-color-scheme:dark"), std::string::npos);
}

} // namespace
} // namespace penstock::sim
