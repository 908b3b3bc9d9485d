// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/live/servers.h"

#include "engine/types/check.h"
#include "tests/loopback.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <hiredis/hiredis.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace penstock::testing {

using namespace std::chrono_literals;

Process::Process(const std::vector<std::string>& words, const std::string& outputFile)
    : file_(outputFile) {
    std::vector<char*> argv;
    for (const std::string& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    PENSTOCK_CHECK(pid_ >= 0);
    if (pid_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(outputFile.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[0], argv.data());
    _exit(127);
}

Process::~Process() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), file_(std::move(other.file_)) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(file_, other.file_);
    return *this;
}

void Process::signal(int number) const {
    if (pid_ > 0) kill(pid_, number);
}

int Process::wait(double seconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (pid_ > 0) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (std::chrono::steady_clock::now() > until) return -1;
        std::this_thread::sleep_for(2ms);
    }
    return 0;
}

bool Process::running() {
    return pid_ > 0 && kill(pid_, 0) == 0;
}

std::string Process::output() const {
    std::ifstream in(file_);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

bool RedisServer::installed() {
    return std::system("command -v redis-server >/dev/null 2>&1") == 0;
}

RedisServer::RedisServer(const std::string& fsync) : fsync_(fsync) {
    char name[] = "/tmp/penstock-redis-XXXXXX";
    folder_ = mkdtemp(name);
    port_ = test::freePort();
    start();
}

RedisServer::~RedisServer() {
    if (context_ != nullptr) redisFree(context_);
    process_ = Process();
    std::filesystem::remove_all(folder_);
}

void RedisServer::start() {
    process_ =
        Process({"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save",
                 "", "--appendonly", "yes", "--appendfsync", fsync_, "--dir", folder_},
                folder_ + "/log");
    connect();
}

void RedisServer::connect() {
    if (context_ != nullptr) redisFree(context_);
    context_ = nullptr;
    for (int i = 0; i < 500; ++i) {
        context_ = redisConnect("127.0.0.1", port_);
        if (context_ != nullptr && context_->err == 0 && ask({"PING"}) == "PONG") return;
        if (context_ != nullptr) redisFree(context_);
        context_ = nullptr;
        std::this_thread::sleep_for(10ms);
    }
    PENSTOCK_CHECK(false);
}

void RedisServer::kill9() {
    process_.signal(SIGKILL);
    process_.wait(5);
}

void RedisServer::stall(bool on) {
    process_.signal(on ? SIGSTOP : SIGCONT);
}

std::string RedisServer::ask(const std::vector<std::string>& words) {
    std::vector<const char*> argv;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
        argv.push_back(word.data());
        sizes.push_back(word.size());
    }
    auto* reply = static_cast<redisReply*>(
        redisCommandArgv(context_, static_cast<int>(argv.size()), argv.data(), sizes.data()));
    if (reply == nullptr) return "";
    std::string out;
    if (reply->type == REDIS_REPLY_INTEGER) {
        out = std::to_string(reply->integer);
    } else if (reply->type == REDIS_REPLY_ARRAY) {
        for (std::size_t i = 0; i < reply->elements; ++i)
            out += std::string(reply->element[i]->str, reply->element[i]->len) + "\n";
    } else if (reply->str != nullptr) {
        out.assign(reply->str, reply->len);
    }
    freeReplyObject(reply);
    return out;
}

std::vector<std::string> RedisServer::keys() {
    std::vector<std::string> out;
    std::stringstream lines(ask({"KEYS", "*"}));
    for (std::string line; std::getline(lines, line);)
        out.push_back(line);
    return out;
}

} // namespace penstock::testing
