// SPDX-License-Identifier: Apache-2.0
// Goal: a calibration finds constants that explain what was measured, and says what it cannot know.
// Method: the load model itself makes measurements with constants that differ from the start; the
// fit sees only them. What it predicts must be what was measured, also for rows it has not seen;
// constants that the rows cannot tell apart must be called free.
#include "sim/calibration/fit_report.h"
#include "tests/sim/calibration/support.h"

#include <fmt/format.h>

#include <cmath>

namespace penstock::sim {
namespace {

Candidate truth() {
    Candidate c;
    c.constants.weightEfficiency = 0.70;
    c.constants.computeEfficiency = 0.52;
    c.constants.kvEfficiency = 0.88;
    c.constants.stepSeconds = 2.4e-3;
    c.constants.sequenceSeconds = 7e-6;
    c.constants.reduceSeconds = 16e-6;
    c.a0Ms = {{"H100 Llama-3.1-8B", 25.0}};
    return c;
}

FitOptions quick() {
    FitOptions o;
    o.starts = 1;
    o.iterations = 12;
    o.threads = 2;
    return o;
}

const FittedParameter& find(const Fit& fit, const std::string& name) {
    for (const FittedParameter& p : fit.parameters) {
        if (p.name == name) return p;
    }
    ADD_FAILURE() << "no parameter " << name;
    return fit.parameters.front();
}

double worstError(const Measurements& m, const Fit& fit, Quantity quantity) {
    double worst = 0.0;
    for (std::size_t s = 0; s < m.sets.size(); ++s) {
        for (std::size_t r = 0; r < m.sets[s].rows.size(); ++r) {
            const MeasuredRow& row = m.sets[s].rows[r];
            if (weightOf(m.sets[s], row, quantity) == 0.0) continue;
            worst = std::max(
                worst, std::abs(fit.predicted[s][r][quantity] / row.measured[quantity] - 1.0));
        }
    }
    return worst;
}

TEST(Fit, findsConstantsThatExplainWhatOthersMade) {
    const Measurements m = test::asMeasuredBy(test::smallPlan(), truth());
    const auto found = fit(m, Candidate{}, quick());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_LT(found->loss, 0.02 * found->startLoss);
    EXPECT_LT(worstError(m, *found, Quantity::tpot), 0.02);
    EXPECT_LT(worstError(m, *found, Quantity::e2e), 0.02);
    // What the rows see well comes back as it was.
    EXPECT_NEAR(find(*found, "e_c").value, 0.52, 0.03);
    EXPECT_NEAR(find(*found, "a0 (H100 Llama-3.1-8B)").value, 25.0, 2.0);
    for (const FittedParameter& p : found->parameters) {
        EXPECT_GE(p.value, p.least * (1 - 1e-9)) << p.name;
        EXPECT_LE(p.value, p.most * (1 + 1e-9)) << p.name;
    }
    EXPECT_GT(found->condition, 1.0);
    EXPECT_FALSE(found->weakest.empty());
}

TEST(Fit, movesNothingWhenTheStartIsRight) {
    const Measurements m = test::asMeasuredBy(test::smallPlan(), Candidate{});
    const auto found = fit(m, Candidate{}, quick());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_NEAR(found->startLoss, 0.0, 1e-12);
    EXPECT_DOUBLE_EQ(found->candidate.constants.weightEfficiency, StepConstants{}.weightEfficiency);
    EXPECT_DOUBLE_EQ(found->candidate.constants.tokenSeconds, StepConstants{}.tokenSeconds);
}

TEST(Fit, sameAnswerOnAnyNumberOfThreads) {
    const Measurements m = test::asMeasuredBy(test::smallPlan(), truth());
    FitOptions one = quick(), three = quick();
    one.iterations = three.iterations = 2;
    one.threads = 1;
    three.threads = 3;
    const auto a = fit(m, Candidate{}, one), b = fit(m, Candidate{}, three);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->loss, b->loss);
    EXPECT_EQ(a->candidate.constants.kvEfficiency, b->candidate.constants.kvEfficiency);
}

// One model on one GPU: an overhead of the step and one of each layer are the same thing, and
// nothing is said of links.
TEST(Fit, saysWhatTheDataCannotTellApart) {
    Measurements m = test::smallPlan();
    m.sets.erase(m.sets.begin());
    m = test::asMeasuredBy(m, truth());
    const auto found = fit(m, Candidate{}, quick());
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_TRUE(find(*found, "c_l").free);
    EXPECT_GT(found->condition, 1000.0);
    for (const FittedParameter& p : found->parameters) {
        EXPECT_NE(p.name, "e_nv");
        EXPECT_NE(p.name, "r0");
    }
    EXPECT_NE(toText({&m, &*found, {}}, true).find("The data leaves open"), std::string::npos);
}

TEST(Fit, keepsToItsBoundsAndSaysSo) {
    const Measurements m = test::asMeasuredBy(test::smallPlan(), truth());
    FitOptions o = quick();
    o.parameters = {"e_c", "e_w", "c0"};
    o.bounds = {{"e_c", 0.58, 0.70}};
    o.fitA0 = false;
    const auto found = fit(m, Candidate{}, o);
    ASSERT_TRUE(found) << found.error().text();
    ASSERT_EQ(found->parameters.size(), 3U);
    EXPECT_NEAR(find(*found, "e_c").value, 0.58, 1e-9);
    EXPECT_TRUE(find(*found, "e_c").atBound);
    EXPECT_EQ(found->candidate.constants.overlap, StepConstants{}.overlap);
}

TEST(Fit, refusesWhatItCannotDo) {
    const Measurements m = test::smallPlan();
    FitOptions o = quick();
    o.parameters = {"e_x"};
    const auto unknown = fit(m, Candidate{}, o);
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("\"e_x\" is not a parameter"), std::string::npos);
    auto spec = test::specFor(test::write("given.csv", "concurrency,isl,osl,tpot_ms\n1,100,10,5\n"),
                              "{step_time: {base: 0.005}, kv_blocks: 1000}");
    const auto lawless = fit(test::read(spec).value(), Candidate{}, quick());
    ASSERT_FALSE(lawless);
    EXPECT_NE(lawless.error().message.find("nothing to fit"), std::string::npos);
}

