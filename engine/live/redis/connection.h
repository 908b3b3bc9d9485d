// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection to a Redis, kept up for ever: commands in, replies out, in order. hiredis formats
// and parses; the bytes go through a libevent bufferevent, plain or TLS, since hiredis 0.14 has no
// TLS of its own. RESP2.
//
// Run thread only. A handler is called exactly once: with the reply, or with null when the
// connection broke or was not there, in which case nobody can say whether the command was done.
#include "engine/live/loop/live_loop.h"
#include "engine/live/redis/endpoint.h"

#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct bufferevent;
struct redisReply;
struct redisReader;
struct ssl_ctx_st;

namespace penstock {

// A script of Redis, known there by the hash of its text.
struct RedisScript {
    std::string_view text;
    std::string sha = {}; // set by the connection when it has loaded it
};

class RedisConnection {
  public:
    using Handler = std::function<void(const redisReply*)>;

    // Both outlive the connection. Scripts are loaded at each connect, before ready().
    RedisConnection(LiveLoop& loop, RedisEndpoint endpoint, std::vector<RedisScript*> scripts);
    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    // Connects, and connects again whenever it is lost: after 20 ms, doubled up to a second.
    void start();
    bool ready() const { return state_ == State::ready; }
    // Called each time the connection has become ready, and each time it is lost.
    void onReady(std::function<void()> call) { readyCalls_.push_back(std::move(call)); }
    void onLost(std::function<void(const std::string& why)> call) {
        lostCalls_.push_back(std::move(call));
    }
    const std::string& lastError() const { return lastError_; }

    void command(std::span<const std::string_view> words, Handler handler);
    void command(std::initializer_list<std::string_view> words, Handler handler) {
        command(std::span(words.begin(), words.size()), std::move(handler));
    }
    // `keys` are the first of `words` that are keys. A script that Redis has forgotten is loaded
    // again; this call's reply is then an error that begins with NOSCRIPT: nothing was done.
    void evaluate(const RedisScript& script, std::size_t keys,
                  std::span<const std::string_view> words, Handler handler);

    // Commands sent and not yet answered.
    std::size_t outstanding() const { return handlers_.size(); }

  private:
    enum class State { idle, connecting, greeting, ready };

    static void onRead(bufferevent*, void* self);
    static void onEvent(bufferevent*, short what, void* self);

    void connect();
    void greet();
    void greeted(const redisReply* reply, bool mayFail);
    void loadScripts();
    void read();
    void lost(std::string why);
    void write(std::span<const std::string_view> words, Handler handler);

    LiveLoop& loop_;
    RedisEndpoint endpoint_;
    std::vector<RedisScript*> scripts_;
    State state_ = State::idle;
    bufferevent* stream_ = nullptr;
    ssl_ctx_st* tls_ = nullptr;
    redisReader* reader_ = nullptr;
    std::deque<Handler> handlers_;
    std::size_t greetings_ = 0; // replies to come before it is ready
    std::vector<std::function<void()>> readyCalls_;
    std::vector<std::function<void(const std::string&)>> lostCalls_;
    std::string lastError_;
    Duration pause_{0};
    std::string words_; // scratch of write()
    MemberTimer<RedisConnection, &RedisConnection::connect> again_{*this};
    void tooSlow();
    MemberTimer<RedisConnection, &RedisConnection::tooSlow> patience_{*this};
};

// What a reply is, without hiredis.
bool isError(const redisReply* reply);
std::string_view textOf(const redisReply* reply); // of a string, status or error; else ""
std::int64_t numberOf(const redisReply* reply);   // of an integer; else 0
bool isNothing(const redisReply* reply);          // nil
std::span<redisReply* const> partsOf(const redisReply* reply); // of an array; else none

} // namespace penstock
