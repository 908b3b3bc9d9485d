// SPDX-License-Identifier: Apache-2.0
// The face of the Dispatcher: what outlives a crash, and the entries from outside.
#include "engine/core/dispatcher.h"

#include "engine/core/budget_reader.h"
#include "engine/types/check.h"

#include <utility>

namespace penstock {

Dispatcher::Dispatcher(DispatcherSettings settings, Loop& loop, InferenceClient& client,
                       std::vector<RequestQueue*> queues, Observer* observer)
    : settings_(std::move(settings)), loop_(loop), client_(client), queues_(std::move(queues)),
      observer_(observer), books_(std::make_unique<Books>()) {
    PENSTOCK_CHECK(queues_.size() == settings_.queues.size());
    books_->heads.resize(queues_.size());
    for (const QueueSettings& queue : settings_.queues) {
        if (queue.gate != nullptr) queue.gate->listen(this);
    }
    for (const PoolSettings& pool : settings_.pools) {
        if (pool.gate != nullptr) pool.gate->listen(this);
    }
    revive();
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::revive() {
    impl_ = std::make_unique<Impl>(*this, settings_, *books_, loop_, client_, queues_, observer_);
}

void Dispatcher::start() {
    impl_->start();
}
void Dispatcher::stop(Duration drain) {
    impl_->stop(drain);
}
bool Dispatcher::stopped() const {
    return impl_->stopped();
}
void Dispatcher::crash() {
    impl_->crash();
    impl_.reset();
    revive();
}
DispatcherSettings& Dispatcher::settings() {
    return settings_;
}
void Dispatcher::settingsChanged() {
    impl_->settingsChanged();
}
QueueView Dispatcher::queueView(std::uint16_t queue) const {
    return impl_->queueView(queue);
}
PoolView Dispatcher::poolView(std::uint16_t pool) const {
    return impl_->poolView(pool);
}
LimiterShares Dispatcher::limiter(std::uint16_t queue) const {
    return books_->heads[queue].shares(loop_.now());
}

void Dispatcher::claimed(std::uint16_t queue, ClaimAnswer answer,
                         std::span<const Request> requests) {
    impl_->claimed(queue, answer, requests);
}
void Dispatcher::settled(std::uint16_t, std::uint32_t claim, Settlement settlement) {
    impl_->settled(claim, settlement);
}
void Dispatcher::leaseLost(std::uint16_t queue, const Request& request) {
    impl_->leaseLost(queue, request);
}
void Dispatcher::discovered(std::uint16_t queue, const Request& request, Discovery what,
                            std::uint8_t owners) {
    impl_->discovered(queue, request, what, owners);
}
void Dispatcher::workArrived(std::uint16_t queue) {
    impl_->workArrived(queue);
}
void Dispatcher::responded(std::uint32_t attempt, const Response& response) {
    impl_->responded(attempt, response);
}
void Dispatcher::gateChanged(Gate&) {
    // A gate that gives back what a dying process held may say so while there is no process.
    if (impl_ != nullptr) impl_->gateChanged();
}

} // namespace penstock