TEST(CrossValidation, predictsWhatWasLeftOut) {
    const Measurements m = test::asMeasuredBy(test::smallPlan(), truth());
    FitOptions o = quick();
    o.iterations = 6;
    const auto whole = fit(m, Candidate{}, o);
    ASSERT_TRUE(whole);
    const auto held = crossValidate(m, Candidate{}, *whole, o);
    ASSERT_TRUE(held) << held.error().text();
    ASSERT_EQ(held->size(), 4U); // tp 2, 4, 8 and the load stages
    EXPECT_EQ(held->front().group, "calibration-loops.csv, tp 2");
    for (const HeldOut& h : *held) {
        EXPECT_LT(h.outside.mean[static_cast<std::size_t>(Quantity::tpot)], 0.06) << h.group;
        // It is another fit, or nothing was left out.
        EXPECT_NE(h.candidate.constants.weightEfficiency,
                  whole->candidate.constants.weightEfficiency)
            << h.group;
    }
}

// One file without groups still says how well a row is predicted that the fit has not seen.
TEST(CrossValidation, takesASingleGroupApart) {
    std::string text = "offered_rps,prompt_tokens,output_tokens,ttft_ms,tpot_ms,e2e_ms\n";
    for (const int rate : {1, 20, 40, 60})
        text += fmt::format("{},200,60,30,8,500\n", rate);
    auto spec = test::specFor(test::write("single.csv", text), "{gpu: H100, model: Llama-3.1-8B}");
    spec.seconds = 5.0;
    const Measurements m = test::asMeasuredBy(test::read(spec).value(), truth());
    FitOptions o = quick();
    o.iterations = 4;
    const auto whole = fit(m, Candidate{}, o);
    ASSERT_TRUE(whole);
    const auto held = crossValidate(m, Candidate{}, *whole, o);
    ASSERT_TRUE(held) << held.error().text();
    ASSERT_EQ(held->size(), 4U);
    EXPECT_EQ(held->front().group, "1.00 rps");
    for (const HeldOut& h : *held) {
        EXPECT_EQ(h.outside.rows, 1U);
        EXPECT_LT(h.outside.mean[static_cast<std::size_t>(Quantity::tpot)], 0.1) << h.group;
    }
    EXPECT_NE(toText({&m, &*whole, {}}, false).find("No cross-validation"), std::string::npos);
}

// Seconds where milliseconds belong are not fitted over in silence.
TEST(Calibration, asksWhetherTheUnitIsRight) {
    Measurements m = test::asMeasuredBy(test::smallPlan(), truth());
    FitOptions o = quick();
    o.iterations = 1;
    const auto right = fit(m, truth(), o);
    ASSERT_TRUE(right);
    EXPECT_TRUE(toJson({&m, &*right, {}})["warnings"].empty());
    for (MeasuredRow& row : m.sets[0].rows)
        row.measured[Quantity::tpot] *= 1e-3;
    const auto wrong = fit(m, truth(), o);
    ASSERT_TRUE(wrong);
    const std::string text = toText({&m, &*wrong, {}}, false);
    EXPECT_NE(text.find("warning: calibration-loops.csv: simulated TPOT is"), std::string::npos)
        << text;
}

TEST(Calibration, writesAProfileThatReadsBackTheSame) {
    const Measurements m = test::asMeasuredBy(test::smallPlan(), truth());
    FitOptions o = quick();
    o.iterations = 3;
    const auto found = fit(m, Candidate{}, o);
    ASSERT_TRUE(found);
    const Calibration c{&m, &*found, {}};
    const Profile profile = toProfile(c, "mine", "A \"test\".");
    const auto back = readProfile(test::write("profile.yaml", toYaml(profile)));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->name, "mine");
    EXPECT_NE(back->about.find("A \"test\"."), std::string::npos);
    ASSERT_EQ(back->fittedTo.size(), 2U);
    for (const FitParameter& p : fitParameters()) {
        const double value = found->candidate.constants.*p.member;
        EXPECT_NEAR(back->constants.*p.member, value, 1e-3 * value) << p.name;
    }
    const auto json = toJson(c);
    EXPECT_EQ(json["schema"], "penstock.calibration/1");
    EXPECT_EQ(json["measurements"][0]["rows"].size(), 18U);
}

} // namespace
} // namespace penstock::sim
