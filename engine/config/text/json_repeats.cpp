// SPDX-License-Identifier: Apache-2.0
// What Go's encoding/json makes of a key that is there twice: it decodes the second value into what
// the first one left. Shown by documents put to llm-d-async itself.
#include "engine/config/text/syntax.h"

namespace penstock::detail {
namespace {

// A mapping of any keys to any values: there the decoder has no old value to decode into.
bool isFree(std::string_view key) {
    return key == "gate_params" || key == "parameters";
}

void layOver(Node& under, Node over, bool free);

void layMembers(Node& under, Node& over, bool free) {
    for (Member& member : over.members) {
        Node* present = under.find(member.key);
        if (present == nullptr) {
            under.members.push_back(std::move(member));
        } else if (free) {
            *present = std::move(member.value);
        } else {
            layOver(*present, std::move(member.value), isFree(member.key));
        }
    }
}

void layOver(Node& under, Node over, bool free) {
    const bool holds = under.kind == Node::Kind::map || under.kind == Node::Kind::list;
    if (over.kind == Node::Kind::null && !holds) return;
    if (under.kind != over.kind || over.kind == Node::Kind::scalar) {
        under = std::move(over);
        return;
    }
    under.at = over.at;
    layMembers(under, over, free);
    // The elements are laid over one by one; a shorter list cuts the rest off.
    under.items.resize(over.items.size());
    for (std::size_t i = 0; i < over.items.size(); ++i)
        layOver(under.items[i], std::move(over.items[i]), false);
}

} // namespace

void mergeRepeats(Node& map) {
    std::vector<Member> out;
    for (Member& member : map.members) {
        Member* first = nullptr;
        for (Member& earlier : out) {
            if (earlier.key == member.key) first = &earlier;
        }
        if (first == nullptr) {
            out.push_back(std::move(member));
        } else {
            layOver(first->value, std::move(member.value), isFree(member.key));
        }
    }
    map.members = std::move(out);
}

} // namespace penstock::detail
