// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tables a load model is made from: GPUs and models by name (resources/gpus.yaml and
// models.yaml), and measured operator times (a folder of CSV files). Host only; the calling program
// says where the files are. Errors name the file, the line and what would be right.
#include "engine/types/error.h"
#include "sim/fleet/operator_table.h"
#include "sim/fleet/step_time.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

template <class Spec>
struct NamedSpec {
    std::string name;
    std::vector<std::string> aliases;
    std::string source;
    Spec spec;
};

template <class Spec>
class SpecTable {
  public:
    explicit SpecTable(std::string what, std::vector<NamedSpec<Spec>> rows)
        : what_(std::move(what)), rows_(std::move(rows)) {}

    // By name or alias, capitals not counting. An unknown name is an error that lists the known.
    Result<Spec> find(std::string_view name) const;
    // The same row with its own name, which an alias may not tell; null if it is unknown.
    const NamedSpec<Spec>* row(std::string_view name) const;
    const std::vector<NamedSpec<Spec>>& rows() const { return rows_; }

  private:
    std::string what_;
    std::vector<NamedSpec<Spec>> rows_;
};

using GpuTable = SpecTable<GpuSpec>;
using ModelTable = SpecTable<ModelSpec>;

Result<GpuTable> readGpuTable(const std::string& path);
Result<ModelTable> readModelTable(const std::string& path);

// Measured operator times with the grids' memory. view() points into this object, which must
// outlive it and must not be moved while a view is in use.
class OperatorTables {
  public:
    OperatorTable view() const;

  private:
    friend Result<OperatorTables> readOperatorTables(const std::string& folder, int layers,
                                                     double stepOverheadNs);
    std::vector<double> tokens_, dense_;
    std::vector<double> sequences_, perSequence_;
    std::vector<double> chunk_, chunkContext_, decodes_, decodeContext_, attention_;
    double fixedNs_ = 0.0;
};

// Reads dense.csv (layer, tokens, time_us), per_sequence.csv (layer, sequences, time_us) and
// attention.csv (prefill_chunk, kv_prefill, n_decode, kv_decode, time_us) of `folder`, times of one
// layer each (the layout of casys-kaist/LLMServingSim). Dense layers named embedding and
// final_layernorm are run once a step, layernorm twice a layer, the others once a layer. `layers`
// is the model's; `stepOverheadNs` is added to every step (scheduling, launches, sampling on the
// host).
Result<OperatorTables> readOperatorTables(const std::string& folder, int layers,
                                          double stepOverheadNs);

} // namespace penstock::sim
