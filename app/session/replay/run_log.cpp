// SPDX-License-Identifier: Apache-2.0
#include "app/session/replay/run_log.h"

#include "engine/config/text/input_text.h"
#include "engine/record/report/json_text.h"
#include "engine/record/store/run_name.h"
#include "engine/record/store/run_reader.h"
#include "engine/types/check.h"
#include "sim/scenario/scenario_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace penstock::app {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kSchema = "penstock.moves/1";
constexpr std::size_t kMostLogBytes = 256U << 20;
constexpr std::string_view kQueues = "engine.transport.queues[";
constexpr std::string_view kPaused = "].paused";

Time at(Time start, double seconds) {
    return start + fromSeconds(seconds);
}

std::optional<double> numberOf(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

} // namespace

std::string pausePath(const std::string& queue) {
    return fmt::format("{}{}{}", kQueues, queue, kPaused);
}

std::string pausedQueue(const std::string& path) {
    if (!path.starts_with(kQueues) || !path.ends_with(kPaused)) return {};
    return path.substr(kQueues.size(), path.size() - kQueues.size() - kPaused.size());
}

std::string valueText(double value) {
    return fmt::format("{}", value);
}

Status apply(RunHost& host, const Move& move) {
    if (const std::string queue = pausedQueue(move.path); !queue.empty()) {
        return host.pauseQueue(queue, move.value == "true");
    }
    const auto value = numberOf(move.value);
    if (!value) return fail(fmt::format("{}: \"{}\" is not a number", move.path, move.value));
    return host.move(move.path, *value);
}

Json toJson(const RunOrigin& o) {
    return {{"file", o.file},
            {"overrides", o.overrides},
            {"seed", o.seed},
            {"perfect_gate", o.perfectGate},
            {"poisson", o.poissonControl},
            {"horizon_ns", o.horizon.count()}};
}

RunOrigin originFromJson(const Json& json) {
    RunOrigin o;
    o.file = json.value("file", "");
    o.overrides = json.value("overrides", std::vector<std::string>{});
    o.seed = json.value("seed", std::uint64_t{0});
    o.perfectGate = json.value("perfect_gate", false);
    o.poissonControl = json.value("poisson", false);
    o.horizon = Duration{json.value("horizon_ns", std::int64_t{0})};
    return o;
}

Json toJson(const RunLog& log) {
    Json moves = Json::array();
    for (const Move& move : log.moves) {
        Json each{{"at_seconds", toSeconds(move.t - log.start)},
                  {"t_ns", move.t.time_since_epoch().count()}};
        if (move.event != Move::kAnyEvent) each["event"] = move.event;
        each["path"] = move.path;
        each["value"] = move.value;
        moves.push_back(std::move(each));
    }
    Json out{{"schema", kSchema},
             {"scenario", log.scenario},
             {"origin", toJson(log.origin)},
             {"start_ns", log.start.time_since_epoch().count()},
             {"fingerprint", log.fingerprint},
             {"moves", std::move(moves)},
             {"document", log.document}};
    if (log.end) out["end_ns"] = log.end->time_since_epoch().count();
    return out;
}

Result<RunLog> logFromJson(const Json& json, const std::string& file) {
    const auto wrong = [&](const std::string& what) {
        return fail(Error{.message = what, .file = file});
    };
    const auto schema = json.is_object() ? json.find("schema") : json.end();
    if (!json.is_object() || schema == json.end() || *schema != kSchema) {
        return wrong(fmt::format("not a log of moves: \"schema\" must be \"{}\"", kSchema));
    }
    try {
        RunLog log;
        log.scenario = json.value("scenario", "");
        log.document = json.value("document", "");
        log.fingerprint = json.value("fingerprint", "");
        log.origin = originFromJson(json.value("origin", Json::object()));
        log.start = Time{Duration{json.at("start_ns").get<std::int64_t>()}};
        if (json.contains("end_ns")) {
            log.end = Time{Duration{json.at("end_ns").get<std::int64_t>()}};
        }
        for (const Json& each : json.value("moves", Json::array())) {
            Move move;
            move.t = each.contains("t_ns") ? Time{Duration{each.at("t_ns").get<std::int64_t>()}}
                                           : at(log.start, each.at("at_seconds").get<double>());
            move.event = each.value("event", Move::kAnyEvent);
            move.path = each.at("path").get<std::string>();
            const Json& value = each.at("value");
            move.value = value.is_string()   ? value.get<std::string>()
                         : value.is_number() ? valueText(value.get<double>())
                                             : value.dump();
            log.moves.push_back(std::move(move));
        }
        return log;
    } catch (const std::exception& error) {
        return wrong(fmt::format("not a log of moves as a run leaves it: {}", error.what()));
    }
}

