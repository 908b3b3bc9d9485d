// SPDX-License-Identifier: Apache-2.0
#pragma once

// A router for tests, on loopback and in a thread of its own: answers as it is told, after a time,
// and counts how often each request (by its x-request-id) reached it.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

struct event_base;
struct evhttp;
struct evhttp_request;

namespace penstock::testing {

struct RouterAnswer {
    int status = 200;
    std::string body = R"({"choices":[{"text":"ok"}]})";
    std::string retryAfter = {}; // empty: no header
    double seconds = 0.0;        // it takes
    bool breaks = false;         // the connection is closed instead
    bool cuts = false;           // it is closed within the body
};

class TestRouter {
  public:
    using Answer = RouterAnswer;
    // `hit` counts from 1 for each id. Called in the router's thread.
    using Rule = std::function<Answer(const std::string& id, int hit)>;

    explicit TestRouter(
        Rule rule = [](const std::string&, int) { return Answer{}; }, std::uint16_t port = 0);
    ~TestRouter();

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::map<std::string, int> hits() const;
    std::string lastBody() const;
    std::map<std::string, std::string> lastHeaders() const;

  private:
    struct Late; // an answer that takes its time
    void answered(evhttp_request* request);

    Rule rule_;
    event_base* base_;
    evhttp* server_;
    std::set<Late*> late_;
    std::uint16_t port_;
    mutable std::mutex mutex_;
    std::map<std::string, int> hits_;
    std::string lastBody_;
    std::map<std::string, std::string> lastHeaders_;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

} // namespace penstock::testing
