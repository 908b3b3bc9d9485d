// SPDX-License-Identifier: Apache-2.0
// The sender's side on the command line: submit, results, cancel, queues.
#include "app/cli/commands.h"
#include "engine/live/redis/producer.h"
#include "engine/types/duration_text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kUnderWay = 2048; // submissions not yet accepted

struct QueueArguments {
    std::string redis = "redis://localhost:6379";
    std::vector<std::string> queues{"requests"};
    std::string results = "result-list";
    std::string retries = "retry-sortedset";
    std::string file = "-";
    std::string id;
    std::string deadline = "1h";
    std::int64_t count = 0;
    double wait = 0.0;
};

// A connection that a command uses and gives up; the error says why there is none.
class Connected {
  public:
    static Result<std::unique_ptr<Connected>> make(const std::string& url) {
        auto endpoint = RedisEndpoint::parse(url);
        if (!endpoint) return fail(endpoint.error());
        return std::make_unique<Connected>(*endpoint);
    }
    explicit Connected(const RedisEndpoint& endpoint) : redis(loop, endpoint, scripts.all()) {}

    // Runs `work` once connected, until it stops the loop; gives up if there is no Redis.
    Status run(std::function<void()> work) {
        std::string why;
        bool started = false;
        redis.onReady([&] {
            if (started) return;
            started = true;
            work();
        });
        redis.onLost([&](const std::string& said) {
            why = said;
            loop.stop();
        });
        loop.onSignal(SIGINT, [this] { loop.stop(); });
        redis.start();
        loop.run();
        if (!why.empty()) return fail(why);
        return {};
    }

    LiveLoop loop;
    ProducerScripts scripts;
    RedisConnection redis;
};

struct Line {
    std::string id, payload, endpoint, model;
    Labels metadata, headers;
    double deadline = 0.0; // Unix seconds
};

// The bytes of a line's payload, which travel to the router as they are: 1.50 stays 1.50. Empty if
// it has two.
std::string payloadOf(const std::string& text) {
    const simdjson::padded_string padded(text);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::object line;
    if (parser.iterate(padded).get(document) || document.get_object().get(line)) return {};
    std::string payload;
    for (auto field : line) {
        std::string_view key, raw;
        simdjson::ondemand::value value;
        if (field.unescaped_key().get(key)) return {};
        const bool wanted = key == "payload";
        if (field.value().get(value)) return {};
        if (!wanted) continue;
        if (!payload.empty() || simdjson::to_json_string(value).get(raw)) return {};
        payload = raw;
    }
    return payload;
}

Result<Line> parse(const std::string& text, std::size_t number, const std::string& file, double now,
                   double within) {
    const auto wrong = [&](std::string what) {
        return fail(Error{std::move(what), file == "-" ? "standard input" : file,
                          static_cast<int>(number), 0});
    };
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return wrong("is not a JSON object; write one request a line");
    Line line;
    line.id = fmt::format("req-{}-{}", newToken().substr(0, 12), number);
    line.deadline = now + within;
    if (!json.contains("payload")) {
        line.payload = text; // the request itself
        return line;
    }
    if (!json["payload"].is_object()) return wrong("payload is not a JSON object");
    line.payload = payloadOf(text);
    if (line.payload.empty()) return wrong("payload is given twice; keep one");
    for (const auto& [key, value] : json.items()) {
        if (key == "payload" || key == "created") continue;
        if (key == "id" || key == "endpoint" || key == "model") {
            if (!value.is_string()) return wrong(fmt::format("{} is not a text", key));
            (key == "id" ? line.id : key == "endpoint" ? line.endpoint : line.model) = value;
        } else if (key == "deadline") {
            if (!value.is_number() || value.get<double>() <= 0) {
                return wrong(fmt::format("deadline is {}, not Unix seconds", value.dump()));
            }
            line.deadline = value;
        } else if (key == "metadata" || key == "headers") {
            if (!value.is_object()) return wrong(fmt::format("{} is not an object", key));
            for (const auto& [name, text_] : value.items()) {
                if (!text_.is_string()) return wrong(fmt::format("{}.{} is not a text", key, name));
                (key == "metadata" ? line.metadata : line.headers).push_back({name, text_});
            }
        } else {
            return wrong(fmt::format("unknown key \"{}\"; known: id, payload, deadline, endpoint, "
                                     "model, metadata, headers",
                                     key));
        }
    }
    if (line.id.empty() || line.id.size() > kIdBytesMax) {
        return wrong(fmt::format("id has {} bytes; write 1 to {}", line.id.size(), kIdBytesMax));
    }
    return line;
}

