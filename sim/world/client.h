// SPDX-License-Identifier: Apache-2.0
#pragma once

// The InferenceClient port over the simulated router: what libcurl is in the live world. It knows
// what the engine must not, a request's true lengths, and gives up at the attempt's deadline as an
// HTTP client would.
#include "engine/ports/inference_client.h"
#include "sim/kernel/event_loop.h"
#include "sim/router/router.h"
#include "sim/world/sources.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace penstock::sim {

class SimulatedClient final : public InferenceClient, private RouterClient {
  public:
    // Called when a poison request reaches the process: it does not survive it.
    class PoisonListener {
      public:
        virtual void poisoned() = 0;

      protected:
        ~PoisonListener() = default;
    };

    SimulatedClient(Router& router, EventLoop& loop, const std::map<std::string, int>& objectives,
                    std::vector<std::unique_ptr<Source>>& sources, PoisonListener& poison);
    ~SimulatedClient() override;

    void send(std::uint32_t attempt, const Request& request, const Outbound& outbound,
              ResponseListener& listener) override;
    void abort(std::uint32_t attempt) override;

    std::int64_t inFlight() const { return inFlight_; }

  private:
    struct Attempt;
    void routed(std::uint32_t tag, const Response& response) override;
    void timedOut(Attempt& attempt);
    int priorityOf(const Body& body, const Outbound& outbound) const;

    Router& router_;
    EventLoop& loop_;
    const std::map<std::string, int>& objectives_;
    std::vector<std::unique_ptr<Source>>& sources_;
    PoisonListener& poison_;
    static constexpr std::size_t kChunk = 64;
    Attempt& attemptOf(std::uint32_t handle);
    std::vector<std::unique_ptr<Attempt[]>> attempts_; // by the engine's handle, in chunks
    std::int64_t inFlight_ = 0;
};

} // namespace penstock::sim
