// SPDX-License-Identifier: Apache-2.0
#pragma once

// The score of a run: its distance to a perfect gate on the same traffic, pool, faults and seed.
// One number to lower, made of three shares that each say something by themselves:
//
//   lost_goodput   1 - G / G*     of the output tokens that queued work got in time behind the
//                                 perfect gate, the share that it did not get here
//   needless_wait  1 - W* / W     of all the time that interactive users waited for first tokens
//                                 here, the share that the perfect gate would have spared them
//   failed_users   F - F*         of the interactive requests, the share that failed here and would
//                                 not have behind the perfect gate
//
// each at least 0 (being better in one thing does not pay for being worse in another), and the
// score is their sum: 0 as good as the perfect gate, 1 as bad as doing no batch work at all, or as
// making users wait for ever; at most 3. W is the mean time to first token of all interactive
// sources after warm-up, weighted by their requests; requests that failed have none and are counted
// in F. Shares of a total, not ratios of percentiles, so that a stampede cannot drown lost work,
// nor a few requests of the tail all others.
//
// Where the perfect gate itself got nothing done there is nothing to compare with: no score.
//
// Pure arithmetic on two reports: running the other world is sim's business.
#include "engine/record/measures/histogram.h"

namespace penstock {

struct Report;

struct ScoreReport {
    double value = kUnmeasured; // the sum of the three
    double lostGoodput = kUnmeasured;
    double needlessWait = kUnmeasured;
    double failedUsers = kUnmeasured;
    // What the perfect gate got: output tokens in time a second, mean TTFT, share that failed.
    double perfectTokensPerSecond = kUnmeasured;
    double perfectTtftMs = kUnmeasured;
    double perfectFailedShare = kUnmeasured;
};

ScoreReport scoreAgainst(const Report& run, const Report& perfect);

} // namespace penstock
