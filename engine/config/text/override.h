// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values given on the command line as PATH=VALUE, laid over a document before anything reads it;
// what reads it then checks types and ranges as for any other value, and names the command line in
// its errors. PATH: keys joined by dots; [n] or [name] picks an element of a list, a name being the
// element's id, name, queue_name or subscriber_id; a key with a dot in it is written ["a.b"]. VALUE
// is YAML.
//
//   sources[0].rate=12      engine.transport.queues[batch].gate_params.threshold=0.9
//
// A missing key is created in a mapping, and mappings on the way to it, so that a section left to
// its defaults can be reached; a key that looks like a slip of an existing one is refused, and
// elements are never added to a list. Whatever is created under a wrong name is refused by the
// Reader that finds it.
#include "engine/config/text/document.h"

#include <string_view>

namespace penstock {

// `option` is how the person wrote it: "--set".
Status applyOverride(Document& document, std::string_view assignment,
                     std::string_view option = "--set");

// Everything in `node` stands at `at`: text that was put in place of what stood there.
void stamp(Node& node, const Position& at);

// The node at a path, as above; the error says where the path leaves the document.
Result<Node*> findPath(Document& document, std::string_view path);

// If the node at `path` is a mapping with the one key `file`, puts the document in that file in its
// place, so that overrides reach into it and errors name it. Nothing happens if `path` is absent
// or holds something else.
Status includeFile(Document& document, std::string_view path, const Limits& limits = {},
                   Irregular irregular = Irregular::refused);

} // namespace penstock
