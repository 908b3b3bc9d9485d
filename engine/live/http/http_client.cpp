// SPDX-License-Identifier: Apache-2.0
#include "engine/live/http/http_client.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <curl/curl.h>
#include <event2/event.h>
#include <strings.h>

namespace penstock {
namespace {

constexpr std::size_t kKeptHandles = 4096;

// Of "Name: value\r\n"; nothing if it is another header.
std::string_view valueOf(std::string_view line, std::string_view name) {
    if (line.size() <= name.size() || line[name.size()] != ':' ||
        strncasecmp(line.data(), name.data(), name.size()) != 0) {
        return {};
    }
    line.remove_prefix(name.size() + 1);
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!line.empty() && blank(line.front()))
        line.remove_prefix(1);
    while (!line.empty() && blank(line.back()))
        line.remove_suffix(1);
    return line;
}

} // namespace

struct HttpClient::Transfer {
    HttpClient* client = nullptr;
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    std::uint64_t handle = 0;
    std::string_view out;
    std::string in, retryAfter, dropped;
    bool head = false, tooLong = false;
    Handler handler;
    char error[CURL_ERROR_SIZE];

    ~Transfer() {
        curl_slist_free_all(headers);
        if (easy != nullptr) curl_easy_cleanup(easy);
    }
};

struct HttpClient::Socket {
    HttpClient* client;
    event* source = nullptr;
    ~Socket() {
        if (source != nullptr) event_free(source);
    }
};

HttpClient::HttpClient(LiveLoop& loop, HttpSettings settings)
    : loop_(loop), settings_(std::move(settings)) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    PENSTOCK_CHECK(ready == CURLE_OK);
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &HttpClient::onSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &HttpClient::onTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 4096L);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

HttpClient::~HttpClient() {
    for (auto& [handle, transfer] : transfers_)
        curl_multi_remove_handle(multi_, transfer->easy);
    transfers_.clear();
    free_.clear();
    loop_.disarm(timer_);
    curl_multi_cleanup(multi_);
    loop_.disarm(timer_);
}

std::unique_ptr<HttpClient::Transfer> HttpClient::take() {
    if (!free_.empty()) {
        auto transfer = std::move(free_.back());
        free_.pop_back();
        return transfer;
    }
    auto transfer = std::make_unique<Transfer>();
    transfer->client = this;
    transfer->easy = curl_easy_init();
    PENSTOCK_CHECK(transfer->easy != nullptr);
    CURL* easy = transfer->easy;
    const auto set = [easy](auto option, auto value) {
        PENSTOCK_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
    };
    set(CURLOPT_PRIVATE, transfer.get());
    set(CURLOPT_ERRORBUFFER, transfer->error);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_WRITEFUNCTION, &HttpClient::onBody);
    set(CURLOPT_WRITEDATA, transfer.get());
    set(CURLOPT_HEADERFUNCTION, &HttpClient::onHeader);
    set(CURLOPT_HEADERDATA, transfer.get());
    set(CURLOPT_READFUNCTION, &HttpClient::onRead);
    set(CURLOPT_READDATA, transfer.get());
    const auto seconds = [](Duration d) {
        return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(d).count());
    };
    set(CURLOPT_MAXAGE_CONN, seconds(settings_.idle));
    set(CURLOPT_MAXLIFETIME_CONN, seconds(settings_.lifetime));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(toMillis(settings_.connect)));
    set(CURLOPT_SSL_VERIFYPEER, settings_.verify ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, settings_.verify ? 2L : 0L);
    if (!settings_.caFile.empty()) set(CURLOPT_CAINFO, settings_.caFile.c_str());
    if (!settings_.certificate.empty()) {
        set(CURLOPT_SSLCERT, settings_.certificate.c_str());
        set(CURLOPT_SSLKEY, settings_.key.c_str());
    }
    return transfer;
}

void HttpClient::putBack(std::unique_ptr<Transfer> transfer, bool reuse) {
    transfer->handler = nullptr;
    curl_slist_free_all(transfer->headers);
    transfer->headers = nullptr;
    transfer->in.clear();
    if (transfer->in.capacity() > 64 * 1024) transfer->in.shrink_to_fit();
    // A handle whose transfer failed may carry what made it fail into the next one (curl #17139).
    if (reuse && free_.size() < kKeptHandles) free_.push_back(std::move(transfer));
}

