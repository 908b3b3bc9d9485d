// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/redis_budget.h"

#include "engine/gates/parts/catalogue.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace penstock {
namespace {

// As strconv.ParseFloat. NaN is a number there, and a budget that closes.
std::optional<double> toBudget(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return std::isnan(value) ? 0.0 : clampUnit(value);
}

} // namespace

Budget RedisBudgetGate::budget(Time now) {
    if (!asking_ && (!answered_ || now >= askedAt_ + settings_.refresh)) {
        asking_ = true;
        askedAt_ = now;
        inBudget_ = true;
        store_.get(settings_.key, 0, *this);
        inBudget_ = false;
    }
    return {budget_,
            {.code = code_,
             .available = available_,
             .value = budget_,
             .age = available_ ? now - askedAt_ : Duration::zero(),
             .source = settings_.key}};
}

Time RedisBudgetGate::ownRecheckAt() const {
    if (asking_ || !answered_ || settings_.refresh <= Duration::zero()) return kNever;
    return askedAt_ + settings_.refresh;
}

void RedisBudgetGate::storeReplied(std::uint64_t, const StoreReply& reply) {
    const double before = budget_;
    const bool first = !answered_;
    asking_ = false;
    answered_ = true;
    available_ = false;
    switch (reply.state) {
    case StoreReply::State::text:
        if (const auto read = toBudget(reply.text)) {
            available_ = true;
            budget_ = *read;
            code_ = budget_ > 0.0 ? ReasonCode::open : ReasonCode::closedByThreshold;
            break;
        }
        [[fallthrough]];
    case StoreReply::State::nothing:
        budget_ = 1.0;
        code_ = ReasonCode::openByFallback;
        break;
    default:
        budget_ = 0.0;
        code_ = ReasonCode::gateError;
    }
    const bool rechecked = settings_.refresh > Duration::zero();
    if (!inBudget_ && (first || rechecked || budget_ != before)) changed();
}

void RedisBudgetGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("refresh", settings_.refresh);
}

} // namespace penstock
