// SPDX-License-Identifier: Apache-2.0
// See prometheus_server.h. HTTP/1.0 keeps the client small: a server may not chunk its answer to
// it, and closes the connection at its end.
#include "tests/sim/metrics/prometheus_server.h"

#include "tests/loopback.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <bit>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace penstock::sim::test {

namespace {

// A file descriptor that is closed.
struct Socket {
    explicit Socket(int descriptor) : fd(descriptor) {}
    ~Socket() {
        if (fd >= 0) close(fd);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int fd;
};

struct Response {
    int status = 0;
    std::string body;
};

// `headers`: whole lines, each with its line end.
Result<Response> http(int port, std::string_view line, std::string_view headers,
                      std::string_view body) {
    const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval timeout{10, 0};
    setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    const sockaddr_in address = penstock::test::loopback(static_cast<std::uint16_t>(port));
    if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail("connect: " + std::string(std::strerror(errno)));
    }
    const std::string request = fmt::format("{} HTTP/1.0\r\n{}Content-Length: {}\r\n\r\n{}", line,
                                            headers, body.size(), body);
    for (std::size_t sent = 0; sent < request.size();) {
        const ssize_t n =
            send(socket.fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) return fail("send: " + std::string(std::strerror(errno)));
        sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    char buffer[16384];
    while (true) {
        const ssize_t n = recv(socket.fd, buffer, sizeof buffer, 0);
        if (n < 0) return fail("recv: " + std::string(std::strerror(errno)));
        if (n == 0) break;
        answer.append(buffer, static_cast<std::size_t>(n));
    }
    const std::size_t split = answer.find("\r\n\r\n");
    if (split == std::string::npos || answer.size() < 12) return fail("bad answer: " + answer);
    return Response{std::atoi(answer.c_str() + 9), answer.substr(split + 4)};
}

std::string urlEncoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

// Protocol Buffers, as far as a remote-write request needs them: varints, length-delimited fields
// and doubles.
void putVarint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

void putBytes(std::string& out, int field, std::string_view bytes) {
    putVarint(out, static_cast<std::uint64_t>(field) << 3 | 2);
    putVarint(out, bytes.size());
    out += bytes;
}

std::string remoteWriteRequest(const std::vector<SeriesData>& world) {
    constexpr std::uint64_t kStaleBits = 0x7ff0000000000002; // Prometheus' value.StaleNaN
    std::string request;
    for (const SeriesData& data : world) {
        std::string series;
        for (const Label& label : data.labels) {
            std::string pair;
            putBytes(pair, 1, label.name);
            putBytes(pair, 2, label.value);
            putBytes(series, 1, pair);
        }
        for (const SampleData& s : data.samples) {
            std::string sample;
            const std::uint64_t bits = s.stale ? kStaleBits : std::bit_cast<std::uint64_t>(s.value);
            sample += static_cast<char>(1 << 3 | 1);
            for (int byte = 0; byte < 8; ++byte)
                sample += static_cast<char>(bits >> (8 * byte));
            sample += static_cast<char>(2 << 3 | 0);
            putVarint(sample, static_cast<std::uint64_t>(s.atMs));
            putBytes(series, 2, sample);
        }
        putBytes(request, 1, series);
    }
    return request;
}

// Snappy's block format with literals only: valid, and not compressed.
std::string snappy(std::string_view data) {
    std::string out;
    putVarint(out, data.size());
    while (!data.empty()) {
        const std::size_t length = std::min<std::size_t>(data.size(), 65536);
        out += static_cast<char>(61 << 2); // a literal whose length − 1 is in two bytes
        out += static_cast<char>((length - 1) & 0xff);
        out += static_cast<char>((length - 1) >> 8);
        out += data.substr(0, length);
        data.remove_prefix(length);
    }
    return out;
}

double numberFrom(const std::string& text) {
    if (text == "NaN") return NAN;
    if (text == "+Inf") return INFINITY;
    if (text == "-Inf") return -INFINITY;
    return std::stod(text);
}

} // namespace

std::string PrometheusServer::binary() {
    for (const char* path : {"/usr/bin/prometheus", "/usr/local/bin/prometheus"}) {
        if (access(path, X_OK) == 0) return path;
    }
    return {};
}

Result<std::unique_ptr<PrometheusServer>> PrometheusServer::start() {
    std::unique_ptr<PrometheusServer> server(new PrometheusServer);
    std::string pattern =
        (std::filesystem::temp_directory_path() / "penstock-prom-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return fail("cannot make a temporary directory");
    server->directory_ = pattern;
    std::ofstream(server->directory_ + "/prometheus.yml") << "global: {}\n";
    server->port_ = penstock::test::freePort();
    const std::string path = binary();
    const std::vector<std::string> arguments = {
        path,
        "--config.file=" + server->directory_ + "/prometheus.yml",
        "--storage.tsdb.path=" + server->directory_ + "/data",
        "--storage.tsdb.retention.time=100y",
        "--web.enable-remote-write-receiver",
        fmt::format("--web.listen-address=127.0.0.1:{}", server->port_)};
    std::vector<char*> argv;
    for (const std::string& a : arguments)
        argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    const std::string log = server->directory_ + "/log";
    const pid_t parent = getpid();
    server->pid_ = fork();
    if (server->pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        const int fd = open(log.c_str(), O_CREAT | O_WRONLY, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(path.c_str(), argv.data());
        _exit(127);
    }
    if (server->pid_ < 0) return fail("fork failed");
    for (int i = 0; i < 500; ++i) {
        const Result<Response> ready = http(server->port_, "GET /-/ready", "", "");
        if (ready && ready->status == 200) {
            const Result<Response> build =
                http(server->port_, "GET /api/v1/status/buildinfo", "", "");
            if (build) {
                const auto json = nlohmann::json::parse(build->body, nullptr, false);
                if (!json.is_discarded()) server->version_ = json["data"]["version"];
            }
            return server;
        }
        int status = 0;
        if (waitpid(server->pid_, &status, WNOHANG) == server->pid_) {
            server->pid_ = -1;
            std::ifstream in(log);
            return fail("prometheus ended: " + std::string(std::istreambuf_iterator<char>(in), {}));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return fail("prometheus was not ready within 10 s");
}

PrometheusServer::~PrometheusServer() {
    if (pid_ > 0) {
        // Nothing it holds is wanted, so it need not shut down in order.
        kill(pid_, SIGKILL);
        int status = 0;
        waitpid(pid_, &status, 0);
    }
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Status PrometheusServer::write(const std::vector<SeriesData>& world) {
    const Result<Response> response =
        http(port_, "POST /api/v1/write",
             "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
             "X-Prometheus-Remote-Write-Version: 0.1.0\r\n",
             snappy(remoteWriteRequest(world)));
    if (!response) return fail(response.error());
    if (response->status / 100 != 2) {
        return fail(fmt::format("remote write: {} {}", response->status, response->body));
    }
    return {};
}

Result<ServerAnswer> PrometheusServer::query(std::string_view text, Time at) {
    const std::int64_t ms = toMilliseconds(at);
    const Result<Response> response =
        http(port_, "POST /api/v1/query", "Content-Type: application/x-www-form-urlencoded\r\n",
             fmt::format("query={}&time={}.{:03}", urlEncoded(text), ms / 1000, ms % 1000));
    if (!response) return fail(response.error());
    const auto json = nlohmann::json::parse(response->body, nullptr, false);
    if (json.is_discarded()) return fail("no JSON: " + response->body);
    ServerAnswer answer;
    if (json["status"] != "success") {
        answer.error = json["error"];
        return answer;
    }
    answer.ok = true;
    const auto& data = json["data"];
    answer.scalar = data["resultType"] == "scalar";
    if (answer.scalar) {
        answer.values["{}"] = numberFrom(data["result"][1]);
        return answer;
    }
    for (const auto& element : data["result"]) {
        Labels labels;
        for (const auto& [name, value] : element["metric"].items()) {
            labels.set(name, value.get<std::string>());
        }
        answer.values[labels.text()] = numberFrom(element["value"][1]);
    }
    return answer;
}

} // namespace penstock::sim::test
