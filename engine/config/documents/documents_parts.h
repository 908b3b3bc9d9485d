// SPDX-License-Identifier: Apache-2.0
#pragma once

// The readers of single parts of the engine tree. Private to this folder.
#include "engine/config/documents/documents.h"

namespace penstock::detail {

struct PartContext {
    const EngineOptions& options;
    Semantics& semantics; // a document may settle some of it (claim_lease_ttl_seconds)
    std::vector<Finding>& findings;
    std::vector<UnknownKey>& unknown; // ignored, under semantics that read as Go does

    bool asGo() const { return semantics.readsAsGo; }
    // From here on `reader` reads as the semantics say.
    void begin(Reader& reader) const {
        if (asGo()) reader.readAsGo(unknown);
    }
    void find(Severity severity, std::string_view code, Reader& reader, std::string_view key,
              std::string computed, std::string remedy) const;
    // What llm-d-async takes and we would not: a finding under its semantics, else an error.
    void judge(std::string_view code, Reader& reader, std::string_view key, std::string computed,
               std::string remedy) const;
};

// Byte-order marks, repeated keys and the like of every document in the tree.
void judgeIrregular(Reader& reader, const PartContext& context);
Finding ignoredKey(const UnknownKey& key, const Semantics& semantics);

TransportDocument readTransport(Reader& reader, TransportDocument::Kind kind,
                                const PartContext& context);

// As llm-d-async judges the address of its Redis (that of go-redis): empty, or what is wrong.
std::string redisUrlTrouble(std::string_view url);

void readMergePolicy(Reader& reader, MergePolicyDocument& merge, const PartContext& context);

constexpr std::int64_t kMaxWorkers = 100'000;

// The values that are flags of llm-d-async's command line; how many workers a pool has without a
// document of pools.
void readFlags(Reader& reader, EngineDocument& engine, const PartContext& context);
std::string workersCut(std::int64_t workers); // what is said of more than kMaxWorkers
std::int32_t readConcurrency(Reader& reader, const PartContext& context);

// gate_type and gate_params of a queue or pool whose path is `path`.
std::optional<GateDocument> readGate(Reader& reader, const std::string& path,
                                     const PartContext& context);

// The path of an element as a person writes it: by name rather than by number.
std::string namedPath(const Reader& element, const std::string& id);

// What keeps an address from being one of these schemes, with a host and a port that can be; empty
// if nothing does. Schemes are in lower case and match in any; only http needs a host.
std::string addressTrouble(std::string_view url, std::initializer_list<std::string_view> schemes);

// Reports an address that does not begin with one of the schemes.
void checkUrl(Reader& reader, std::string_view key, const std::string& url,
              std::initializer_list<std::string_view> schemes);

inline std::string orElse(std::string text, std::string_view otherwise) {
    return text.empty() ? std::string(otherwise) : text;
}

} // namespace penstock::detail
