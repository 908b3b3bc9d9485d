// SPDX-License-Identifier: Apache-2.0
#pragma once

// Measurements for tests: written by the load model itself, so that the truth is known, and the
// files that a test needs.
#include "sim/calibration/fit.h"
#include "sim/calibration/plan_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace penstock::sim::test {

inline const std::string kRoot = PENSTOCK_SOURCE_DIR;

inline const Hardware& hardware() {
    static const Hardware kHardware = Hardware::load(kRoot + "/resources").value();
    return kHardware;
}

inline std::string write(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(::testing::TempDir()) / ("calibration-" + name);
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
}

// A replica's mapping as `penstock calibrate --replica` makes it: "gpu: H100\nmodel: …".
inline MeasurementSpec specFor(const std::string& file, const std::string& replica) {
    MeasurementSpec spec;
    spec.name = std::filesystem::path(file).filename().string();
    spec.file = file;
    spec.replica = Document::parse(replica, "replica", Syntax::yaml).value();
    return spec;
}

inline Result<Measurements> read(const MeasurementSpec& spec) {
    return readMeasurements({spec}, hardware(), false);
}

// The same measurements with what `truth` gives for each row in the place of what was measured.
inline Measurements asMeasuredBy(Measurements m, const Candidate& truth) {
    const auto values = predictAll(m, truth, 2);
    for (std::size_t s = 0; s < m.sets.size(); ++s) {
        for (std::size_t r = 0; r < m.sets[s].rows.size(); ++r)
            m.sets[s].rows[r].measured = values[s][r];
    }
    return m;
}

// Closed loops of a 32B on 2, 4 and 8 GPUs and load stages of an 8B, small enough for a test.
inline Measurements smallPlan() {
    std::string loops = "tp,isl,osl,concurrency,ttft_ms,tpot_ms\n";
    for (const int tp : {2, 4, 8}) {
        for (const int isl : {256, 2048}) {
            for (const int users : {1, 8, 48})
                loops += fmt::format("{},{},128,{},100,10\n", tp, isl, users);
        }
    }
    std::string stages = "offered_rps,prompt_tokens,output_tokens,completed_rps,ttft_ms,tpot_ms,"
                         "e2e_ms\n";
    for (const int rate : {1, 30, 60, 90})
        stages += fmt::format("{0},200,60,{0},30,8,500\n", rate);
    auto loop = specFor(write("loops.csv", loops), "{gpu: H100, model: Qwen3-32B}");
    loop.groupBy = {"tp"};
    loop.rounds = 3;
    auto stage = specFor(write("stages.csv", stages), "{gpu: H100, model: Llama-3.1-8B}");
    stage.seconds = 10.0;
    return readMeasurements({loop, stage}, hardware(), false).value();
}

} // namespace penstock::sim::test
