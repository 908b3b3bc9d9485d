// SPDX-License-Identifier: Apache-2.0
#pragma once

// A tuned policy on its way back to llm-d-async: its documents, or the values of its chart. The
// tree that was read is written again, with its unknown keys, after the parameters that were turned
// have been put in their places.
#include "engine/config/documents/engine_tree.h"
#include "engine/config/documents/parameters.h"

#include <optional>
#include <string>
#include <vector>

namespace penstock {

// Writes every parameter that was turned since the registry was made into the tree that its engine
// was read from, at its path. Values given as strings stay strings.
Status writeBack(Document& document, const ParameterRegistry& registry);

struct ExportedFile {
    std::string name; // "transport.json", "pools.json", "merge-policy.json", "transforms.json"
    std::string text;
};

struct Exported {
    std::vector<ExportedFile> files;
    std::vector<std::string> flags; // "--transport=redis-sortedset", "--request-timeout=5m0s"
    std::vector<std::string> notes; // what llm-d-async does not know, and so will not do
};

// `tree` is the engine section that `engine` was read from. poll_interval_ms and batch_size are
// written even where the semantics supplied them, since llm-d-async's own defaults differ.
Exported exportDocuments(const EngineDocument& engine, const Node& tree);

// values.yaml. `base`: the values to change, with all that they say besides; else the least that
// makes the chart run this policy.
Exported exportHelm(const EngineDocument& engine, const Node& tree, const Node* base = nullptr);

} // namespace penstock
