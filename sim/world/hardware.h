// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tables of resources/: GPUs and models by name, as the load model takes them.
#include "engine/types/error.h"
#include "sim/fleet/step_time.h"

#include <map>
#include <string>

namespace penstock::sim {

struct Hardware {
    std::map<std::string, GpuSpec, std::less<>> gpus;
    std::map<std::string, ModelSpec, std::less<>> models;

    // Reads gpus.yaml and models.yaml of a folder.
    static Result<Hardware> load(const std::string& directory);
};

// KV blocks of `blockSize` tokens that fit a replica: 0.9 of its GPUs' memory less the weights and
// what a step of `batchedTokens` needs for activations, as vLLM does with its defaults. Below 1 when
// the model does not fit.
std::int64_t kvBlocksThatFit(const GpuSpec& gpu, const ModelSpec& model, int tp, int blockSize,
                             int batchedTokens);

} // namespace penstock::sim
