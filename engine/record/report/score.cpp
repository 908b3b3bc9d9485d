// SPDX-License-Identifier: Apache-2.0
#include "engine/record/report/score.h"

#include "engine/record/report/report.h"

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {

struct Users {
    double ttftMs = kUnmeasured;
    double failedShare = 0; // 0 where there are none
};

Users usersOf(const Report& report) {
    double waited = 0;
    double answered = 0;
    double failed = 0;
    double ended = 0;
    for (const SourceReport& s : report.sources) {
        if (!s.interactive) continue;
        if (s.ttftMs.count > 0) {
            const auto count = static_cast<double>(s.ttftMs.count);
            waited += s.ttftMs.mean * count;
            answered += count;
        }
        failed += static_cast<double>(s.failed);
        ended += static_cast<double>(s.failed + s.completed);
    }
    return {answered > 0 ? waited / answered : kUnmeasured, ended > 0 ? failed / ended : 0.0};
}

double goodputOf(const Report& report) {
    double tokens = 0;
    for (const QueueReport& q : report.queues)
        tokens += q.goodputTokensPerSecond;
    return tokens;
}

// 1 - small / large, 0 where the one that should be smaller is not, or one is not known.
double shortOf(double small, double large) {
    return large > 0 && small < large ? 1.0 - small / large : 0.0;
}

} // namespace

ScoreReport scoreAgainst(const Report& run, const Report& perfect) {
    const Users here = usersOf(run);
    const Users there = usersOf(perfect);
    ScoreReport score;
    score.perfectTokensPerSecond = goodputOf(perfect);
    score.perfectTtftMs = there.ttftMs;
    score.perfectFailedShare = there.failedShare;
    if (score.perfectTokensPerSecond <= 0 && std::isnan(there.ttftMs)) return score;
    score.lostGoodput = shortOf(goodputOf(run), score.perfectTokensPerSecond);
    // Without an answer here there is no wait to compare: those are failures.
    score.needlessWait = shortOf(there.ttftMs, here.ttftMs);
    score.failedUsers = std::max(0.0, here.failedShare - there.failedShare);
    score.value = score.lostGoodput + score.needlessWait + score.failedUsers;
    return score;
}

} // namespace penstock
