// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes the tree that documents.h reads, of whatever an operator has: a scenario's `engine` section
// with documents inline or by file, llm-d-async's files and flags, or its chart's Helm values.
// Values keep the places they came from. The order is: make the tree, lay --set over it
// (override.h), read it.
#include "engine/config/documents/documents.h"

namespace penstock {

// Makes the engine section at `path` ("" for the document itself) whole: transport, pools,
// merge_policy and transforms given as {file: NAME} are read from there, and gates given as a
// string of JSON become the mappings they spell, so that paths reach into them.
Status completeEngine(Document& document, std::string_view path);

// As llm-d-async's flags name them. A text is inline JSON, a file a path; empty: not given.
struct EngineFiles {
    std::string transportType; // --transport
    std::string transportText; // --transport-config
    std::string transportFile; // --transport-config-file
    std::string poolFile;      // --pool-config-file
    std::string mergeFile;     // --request-merge-policy-config-file
    std::string transformFile; // --transform-config-file
    // Flags with a single value, by their name without dashes: {"request-timeout", "5m"},
    // {"semantics", "llm-d-async-0.9"}. Errors name them as "--request-timeout=5m".
    std::vector<std::pair<std::string, std::string>> flags;
};
Result<Document> engineTree(const EngineFiles& files);

// What a document is, told by its shape.
enum class DocumentKind : std::uint8_t {
    scenario,
    engine, // the tree itself
    transport,
    pools,
    mergePolicy,
    transforms,
    helmValues,
    unknown,
};
DocumentKind recognise(const Node& root);

// One engine tree of several of llm-d-async's documents, each recognised; two of a kind, or one
// that is none of them, is an error. The transport type is told from the transport's keys where
// they tell it.
Result<Document> engineTree(std::vector<Document> documents);

// The `ap` tree of llm-d-async's chart, taken through what its templates make of it: which flags
// they pass, with which defaults, and what they leave out.
struct HelmEngine {
    Document tree;
    EngineOptions options;         // redisUrl stands for the Secret that the chart mounts
    std::vector<Finding> findings; // what the chart ignores, or takes for something else
};
// Several files as Helm lays them over each other: mappings merge, lists are replaced. Requires
// one.
Document layerHelmValues(std::vector<Document> files);
// Lays one value over them as Helm's --set does ("ap.concurrency=8"): true, false, null and whole
// numbers in decimal are what they say, all else is text.
Status setHelmValue(Document& values, std::string_view assignment);
Result<HelmEngine> engineTreeFromHelm(Document values);

// The engine that llm-d-async's documents describe, or one or more layers of its chart's values,
// with --set laid over ("semantics=llm-d-async-0.9"; values of the chart under "ap.").
Result<EngineDocument> readDeployment(std::vector<Document> documents,
                                      const std::vector<std::string>& overrides = {});

} // namespace penstock