namespace {

// An unfinished run is held to the fingerprint of the last report it left.
void addCheckpoint(RunReader& store, RunId id, RunLog& log) {
    const auto report = store.report(id);
    if (!report || !report->contains("checkpoint")) return;
    Move move;
    try {
        const Json& at = report->at("checkpoint");
        move = {Time{Duration{at.value("t_ns", std::int64_t{0})}}, kCheckpointMove,
                report->value("fingerprint", ""), at.value("event", Move::kAnyEvent)};
    } catch (const Json::exception&) {
        return; // a damaged one holds the run to nothing
    }
    if (move.event == Move::kAnyEvent) return;
    const auto after = std::upper_bound(
        log.moves.begin(), log.moves.end(), move, [](const Move& a, const Move& b) {
            return std::pair(a.event, a.t) < std::pair(b.event, b.t);
        });
    // In the same place as a move, it is unknown which came first.
    if (after != log.moves.begin() && std::prev(after)->event == move.event) return;
    log.moves.insert(after, move);
}

Result<RunLog> readStore(const std::string& file, std::optional<RunId> wanted) {
    auto reader = RunReader::open(file);
    if (!reader) return fail(reader.error());
    RunReader& store = **reader;
    const auto id = wanted ? Result<RunId>(*wanted) : store.latest();
    if (!id) return fail(id.error());
    const auto run = store.run(*id);
    if (!run) return fail(run.error());
    const auto document = store.document(*id);
    if (!document) return fail(document.error());
    const auto origin = store.origin(*id);
    if (!origin) return fail(origin.error());
    auto moves = store.moves(*id);
    if (!moves) return fail(moves.error());
    RunLog log;
    log.scenario = run->scenario;
    log.document = *document;
    log.start = run->start;
    if (!origin->empty()) { // of a store of version 1 it is
        const auto json = jsonFrom(*origin);
        try {
            if (json) log.origin = originFromJson(*json);
        } catch (const Json::exception&) {}
        if (!json || !json->is_object()) {
            return fail(Error{.message = fmt::format("the store is damaged: how run {} was begun "
                                                     "cannot be read",
                                                     *id),
                              .file = file});
        }
    }
    log.origin.seed = run->seed;
    log.fingerprint = run->fingerprint;
    log.recovered = run->state != RunState::done;
    for (Move& move : *moves)
        log.moves.push_back(std::move(move));
    if (log.recovered) {
        log.end = run->lastWritten;
        addCheckpoint(store, *id, log);
    }
    return log;
}

} // namespace

Result<RunLog> readLog(const std::string& run) {
    const auto named = runName(run);
    if (!named) return fail(named.error());
    if (named->run) return readStore(named->file, named->run);
    if (!std::filesystem::exists(run)) {
        return fail(Error{.message = "there is no such run: a run store (DB, or DB#id) or a log of "
                                     "moves (JSON)",
                          .file = run});
    }
    if (std::filesystem::is_regular_file(run)) {
        std::ifstream in{run, std::ios::binary};
        char first = 0;
        in >> first;
        if (first != '{') return readStore(run, {});
    }
    const auto text = readText(run, kMostLogBytes);
    if (!text) return fail(text.error());
    const auto json = jsonFrom(*text);
    if (!json) return fail(Error{.message = json.error().message, .file = run});
    return logFromJson(*json, run);
}

Result<sim::Scenario> scenarioOf(const RunLog& log) {
    sim::ScenarioOptions options;
    options.overrides = log.origin.overrides;
    options.seed = log.origin.seed;
    if (log.origin.horizon > Duration{0}) options.until = log.origin.horizon;
    return sim::parseScenario(log.document,
                              log.origin.file.empty() ? log.scenario : log.origin.file, options);
}

sim::WorldOptions optionsOf(const RunLog& log) {
    sim::WorldOptions options;
    options.perfectGate = log.origin.perfectGate;
    options.poissonControl = log.origin.poissonControl;
    return options;
}

Replay::Place Replay::place(RunHost& host) const {
    const Move* move = next();
    if (move == nullptr) return Place::ahead;
    if (move->event == Move::kAnyEvent) return host.now() >= move->t ? Place::due : Place::ahead;
    if (host.eventsFired() == move->event) return Place::due;
    const bool passed = host.now() == move->t && host.quietUntil(move->t);
    return host.eventsFired() > move->event || host.now() > move->t || passed ? Place::lost
                                                                              : Place::ahead;
}

Result<Move> Replay::make(RunHost& host) {
    PENSTOCK_CHECK(next() != nullptr);
    const Move& move = *next();
    const bool lost = place(host) == Place::lost;
    if (lost || !host.waitUntil(move.t)) {
        return fail(
            fmt::format("the log has its next move after event {} at {:.6f} s, but here {} "
                        "events have happened by {:.6f} s: the log is of another version of "
                        "this program, or of its input files",
                        move.event, toSeconds(move.t - host.start()), host.eventsFired(),
                        toSeconds(host.now() - host.start())));
    }
    ++next_;
    if (move.path == kStopMove) {
        stopped_ = true;
        next_ = log_.moves.size();
        return move;
    }
    if (move.path == kCheckpointMove) {
        const std::string here = host.engine().recorder().fingerprint().text();
        if (here == move.value) return move;
        return fail(
            fmt::format("at {:.6f} s the run had fingerprint {}, but here it has {}: it was "
                        "made by another version of this program, or with other input files",
                        toSeconds(move.t - host.start()), move.value, here));
    }
    if (auto applied = apply(host, move); !applied) return fail(applied.error());
    return move;
}

Result<bool> runLog(RunHost& host, const RunLog& log, Replay& replay,
                    std::chrono::nanoseconds wallTime, const std::atomic<bool>& interrupt,
                    const std::function<void(const Move&)>& made) {
    const auto until = std::chrono::steady_clock::now() + wallTime;
    const Time end = log.end.value_or(host.end());
    for (;;) {
        while (replay.next() != nullptr && replay.place(host) != Replay::Place::ahead) {
            auto move = replay.make(host);
            if (!move) return fail(move.error());
            if (replay.stopped()) return true;
            if (made && move->path != kCheckpointMove) made(*move);
        }
        if (replay.next() == nullptr && (host.done() || host.now() >= end)) return true;
        const auto left = until - std::chrono::steady_clock::now();
        if (left <= std::chrono::nanoseconds{0} || interrupt) return false;
        const Move* move = replay.next();
        host.runFor(left, move != nullptr ? std::max(move->t, host.now()) : end, interrupt,
                    move != nullptr ? move->event : UINT64_MAX);
        if (host.done() && replay.next() != nullptr && replay.place(host) == Replay::Place::ahead) {
            return fail("the run ends before the last move of its log");
        }
    }
}

} // namespace penstock::app
