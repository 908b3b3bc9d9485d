// SPDX-License-Identifier: Apache-2.0
#pragma once

// From files to measurements. A plan (YAML) lists measured files, says which server each was taken
// from and how its clients behaved; resources/measurements.yaml is one. A single file can also be
// described on the command line. What kind of experiment a file holds is seen from its columns:
//
//   load stages   offered_rps, prompt_tokens, output_tokens;
//                 measured: completed_rps, ttft_ms, tpot_ms, e2e_ms (means; at least one)
//   closed loop   concurrency, isl, osl; measured: ttft_ms, tpot_ms, e2e_ms
//   request log   queued_ts or arrival_time or sent_s (seconds), input_toks, output_toks;
//                 measured: first_token_ts and last_token_ts of the same clock, or ttft_ms and
//                 e2e_ms
//
// Other common names of these columns are understood (prompt_tokens_mean, ttft_mean_ms …; the list
// is in row_reader.cpp, and in `penstock calibrate --help`), `columns` of a plan maps any others,
// and columns called like a key of pool.replicas[] (gpu, model, tp, max_num_seqs, …) say it for
// their row.
#include "engine/config/text/document.h"
#include "sim/calibration/measurement.h"
#include "sim/calibration/parameters.h"
#include "sim/scenario/replica_reader.h"

#include <map>
#include <string>
#include <vector>

namespace penstock::sim {

// One measured file and how to read it.
struct MeasurementSpec {
    std::string name;
    std::string file;
    std::string source;
    std::string deployment; // empty: GPU + model
    bool fit = true;
    std::map<std::string, std::string> where;   // rows with these cells only
    std::map<std::string, std::string> columns; // our name -> the file's
    std::vector<std::string> groupBy;           // columns; each combination is left out in turn
    // How the clients behaved, where the file does not say.
    double seconds = 60.0;
    std::int64_t inFlightMax = 0;
    std::int64_t distinctPrompts = 0;
    std::int32_t rounds = 6;    // of a closed loop: requests of each user
    bool startTogether = false; // or evenly over the time of one request
    std::string series;         // of a log: CSV with t, running, waiting
    // The replica, keys as in pool.replicas[], as a document with that mapping at its root.
    Document replica = Document::mapping("replica");
    std::vector<Check> checks;
};

struct Plan {
    std::vector<MeasurementSpec> measurements;
    std::vector<Bound> bounds;
    // Where a fit begins and what it stays near; the defaults of the law where the plan says
    // nothing, so that a plan which says all gives the same fit whatever the defaults have become.
    StepConstants start;
};

// Reads a plan; its paths are taken from `dataDirectory`, or from the plan's folder if that is
// empty.
Result<Plan> readPlan(const std::string& path, const std::string& dataDirectory);

// Reads the files. With `tolerant`, those that are not there and those that are broken are listed
// instead of refused, each kind apart.
Result<Measurements> readMeasurements(const std::vector<MeasurementSpec>& specs,
                                      const Hardware& hardware, bool tolerant);

// Reads one file's rows into a set (row_reader.cpp).
Status readRows(const MeasurementSpec& spec, const Hardware& hardware, Measurements& out);

} // namespace penstock::sim
