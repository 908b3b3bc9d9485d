// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the readings of the chart's values share: the tree in the making, and what the templates
// take for unset. Private to this folder.
#include "engine/config/documents/engine_tree.h"

namespace penstock::detail {

struct HelmWork {
    Document tree;
    EngineOptions options;
    std::vector<Finding> findings;

    // What Helm's `default` and `if` take for absent: null, "", 0, false, an empty list or mapping.
    static bool absent(const Node* node);
    static bool unset(const Node* node); // the same without 0 and false
    static std::string textOf(const Node* node, std::string_view otherwise);

    // Takes a value to `key` of a mapping; what is unset stays out.
    static void put(Node& into, std::string_view key, Node* value);
    static void put(Node& into, std::string_view key, std::string value, const Position& at);
    static Node mapAt(const Position& at);

    tl::unexpected<Error> refuse(const Position& at, std::string message) const {
        return fail(tree.error(at, std::move(message)));
    }
    void find(Severity severity, std::string_view code, std::string path, const Position& at,
              std::string computed, std::string remedy);
    // A scalar as a template prints it: of a number in a values file, Go's %v of a float64, which
    // has an exponent from 1,000,000 on; by --set it is a whole number.
    std::string printed(const Node& scalar) const;
    // A 0 that counts as absent: found, and left out.
    bool zero(const Node* node, const std::string& path, std::string_view instead);
};

// The address of Redis that the chart puts into a Secret, from its deprecated values: false if
// there is none.
bool redisSecret(HelmWork& work, Node& ap);

// ap.redis and ap.gcpPubSub, from which the chart makes a transport document where ap.transport is
// not set.
Status deprecatedTransport(HelmWork& work, Node& ap);

// Scalars as sigs.k8s.io/yaml reads them, which is YAML 1.1, and writes them again: 010 is 8, yes
// is true, 1_000 is 1000, 0.80 is 0.8.
void asHelmReads(Node& node);

} // namespace penstock::detail