std::uint64_t HttpClient::send(const HttpRequest& request, Handler handler) {
    auto transfer = take();
    Transfer& t = *transfer;
    t.handle = ++next_;
    t.out = request.body;
    t.retryAfter.clear();
    t.dropped.clear();
    t.head = t.tooLong = false;
    t.error[0] = '\0';
    t.handler = std::move(handler);
    for (const std::string& header : request.headers)
        t.headers = curl_slist_append(t.headers, header.c_str());
    if (request.post) t.headers = curl_slist_append(t.headers, "Expect:");
    curl_easy_setopt(t.easy, CURLOPT_URL, request.url.c_str());
    if (request.post) {
        curl_easy_setopt(t.easy, CURLOPT_POST, 1L);
        curl_easy_setopt(t.easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
    } else {
        curl_easy_setopt(t.easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, t.headers);
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(request.timeout).count();
    curl_easy_setopt(t.easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, ms)));
    const std::uint64_t handle = t.handle;
    CURL* easy = t.easy;
    transfers_.emplace(handle, std::move(transfer));
    PENSTOCK_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
    return handle;
}

void HttpClient::cancel(std::uint64_t handle) {
    const auto found = transfers_.find(handle);
    if (found == transfers_.end()) return;
    curl_multi_remove_handle(multi_, found->second->easy);
    transfers_.erase(found); // and with it its handle and connection
}

// ---- curl's side

int HttpClient::onSocket(void*, int fd, int what, void* self, void*) {
    auto* client = static_cast<HttpClient*>(self);
    auto& socket = client->sockets_[fd];
    if (what == CURL_POLL_REMOVE) {
        client->sockets_.erase(fd);
        return 0;
    }
    if (socket == nullptr) {
        socket = std::make_unique<Socket>(Socket{client});
    } else if (socket->source != nullptr) {
        event_free(socket->source);
    }
    const auto wanted =
        static_cast<short>(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                           ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);
    socket->source = event_new(client->loop_.base(), fd, wanted, &HttpClient::onReady, client);
    event_add(socket->source, nullptr);
    return 0;
}

int HttpClient::onTimer(void*, long ms, void* self) {
    auto* client = static_cast<HttpClient*>(self);
    if (ms < 0) {
        client->loop_.disarm(client->timer_);
    } else {
        client->loop_.arm(client->timer_, client->loop_.now() + std::chrono::milliseconds{ms});
    }
    return 0;
}

void HttpClient::onReady(int fd, short what, void* self) {
    auto* client = static_cast<HttpClient*>(self);
    const int bits = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                     ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    client->loop_.enter([&] { client->act(fd, bits); });
}

void HttpClient::timeOut() {
    act(CURL_SOCKET_TIMEOUT, 0);
}

void HttpClient::act(int fd, int what) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, what, &running);
    collect();
}

std::size_t HttpClient::onBody(char* data, std::size_t size, std::size_t count, void* transfer) {
    auto* t = static_cast<Transfer*>(transfer);
    if (t->in.size() + size * count > t->client->settings_.answerMax) {
        t->tooLong = true;
        return 0; // ends the transfer
    }
    t->in.append(data, size * count);
    return size * count;
}

std::size_t HttpClient::onHeader(char* data, std::size_t size, std::size_t count, void* transfer) {
    auto* t = static_cast<Transfer*>(transfer);
    const std::string_view line(data, size * count);
    t->head |= line == "\r\n" || line == "\n";
    if (const auto after = valueOf(line, "retry-after"); !after.empty()) t->retryAfter = after;
    if (const auto why = valueOf(line, "x-llm-d-request-dropped-reason"); !why.empty()) {
        t->dropped = why;
    }
    return size * count;
}

std::size_t HttpClient::onRead(char* data, std::size_t size, std::size_t count, void* transfer) {
    auto* t = static_cast<Transfer*>(transfer);
    const std::size_t part = std::min(size * count, t->out.size());
    std::memcpy(data, t->out.data(), part);
    t->out.remove_prefix(part);
    return part;
}

void HttpClient::collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        Transfer* t = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        long status = 0, made = 0;
        curl_off_t first = 0, total = 0;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &made);
        curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
        curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total);
        made_ += static_cast<std::uint64_t>(made);
        auto owned = std::move(transfers_.at(t->handle));
        transfers_.erase(t->handle);
        curl_multi_remove_handle(multi_, t->easy);
        HttpAnswer answer;
        answer.firstByte = std::chrono::microseconds{first};
        answer.total = std::chrono::microseconds{total};
        switch (code) {
        case CURLE_OK:
            answer.status = static_cast<int>(status);
            break;
        case CURLE_OPERATION_TIMEDOUT:
            answer.error = TransportError::timeout;
            break;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
            answer.error = TransportError::refused;
            break;
        default:
            answer.error = t->head && !t->tooLong ? TransportError::cut : TransportError::reset;
            break;
        }
        if (code != CURLE_OK) {
            answer.words = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
            if (t->tooLong) {
                answer.words =
                    fmt::format("the answer is longer than {} bytes", settings_.answerMax);
            }
        }
        answer.body = t->in;
        answer.retryAfter = t->retryAfter;
        answer.dropped = t->dropped;
        const Handler handler = std::move(t->handler);
        handler(answer);
        putBack(std::move(owned), code == CURLE_OK);
    }
}

} // namespace penstock
