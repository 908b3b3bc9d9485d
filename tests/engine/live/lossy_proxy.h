// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stands before a TCP server on loopback and loses its answers: after some reads of what the server
// says, a new number for each connection, the next is not passed on and the connection is closed
// instead, so that the server has done what it was asked and the client cannot know. A thread of
// its own; one connection at a time is enough for a client with one connection, later ones are
// served when it has gone.
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>

namespace penstock::testing {

class LossyProxy {
  public:
    // At least `least` reads are passed on, and at most `most`.
    LossyProxy(std::uint16_t server, int least, int most, std::uint32_t seed);
    ~LossyProxy();
    LossyProxy(const LossyProxy&) = delete;
    LossyProxy& operator=(const LossyProxy&) = delete;

    std::uint16_t port() const { return port_; }
    int lost() const { return lost_; }
    // From now on everything is passed on.
    void heal() { healed_ = true; }

  private:
    void serve();
    void relay(int client, int server);

    std::uint16_t server_;
    std::uniform_int_distribution<int> passes_;
    std::mt19937 random_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> lost_{0};
    std::atomic<bool> healed_{false}, over_{false};
    std::thread thread_;
};

} // namespace penstock::testing
