// SPDX-License-Identifier: Apache-2.0
#include "engine/live/redis/connection.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <utility>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstPause = 20ms;
constexpr Duration kLongestPause = 1s;
// A greeting takes milliseconds; a server that does not answer it is as good as away.
constexpr Duration kGreetingPatience = 5s;

std::string tlsWords(unsigned long code) {
    char text[256];
    if (code == 0) return "TLS failed";
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

} // namespace

bool isError(const redisReply* reply) {
    return reply != nullptr && reply->type == REDIS_REPLY_ERROR;
}
std::string_view textOf(const redisReply* reply) {
    if (reply == nullptr || reply->str == nullptr) return {};
    return {reply->str, reply->len};
}
std::int64_t numberOf(const redisReply* reply) {
    return reply != nullptr && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}
bool isNothing(const redisReply* reply) {
    return reply != nullptr && reply->type == REDIS_REPLY_NIL;
}
std::span<redisReply* const> partsOf(const redisReply* reply) {
    if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY) return {};
    return {reply->element, reply->elements};
}

RedisConnection::RedisConnection(LiveLoop& loop, RedisEndpoint endpoint,
                                 std::vector<RedisScript*> scripts)
    : loop_(loop), endpoint_(std::move(endpoint)), scripts_(std::move(scripts)) {}

RedisConnection::~RedisConnection() {
    loop_.disarm(again_);
    loop_.disarm(patience_);
    if (stream_ != nullptr) bufferevent_free(stream_);
    if (reader_ != nullptr) redisReaderFree(reader_);
    if (tls_ != nullptr) SSL_CTX_free(tls_);
}

void RedisConnection::start() {
    connect();
}

