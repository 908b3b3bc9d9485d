// SPDX-License-Identifier: Apache-2.0
// `penstock serve`: the live processor. Takes llm-d-async's own flags and documents.
#include "app/cli/commands.h"
#include "engine/config/documents/engine_tree.h"
#include "engine/config/text/override.h"
#include "engine/live/serve/live_run.h"
#include "engine/record/report/text_format.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <memory>
#include <unistd.h>

namespace penstock::app {
namespace {

struct ServeArguments {
    EngineFiles files;
    std::string redis, router, semantics;
    std::vector<std::string> queues, overrides;
    LiveOptions live;
    std::vector<std::pair<std::string, std::string>> given; // flags of the documents
    bool quiet = false;
};

// What is said with --redis, --router and --queue is a transport document.
std::string shortDocument(const ServeArguments& a) {
    nlohmann::json document{{"url", a.redis}, {"queues", nlohmann::json::array()}};
    const std::vector<std::string> names =
        a.queues.empty() ? std::vector<std::string>{"requests"} : a.queues;
    for (const std::string& name : names)
        document["queues"].push_back({{"queue_name", name}, {"igw_base_url", a.router}});
    return document.dump();
}

Result<EngineDocument> documents(const ServeArguments& a) {
    EngineFiles files = a.files;
    const bool shortly = !a.router.empty();
    if (shortly && !(files.transportText.empty() && files.transportFile.empty())) {
        return fail("--router and a transport document are both given; keep one");
    }
    if (shortly) files.transportText = shortDocument(a);
    files.flags = a.given;
    if (!a.semantics.empty()) files.flags.emplace_back("semantics", a.semantics);
    auto tree = engineTree(files);
    if (!tree) return fail(tree.error());
    for (const std::string& assignment : a.overrides) {
        if (auto done = applyOverride(*tree, assignment); !done) return fail(done.error());
    }
    EngineOptions options;
    const auto environment = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    options.redisUrl = environment("REDIS_URL");
    options.igwBaseUrl = environment("IGW_BASE_URL");
    return readEngine(*tree, options);
}

void show(LiveRun& run, LiveCounts& before) {
    const LiveCounts now = run.counts();
    std::string gates;
    const DispatcherSettings& settings = run.engine().settings();
    std::int64_t flying = 0;
    for (std::size_t i = 0; i < settings.queues.size(); ++i) {
        const QueueView view = run.engine().dispatcher().queueView(static_cast<std::uint16_t>(i));
        flying += view.inFlight;
        if (view.budget > 0.0 || gates.size() > 60) continue;
        gates += fmt::format("  {} closed ({})", text::printable(settings.queues[i].id),
                             name(view.reason.code));
    }
    fmt::print(stderr, "\r\033[K{}{:>7}/s sent {:>7}/s answered {:>6} in flight{}{}",
               run.connected() ? "" : "no Redis  ", now.sent - before.sent,
               now.finished - before.finished, flying,
               now.unconfirmed > 64 ? fmt::format("  {} unconfirmed", now.unconfirmed) : "", gates);
    std::fflush(stderr);
    before = now;
}

int serve(const ServeArguments& a) {
    auto document = documents(a);
    if (!document) return report(document.error(), kBadInput);
    LiveOptions options = a.live;
    const bool person = isatty(STDERR_FILENO) != 0 && !a.quiet;
    options.log = [person](const std::string& line) {
        if (person) fmt::print(stderr, "\r\033[K");
        tell(line + "\n");
    };
    auto made = makeLive(*document, options);
    if (!made) return report(made.error(), kBadInput);
    LiveRun& run = **made;
    LiveCounts before;
    if (person) run.every(std::chrono::seconds{1}, [&run, &before] { show(run, before); });
    run.run();
    if (person) tell("\n");
    const LiveCounts end = run.counts();
    say(fmt::format("{} answered, {} sent, {} parked for a retry, {} handed back, {} redelivered, "
                    "{} dead, {} not confirmed\n",
                    end.finished, end.sent, end.parked, end.givenBack, end.redelivered, end.dead,
                    end.unconfirmed));
    return end.unconfirmed == 0 ? kFine : kWorldFailed;
}

} // namespace

void addServe(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "serve",
        "The live processor: takes requests from Redis, asks its gates, sends to the router.");
    auto a = std::make_shared<ServeArguments>();
    command->add_option("--transport", a->files.transportType, "redis-sortedset (default)");
    command->add_option("--transport-config", a->files.transportText, "Transport document, JSON");
    command->add_option("--transport-config-file", a->files.transportFile, "The same from a file");
    command->add_option("--pool-config-file", a->files.poolFile, "Worker pools");
    command->add_option("--request-merge-policy-config-file", a->files.mergeFile, "Merge policy");
    command->add_option("--transform-config-file", a->files.transformFile, "Transforms");
    for (const auto& [name, help] :
         {std::pair{"concurrency", "Requests in flight at most, of pools that do not say (64)"},
          std::pair{"request-timeout", "Of one attempt (5m)"},
          std::pair{"drain-timeout", "How long what is in flight may go on after SIGTERM (2m)"},
          std::pair{"prometheus-url", "What gates on metrics ask"},
          std::pair{"prometheus-cache-ttl", "For how long they keep an answer (5s)"},
          std::pair{"health-port", "/healthz, /readyz, /status (8081)"},
          std::pair{"metrics-port", "/metrics (9090)"},
          std::pair{"tls-ca-cert", "PEM; instead of the system's authorities"},
          std::pair{"tls-cert", "PEM of our certificate"}, std::pair{"tls-key", "and its key"},
          std::pair{"tls-insecure-skip-verify", "true: believe any certificate"}}) {
        command->add_option_function<std::string>(
            std::string("--") + name,
            [a, key = std::string(name)](const std::string& value) {
                a->given.emplace_back(key, value);
            },
            help);
    }
    command->add_option("--semantics", a->semantics, "penstock (default) or llm-d-async-0.10");
    command->add_option("--router", a->router,
                        "Base URL of the router, instead of a transport document");
    command->add_option("--redis", a->redis, "With --router: redis://host:port/db (REDIS_URL)");
    command->add_option("--queue", a->queues,
                        "With --router: a queue's name; repeatable (requests)");
    addSet(*command, a->overrides, "a value of the documents");
    command->add_option("--listen", a->live.address,
                        "Address of the metrics and health ports (127.0.0.1)");
    command->add_flag("--any-port", a->live.anyPort,
                      "Metrics and health on any free ports; the log says which");
    command->add_flag("--quiet", a->quiet, "No line of rates on a terminal");
    command->footer(
        "Examples:\n"
        "  penstock serve --router http://gateway:8080 --redis redis://localhost:6379\n"
        "  penstock serve --transport redis-sortedset --transport-config-file transport.json "
        "--pool-config-file pools.json --prometheus-url http://prometheus:9090\n"
        "SIGTERM drains for --drain-timeout; a second one hands everything back at once.");
    command->callback([a, &code] { code = serve(*a); });
}

} // namespace penstock::app
