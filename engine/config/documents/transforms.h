// SPDX-License-Identifier: Apache-2.0
#pragma once

// Request transforms: what rewrites a body just before it is sent. gcs_uri_multipart (llm-d-async
// 0.9, pkg/asyncworker/transform/gcsmultipart): media too large for a queue lie in a bucket, the
// message carries a signed URL in `gcs_uri`, and the endpoint wants multipart/form-data with that
// URL as the field `url`.
#include "engine/config/documents/documents.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct TransformedBody {
    std::string body;
    std::string contentType;
};

class TransformChain {
  public:
    TransformChain() = default;
    explicit TransformChain(std::vector<TransformSpec> specs) : specs_(std::move(specs)) {}

    bool empty() const { return specs_.empty(); }

    // The body to send instead, by the first transform that owns the message (its metadata
    // `provider` is one of the transform's, and the payload has a gcs_uri); nullopt: send the
    // payload as it is. An error ends the request with INVALID_REQUEST: a signed URL that expires
    // before the deadline (Unix seconds) cannot succeed later either.
    Result<std::optional<TransformedBody>> apply(std::string_view payload, const Labels& metadata,
                                                 double deadlineSeconds) const;

  private:
    std::vector<TransformSpec> specs_;
};

// When a signed URL ends, in Unix seconds: V4 signing (X-Goog-Date and X-Goog-Expires) or V2
// (Expires); nullopt if it does not say.
std::optional<double> signedUrlExpiry(std::string_view url);

} // namespace penstock
