// SPDX-License-Identifier: Apache-2.0
// Goal: the score is the sum of its three shares, 0 against itself, and each share moves with the
// one thing it speaks of. Method: reports made by hand.
#include "engine/record/report/report.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock {
namespace {

Report report(double tokensPerSecond, double ttftMs, std::uint64_t failed = 0) {
    Report out;
    QueueReport queue;
    queue.name = "batch";
    queue.goodputTokensPerSecond = tokensPerSecond;
    out.queues.push_back(queue);
    SourceReport users;
    users.name = "chat";
    users.completed = 1000 - failed;
    users.failed = failed;
    users.ttftMs.mean = ttftMs;
    users.ttftMs.count = 1000 - failed;
    out.sources.push_back(users);
    SourceReport batch;
    batch.name = "batch";
    batch.interactive = false;
    batch.failed = 500; // queued work's failures are lost goodput, not failed users
    batch.ttftMs.mean = 1e6;
    batch.ttftMs.count = 10;
    out.sources.push_back(batch);
    return out;
}

TEST(Score, isTheSumOfWhatWasLost) {
    struct Case {
        const char* what;
        Report run;
        double lost, needless, failed;
    };
    const Report perfect = report(2000, 100);
    for (const Case& c : {
             Case{"the same", report(2000, 100), 0, 0, 0},
             Case{"half the goodput", report(1000, 100), 0.5, 0, 0},
             Case{"no batch work at all", report(0, 100), 1, 0, 0},
             Case{"users wait twice as long", report(2000, 200), 0, 0.5, 0},
             Case{"ten times", report(2000, 1000), 0, 0.9, 0},
             Case{"a tenth fails", report(2000, 100, 100), 0, 0, 0.1},
             Case{"both", report(1500, 400), 0.25, 0.75, 0},
             Case{"better in both is as good as it gets", report(3000, 50), 0, 0, 0},
             Case{"better in one does not pay for the other", report(4000, 200), 0, 0.5, 0},
         }) {
        const ScoreReport score = scoreAgainst(c.run, perfect);
        EXPECT_NEAR(score.lostGoodput, c.lost, 1e-12) << c.what;
        EXPECT_NEAR(score.needlessWait, c.needless, 1e-12) << c.what;
        EXPECT_NEAR(score.failedUsers, c.failed, 1e-12) << c.what;
        EXPECT_NEAR(score.value, c.lost + c.needless + c.failed, 1e-12) << c.what;
    }
}

TEST(Score, takesNothingFromNothing) {
    const ScoreReport empty = scoreAgainst(Report{}, Report{});
    EXPECT_TRUE(std::isnan(empty.value)); // the best possible did nothing either
    const ScoreReport noUsers = scoreAgainst(report(1000, 0), report(2000, 0));
    EXPECT_EQ(noUsers.value, 0.5);
}

TEST(Score, isInTheReportOnlyWhereAsked) {
    Report run = report(1500, 400);
    EXPECT_FALSE(toJson(run).contains("score"));
    EXPECT_EQ(toText(run).find("perfect gate"), std::string::npos);
    run.score = scoreAgainst(run, report(2000, 100));
    const Json json = toJson(run);
    EXPECT_NEAR(json["score"].get<double>(), 1.0, 1e-12);
    EXPECT_NEAR(json["score_parts"]["lost_goodput"].get<double>(), 0.25, 1e-12);
    EXPECT_NEAR(json["score_parts"]["perfect_gate"]["mean_ttft_ms"].get<double>(), 100, 1e-12);
    EXPECT_NE(toText(run).find("score 1.000"), std::string::npos) << toText(run);
}

} // namespace
} // namespace penstock
