// SPDX-License-Identifier: Apache-2.0
#pragma once

// Real processes on loopback: a redis-server of the test's own, and `penstock` as a person runs it.
// A process is killed with its owner.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct redisContext;

namespace penstock::testing {

class Process {
  public:
    Process() = default;
    Process(const std::vector<std::string>& words, const std::string& outputFile);
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;

    void signal(int number) const;
    // Its exit code, or 128 + the signal that ended it; -1 if it still runs after that time.
    int wait(double seconds);
    bool running();
    std::string output() const;

  private:
    int pid_ = -1;
    std::string file_;
};

class RedisServer {
  public:
    // `fsync` is always, everysec or no.
    explicit RedisServer(const std::string& fsync = "always");
    ~RedisServer();

    static bool installed();
    void kill9();
    void start(); // again, with the data that is there
    void stall(bool on);
    std::uint16_t port() const { return port_; }
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

    // One command, each word apart; "" for nil, a number as its digits, a list by lines.
    std::string ask(const std::vector<std::string>& words);
    std::int64_t number(const std::vector<std::string>& words) { return std::stoll(ask(words)); }
    // Everything that lies under these keys, for a look at what is left.
    std::vector<std::string> keys();

  private:
    void connect();
    std::string folder_, fsync_;
    std::uint16_t port_ = 0;
    Process process_;
    redisContext* context_ = nullptr;
};

} // namespace penstock::testing
