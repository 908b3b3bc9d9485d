// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pull side of traffic: a world asks one ArrivalStream a source for its next arrival, and tells
// it of completions, which matters to closed loops alone. Synthetic processes and recorded traces
// look the same from here, whatever their size: a stream holds a bounded amount of memory.
//
// Use: arm a timer at peekNs(); when it fires, take next(), inject it, arm again. After
// completed(), arm again too: a closed loop may now have an earlier arrival than it had before.
#include "engine/types/error.h"
#include "sim/traffic/spec/arrival.h"
#include "sim/traffic/spec/spec.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock::sim {

// What a stream has delivered so far. `hash` covers the offset, prompt and output tokens of every
// arrival in order: two open-loop runs with equal hashes saw the same traffic, whatever the policy.
// A closed loop's hash depends on when its requests complete, as its traffic does.
struct TrafficTally {
    std::uint64_t arrivals = 0;
    std::uint64_t promptTokens = 0;
    std::uint64_t outputTokens = 0;
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL;

    void add(const Arrival& arrival) {
        ++arrivals;
        promptTokens += arrival.promptTokens;
        outputTokens += arrival.outputTokens;
        mix(static_cast<std::uint64_t>(arrival.offsetNs));
        mix((static_cast<std::uint64_t>(arrival.promptTokens) << 32) | arrival.outputTokens);
    }

  private:
    // The finaliser of splitmix64 (Steele et al., 2014) over a running state.
    void mix(std::uint64_t word) {
        hash = (hash ^ word) * 0xbf58476d1ce4e5b9ULL;
        hash ^= hash >> 29;
    }
};

// One source's arrivals, in non-decreasing offset order. Single-threaded; owned by its world.
class ArrivalStream {
  public:
    virtual ~ArrivalStream() = default;

    // The offset of the arrival that next() would deliver, or kNoTime if there is none for now.
    virtual std::int64_t peekNs() = 0;

    // Writes the next arrival and returns true, or returns false if there is none for now: the
    // stream has ended, it waits for completions (closed loop), or it has failed (see status()).
    // Allocates nothing in the steady state. Block hashes of the previous arrival become invalid.
    virtual bool next(Arrival& out) = 0;

    // The request that `user` sent has come to its end, well or badly, at `atNs`; call once each.
    // Only closed loops listen. Times never decrease.
    virtual void completed(std::uint32_t user, std::int64_t atNs) {
        (void)user;
        (void)atNs;
    }
    // The same, but it was refused or failed, perhaps at the very instant it was sent: its user
    // does not come back before `retryAfterNs` have passed, or, where that is not above 0, the
    // loop's own retry pause.
    virtual void refused(std::uint32_t user, std::int64_t atNs, std::int64_t retryAfterNs) {
        (void)retryAfterNs;
        completed(user, atNs);
    }

    // An error met while streaming (a trace cut off in the middle, a row that is no row). Once it
    // is an error, next() returns false for good.
    virtual Status status() const { return {}; }

    // What the report says about where this traffic comes from: process, file, sha256, transforms,
    // rows kept and dropped so far. An object.
    virtual nlohmann::json describe() const = 0;

    const TrafficTally& tally() const { return tally_; }

    // What Arrival::tenant and Arrival::tier index: the spec's names, then those a trace brought
    // along in order of appearance. May grow while streaming. Empty if the source has none.
    const std::vector<std::string>& tenantNames() const { return tenantNames_; }
    const std::vector<std::string>& tierNames() const { return tierNames_; }

  protected:
    TrafficTally tally_;
    std::vector<std::string> tenantNames_;
    std::vector<std::string> tierNames_;
};

// Builds the stream of `spec`. `lane` is the source's index in the scenario: with `seed` it names
// every random sequence used, so that no two sources share one. Relative trace paths are resolved
// against `directory` ("" = the current one). Errors: those of validate(), and a trace that cannot
// be opened or has no usable first row.
Result<std::unique_ptr<ArrivalStream>> makeStream(const TrafficSpec& spec, std::uint64_t seed,
                                                  std::uint32_t lane,
                                                  const std::string& directory = {});

// The same source with its burstiness removed: Poisson arrivals of the same mean rate, everything
// else (lengths, deadlines, tenants, modulations) untouched. `horizonSeconds` is what one-off lumps
// are spread over. A closed loop has no rate of its own and comes back unchanged. Reads a trace
// once, to learn its mean rate. The control for "is it the burstiness, or the load?".
Result<TrafficSpec> poissonControl(const TrafficSpec& spec, double horizonSeconds,
                                   const std::string& directory = {});

// Requests per second averaged over a long time, 0 where none is defined (closed loop, trace).
double meanRequestsPerSecond(const TrafficSpec& spec, double horizonSeconds);

} // namespace penstock::sim
