// SPDX-License-Identifier: Apache-2.0
#include "engine/types/request.h"

namespace penstock {

std::string textId(const Request& request) {
    if (request.envelope == nullptr) return std::to_string(request.number);
    if (!request.envelope->shared) return request.envelope->id;
    return request.envelope->id + "-" + std::to_string(request.number);
}

} // namespace penstock