void RedisConnection::connect() {
    if (state_ != State::idle) return;
    state_ = State::connecting;
    reader_ = redisReaderCreate();
    PENSTOCK_CHECK(reader_ != nullptr);
    reader_->maxbuf = 0; // keeps its buffer, whatever its size, while it is in use
    if (endpoint_.tls) {
        if (tls_ == nullptr) {
            tls_ = SSL_CTX_new(TLS_client_method());
            SSL_CTX_set_min_proto_version(tls_, TLS1_2_VERSION);
            bool good =
                endpoint_.caFile.empty()
                    ? SSL_CTX_set_default_verify_paths(tls_) == 1
                    : SSL_CTX_load_verify_locations(tls_, endpoint_.caFile.c_str(), nullptr) == 1;
            if (!endpoint_.certificate.empty()) {
                good =
                    good &&
                    SSL_CTX_use_certificate_chain_file(tls_, endpoint_.certificate.c_str()) == 1 &&
                    SSL_CTX_use_PrivateKey_file(tls_, endpoint_.key.c_str(), SSL_FILETYPE_PEM) == 1;
            }
            SSL_CTX_set_verify(tls_, endpoint_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
            if (!good) return lost(tlsWords(ERR_get_error()));
        }
        SSL* ssl = SSL_new(tls_);
        SSL_set_tlsext_host_name(ssl, endpoint_.host.c_str());
        if (endpoint_.verify) SSL_set1_host(ssl, endpoint_.host.c_str());
        stream_ = bufferevent_openssl_socket_new(loop_.base(), -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                                 BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    } else {
        stream_ = bufferevent_socket_new(loop_.base(), -1, BEV_OPT_CLOSE_ON_FREE);
    }
    PENSTOCK_CHECK(stream_ != nullptr);
    bufferevent_setcb(stream_, onRead, nullptr, onEvent, this);
    bufferevent_enable(stream_, EV_READ | EV_WRITE);
    loop_.arm(patience_, loop_.now() + kGreetingPatience);
    if (bufferevent_socket_connect_hostname(stream_, loop_.names(), AF_UNSPEC,
                                            endpoint_.host.c_str(), endpoint_.port) != 0) {
        // onEvent has been called, or will be.
        if (state_ == State::connecting) lost("cannot connect");
    }
}

void RedisConnection::tooSlow() {
    lost("no answer within 5 s of connecting");
}

void RedisConnection::greet() {
    state_ = State::greeting;
    greetings_ = 0;
    const auto expect = [this](std::span<const std::string_view> words, bool mayFail) {
        ++greetings_;
        write(words, [this, mayFail](const redisReply* reply) { greeted(reply, mayFail); });
    };
    if (!endpoint_.password.empty() && !endpoint_.user.empty()) {
        expect(std::array<std::string_view, 3>{"AUTH", endpoint_.user, endpoint_.password}, false);
    } else if (!endpoint_.password.empty()) {
        expect(std::array<std::string_view, 2>{"AUTH", endpoint_.password}, false);
    }
    if (endpoint_.database != 0) {
        const std::string database = std::to_string(endpoint_.database);
        expect(std::array<std::string_view, 2>{"SELECT", database}, false);
    }
    expect(std::array<std::string_view, 3>{"CLIENT", "SETNAME", "penstock"}, true);
    for (RedisScript* script : scripts_) {
        ++greetings_;
        write(std::array<std::string_view, 3>{"SCRIPT", "LOAD", script->text},
              [this, script](const redisReply* reply) {
                  if (reply != nullptr && !isError(reply)) script->sha = textOf(reply);
                  greeted(reply, false);
              });
    }
}

void RedisConnection::greeted(const redisReply* reply, bool mayFail) {
    if (reply == nullptr || state_ != State::greeting) return; // lost() has been told, or will be
    if (isError(reply) && !mayFail) return lost(std::string(textOf(reply)));
    if (--greetings_ > 0) return;
    loop_.disarm(patience_);
    state_ = State::ready;
    pause_ = Duration{0};
    lastError_.clear();
    for (const auto& call : readyCalls_)
        call();
}

void RedisConnection::lost(std::string why) {
    if (state_ == State::idle) return;
    state_ = State::idle;
    lastError_ = fmt::format("{}: {}", endpoint_.text(), why);
    loop_.disarm(patience_);
    if (stream_ != nullptr) bufferevent_free(std::exchange(stream_, nullptr));
    if (reader_ != nullptr) redisReaderFree(std::exchange(reader_, nullptr));
    pause_ = pause_ == Duration{0} ? kFirstPause : std::min(kLongestPause, 2 * pause_);
    loop_.arm(again_, loop_.now() + pause_);
    std::deque<Handler> unanswered;
    unanswered.swap(handlers_);
    for (const Handler& handler : unanswered)
        handler(nullptr);
    for (const auto& call : lostCalls_)
        call(lastError_);
}

void RedisConnection::command(std::span<const std::string_view> words, Handler handler) {
    if (state_ != State::ready) return handler(nullptr);
    write(words, std::move(handler));
}

void RedisConnection::evaluate(const RedisScript& script, std::size_t keys,
                               std::span<const std::string_view> words, Handler handler) {
    if (state_ != State::ready) return handler(nullptr);
    const std::string count = std::to_string(keys);
    std::vector<std::string_view> all;
    all.reserve(words.size() + 3);
    all.insert(all.end(), {"EVALSHA", script.sha, count});
    all.insert(all.end(), words.begin(), words.end());
    write(all, [this, text = script.text, handler = std::move(handler)](const redisReply* reply) {
        if (isError(reply) && textOf(reply).starts_with("NOSCRIPT")) {
            command({"SCRIPT", "LOAD", text}, [](const redisReply*) {});
        }
        handler(reply);
    });
}

// The format of RESP: an array of bulk strings.
void RedisConnection::write(std::span<const std::string_view> words, Handler handler) {
    const auto head = [this](char mark, std::size_t size) {
        char text[24];
        text[0] = mark;
        char* end = std::to_chars(text + 1, text + 22, size).ptr;
        *end++ = '\r';
        *end++ = '\n';
        words_.append(text, end);
    };
    words_.clear();
    head('*', words.size());
    for (const std::string_view word : words) {
        head('$', word.size());
        words_.append(word).append("\r\n");
    }
    handlers_.push_back(std::move(handler));
    bufferevent_write(stream_, words_.data(), words_.size());
}

void RedisConnection::read() {
    evbuffer* input = bufferevent_get_input(stream_);
    evbuffer_iovec pieces[8];
    while (stream_ != nullptr && evbuffer_get_length(input) > 0) {
        const int count = std::min(8, evbuffer_peek(input, -1, nullptr, pieces, 8));
        std::size_t taken = 0;
        for (int i = 0; i < count; ++i) {
            redisReaderFeed(reader_, static_cast<const char*>(pieces[i].iov_base),
                            pieces[i].iov_len);
            taken += pieces[i].iov_len;
        }
        evbuffer_drain(input, taken);
        while (stream_ != nullptr) {
            void* reply = nullptr;
            if (redisReaderGetReply(reader_, &reply) != REDIS_OK) {
                return lost(fmt::format("is not a Redis: {}", reader_->errstr));
            }
            if (reply == nullptr) break;
            if (handlers_.empty()) {
                freeReplyObject(reply);
                return lost("said something that was not asked for");
            }
            Handler handler = std::move(handlers_.front());
            handlers_.pop_front();
            handler(static_cast<const redisReply*>(reply));
            freeReplyObject(reply);
        }
    }
}

void RedisConnection::onRead(bufferevent*, void* self) {
    auto* connection = static_cast<RedisConnection*>(self);
    connection->loop_.enter([connection] { connection->read(); });
}

void RedisConnection::onEvent(bufferevent* stream, short what, void* self) {
    auto* connection = static_cast<RedisConnection*>(self);
    connection->loop_.enter([&] {
        if ((what & BEV_EVENT_CONNECTED) != 0) return connection->greet();
        std::string why = "the connection was closed";
        if ((what & BEV_EVENT_ERROR) != 0) {
            const int names = bufferevent_socket_get_dns_error(stream);
            const int error = EVUTIL_SOCKET_ERROR();
            why = names != 0   ? evutil_gai_strerror(names)
                  : error != 0 ? evutil_socket_error_to_string(error)
                               : "the connection failed";
            if (connection->endpoint_.tls) {
                if (const unsigned long code = bufferevent_get_openssl_error(stream); code != 0) {
                    why = tlsWords(code);
                }
            }
        }
        connection->lost(std::move(why));
    });
}

} // namespace penstock
