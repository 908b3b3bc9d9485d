// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/wait_on_refuse.h"

namespace penstock {

Verdict WaitOnRefuseGate::apply(Time now, Request& request, Reservations& reservations) {
    Verdict verdict = inner_->apply(now, request, reservations);
    // A failed store is an error there, not a refusal.
    if (verdict.action == Action::refuse && verdict.reason.code != ReasonCode::gateError) {
        verdict.action = Action::wait;
    }
    return verdict;
}

} // namespace penstock