double unixNow() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

int submit(const QueueArguments& a, double within) {
    std::ifstream opened;
    if (a.file != "-") {
        opened.open(a.file);
        if (!opened) return report(Error{"cannot be read", a.file, 0, 0}, kBadInput);
    }
    std::istream& in = a.file == "-" ? std::cin : opened;
    auto made = Connected::make(a.redis);
    if (!made) return report(made.error(), kBadInput);
    Connected& c = **made;
    RedisProducer producer(c.redis, c.scripts, a.queues.front());
    std::size_t number = 0, underWay = 0, accepted = 0;
    bool ended = false;
    std::optional<Error> wrong;
    int code = kWorldFailed; // with it
    std::function<void()> more = [&] {
        std::string text;
        while (!ended && !wrong && underWay < kUnderWay) {
            if (!std::getline(in, text)) {
                ended = true;
                break;
            }
            ++number;
            if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
            auto line = parse(text, number, a.file, unixNow(), within);
            if (!line) {
                wrong = line.error();
                code = kBadInput;
                break;
            }
            Envelope envelope;
            envelope.id = line->id;
            envelope.payload = line->payload;
            envelope.endpoint = line->endpoint;
            envelope.model = line->model;
            envelope.metadata = line->metadata;
            envelope.headers = line->headers;
            envelope.resultQueue = a.results;
            ++underWay;
            producer.submit(
                makeMessage(std::move(envelope), unixNow(), line->deadline, a.queues.front()),
                unixNow(), [&](bool good, const std::string& why) {
                    --underWay;
                    if (good) ++accepted;
                    if (!good && !wrong) wrong = Error{fmt::format("not accepted: {}", why)};
                    if (underWay < kUnderWay / 2) more();
                });
        }
        if ((ended || wrong) && underWay == 0) c.loop.stop();
    };
    const auto began = std::chrono::steady_clock::now();
    if (auto ran = c.run(more); !ran && !wrong) wrong = ran.error();
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    say(fmt::format("{} requests accepted in {:.1f} s\n", accepted, took));
    return wrong ? report(*wrong, code) : kFine;
}

int results(const QueueArguments& a) {
    auto made = Connected::make(a.redis);
    if (!made) return report(made.error(), kBadInput);
    Connected& c = **made;
    std::int64_t seen = 0;
    bool late = false;
    std::function<void()> next = [&] {
        const std::string wait = fmt::format("{:.3f}", a.wait);
        c.redis.command({"BRPOP", a.results, wait}, [&](const redisReply* reply) {
            const auto parts = partsOf(reply);
            if (parts.size() == 2) {
                say(penstock::textOf(parts[1]));
                say("\n");
                // What cannot be written would be taken for nothing.
                if (std::fflush(stdout) != 0) return c.loop.stop();
                if (++seen == a.count) return c.loop.stop();
                return next();
            }
            late = true;
            c.loop.stop();
        });
    };
    if (auto ran = c.run(next); !ran) return report(ran.error(), kWorldFailed);
    if (late && a.count > seen) {
        return report(
            Error{fmt::format("{} of {} results came within {} s", seen, a.count, a.wait)},
            kExpectationFailed);
    }
    return kFine;
}

int cancel(const QueueArguments& a) {
    auto made = Connected::make(a.redis);
    if (!made) return report(made.error(), kBadInput);
    Connected& c = **made;
    RedisProducer producer(c.redis, c.scripts, a.queues.front());
    bool done = false;
    std::string why;
    const auto ran = c.run([&] {
        producer.cancel(a.id, [&](bool good, const std::string& said) {
            done = good;
            why = said;
            c.loop.stop();
        });
    });
    if (!ran) return report(ran.error(), kWorldFailed);
    if (!done) return report(Error{why}, kExpectationFailed);
    say(fmt::format(
        "{} is withdrawn: it ends with CANCELLED within a second, unless it is answered first\n",
        a.id));
    return kFine;
}

