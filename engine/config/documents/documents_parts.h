// SPDX-License-Identifier: Apache-2.0
#pragma once

// The readers of single parts of the engine tree. Private to this folder.
#include "engine/config/documents/documents.h"

namespace penstock::detail {

struct PartContext {
    const EngineOptions& options;
    bool preset; // of llm-d-async: what it would accept is a warning
    std::vector<Error>& warnings;

    void remark(Reader& reader, std::string_view key, const std::string& message) const;
};

TransportDocument readTransport(Reader& reader, TransportDocument::Kind kind,
                                const PartContext& context);

// gate_type and gate_params of a queue or pool whose path is `path`.
std::optional<GateDocument> readGate(Reader& reader, const std::string& path);

// The path of an element as a person writes it: by name rather than by number.
std::string namedPath(const Reader& element, const std::string& id);

// Reports an address that does not begin with one of the schemes.
void checkUrl(Reader& reader, std::string_view key, const std::string& url,
              std::initializer_list<std::string_view> schemes);

inline std::string orElse(std::string text, std::string_view otherwise) {
    return text.empty() ? std::string(otherwise) : text;
}

} // namespace penstock::detail
