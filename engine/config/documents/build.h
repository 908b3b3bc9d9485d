// SPDX-License-Identifier: Apache-2.0
#pragma once

// From documents to what the Dispatcher runs on.
#include "engine/config/documents/documents.h"
#include "engine/core/dispatcher.h"
#include "engine/gates/factory/factory.h"
#include "engine/ports/silent.h"

namespace penstock {

// Makes every gate and settles every default. `context` lends loop, metrics and store; its cache
// TTL and semantics are replaced by the document's. Errors and warnings name the place of the value
// in the document it came from.
Result<DispatcherSettings> buildSettings(const EngineDocument& engine, const GateContext& context,
                                         std::vector<Error>* warnings = nullptr);

// The same over a world in which nothing happens, to know what the gates and their knobs
// are. It outlives the settings.
Result<DispatcherSettings> buildSettings(const EngineDocument& engine, SilentWorld& world,
                                         std::vector<Error>* warnings = nullptr,
                                         bool prometheusKnown = false);

// Checks the gates alone, for `penstock check`. `prometheusKnown`: a document without
// prometheus_url means that there is none, not that it was left unsaid.
Status checkGates(const EngineDocument& engine, std::vector<Error>* warnings = nullptr,
                  bool prometheusKnown = false);

} // namespace penstock