int queues(const QueueArguments& a) {
    auto made = Connected::make(a.redis);
    if (!made) return report(made.error(), kBadInput);
    Connected& c = **made;
    const auto ran = c.run([&] {
        say(fmt::format("{:<24} {:>10} {:>10} {:>10} {:>10}  {}\n", "queue", "pending", "claimed",
                        "suspect", "dead", "next deadline"));
        for (const std::string& name : a.queues) {
            const auto row = std::make_shared<std::vector<std::int64_t>>();
            const auto number = [row](const redisReply* reply) {
                row->push_back(penstock::numberOf(reply));
            };
            c.redis.command({"ZCARD", name}, number);
            c.redis.command({"HLEN", name + ":claimed"}, number);
            c.redis.command({"ZCARD", name + ":suspect"}, number);
            c.redis.command({"LLEN", name + ":dead"}, number);
            c.redis.command(
                {"ZRANGE", name, "0", "0", "WITHSCORES"}, [row, name](const redisReply* reply) {
                    const auto parts = partsOf(reply);
                    std::string head = "-";
                    if (parts.size() == 2) {
                        const double left =
                            std::strtod(std::string(penstock::textOf(parts[1])).c_str(), nullptr) -
                            unixNow();
                        head = left < 0 ? fmt::format("passed {:.0f} s ago", -left)
                                        : fmt::format("in {:.0f} s", left);
                    }
                    row->resize(4);
                    say(fmt::format("{:<24} {:>10} {:>10} {:>10} {:>10}  {}\n", name, (*row)[0],
                                    (*row)[1], (*row)[2], (*row)[3], head));
                });
        }
        c.redis.command({"ZCARD", a.retries}, [&](const redisReply* reply) {
            say(fmt::format("{} wait for a retry in {}\n", penstock::numberOf(reply), a.retries));
            c.loop.stop();
        });
    });
    return ran ? kFine : report(ran.error(), kWorldFailed);
}

} // namespace

void addQueueCommands(CLI::App& app, int& code) {
    const auto add = [&app](const char* name, const char* help) {
        auto a = std::make_shared<QueueArguments>();
        if (const char* url = std::getenv("REDIS_URL")) a->redis = url;
        auto* command = app.add_subcommand(name, help);
        command->add_option("--redis", a->redis,
                            "redis[s]://[user:password@]host[:port][/db] (REDIS_URL)");
        return std::pair{command, a};
    };
    {
        auto [command, a] = add("submit", "Put requests into a queue: JSON, one a line.");
        command
            ->add_option("file", a->file,
                         "JSONL: {id, payload, deadline, metadata, headers, endpoint, model}, or "
                         "the payload alone; - reads standard input")
            ->required();
        command->add_option("--queue", a->queues, "Name of the queue (requests)");
        command->add_option("--results", a->results, "List for the results (result-list)");
        command->add_option("--deadline", a->deadline,
                            "Of requests that name none, from now: 90s, 10m, 1h");
        command->footer("Example:\n  penstock submit requests.jsonl --queue batch --deadline 2h");
        command->callback([a = a, &code] {
            const auto within = goDuration(a->deadline);
            code = within && *within > Duration{0}
                       ? submit(*a, toSeconds(*within))
                       : report(Error{fmt::format(
                                    "--deadline {} is not a duration such as 90s, 10m or 1h",
                                    a->deadline)},
                                kBadInput);
        });
    }
    {
        auto [command, a] =
            add("results", "Take results from a list and print them, one JSON a line.");
        command->add_option("--list", a->results, "Name of the list (result-list)");
        command->add_option("--count", a->count, "Stop after so many; 0: never");
        command->add_option("--wait", a->wait,
                            "Seconds without any before it gives up; 0: for ever");
        command->footer("What it prints is taken: it is not in the list any more.\nExample:\n  "
                        "penstock results --count 1000 --wait 30 > results.jsonl");
        command->callback([a = a, &code] { code = results(*a); });
    }
    {
        auto [command, a] = add("cancel", "Withdraw a request by its id.");
        command->add_option("id", a->id, "As it was submitted")->required();
        command->callback([a = a, &code] { code = cancel(*a); });
    }
    {
        auto [command, a] =
            add("queues", "What waits, is claimed, suspect or dead. Writes nothing.");
        command->add_option("queue", a->queues, "Names of queues (requests)");
        command->add_option("--retries", a->retries, "Name of the retry set (retry-sortedset)");
        command->callback([a = a, &code] { code = queues(*a); });
    }
}

} // namespace penstock::app
