// SPDX-License-Identifier: Apache-2.0
#include "engine/record/store/run_reader.h"

#include "engine/record/report/json_text.h"
#include "engine/record/store/run_schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include <charconv>
#include <filesystem>
#include <stdexcept>

namespace penstock {

namespace {
Time timeAt(const SQLite::Statement& s, int column) {
    const auto value = const_cast<SQLite::Statement&>(s).getColumn(column);
    return value.isNull() ? kNever : Time{Duration{value.getInt64()}};
}

constexpr const char* kSummary =
    "SELECT id, scenario, seed, semantics, started, finished, fingerprint, tags, note, state, "
    "start_ns, last_ns, dropped_events, dropped_points, events, requests, "
    "EXISTS (SELECT 1 FROM moves WHERE run=runs.id AND path='stop') FROM runs ";

RunSummary summary(SQLite::Statement& s) {
    RunSummary out;
    out.id = s.getColumn(0).getInt64();
    out.scenario = s.getColumn(1).getString();
    const std::string seed = s.getColumn(2).getString();
    const auto [end, code] = std::from_chars(seed.data(), seed.data() + seed.size(), out.seed);
    if (code != std::errc{} || end != seed.data() + seed.size()) {
        throw std::runtime_error(
            fmt::format("run {} has the seed \"{}\": the store is damaged", out.id, seed));
    }
    out.semantics = s.getColumn(3).getString();
    out.startedUnix = s.getColumn(4).getDouble();
    out.finishedUnix = s.getColumn(5).isNull() ? 0 : s.getColumn(5).getDouble();
    out.fingerprint = s.getColumn(6).isNull() ? "" : s.getColumn(6).getString();
    out.tags = s.getColumn(7).getString();
    out.note = s.getColumn(8).getString();
    const std::string state = s.getColumn(9).getString();
    for (RunState known : {RunState::running, RunState::done, RunState::recovered}) {
        if (state == name(known)) out.state = known;
    }
    out.start = timeAt(s, 10);
    out.lastWritten = timeAt(s, 11);
    out.droppedEvents = static_cast<std::uint64_t>(s.getColumn(12).getInt64());
    out.droppedPoints = static_cast<std::uint64_t>(s.getColumn(13).getInt64());
    out.events = static_cast<std::uint64_t>(s.getColumn(14).getInt64());
    out.requests = static_cast<std::uint64_t>(s.getColumn(15).getInt64());
    out.stopped = s.getColumn(16).getInt() != 0;
    return out;
}

std::string damaged(RunId id, std::string_view what, std::string_view why) {
    return fmt::format("the store is damaged: the {} of run {} is {}", what, id, why);
}

// Conditions and their values, so that no value ever becomes part of the SQL text.
class Where {
  public:
    explicit Where(std::int64_t run) { add("run=?", run); }
    void add(const std::string& condition, std::int64_t value) {
        text_ += (text_.empty() ? " WHERE " : " AND ") + condition;
        numbers_.push_back(value);
    }
    void addText(const std::string& condition, std::string value) {
        text_ += " AND " + condition;
        texts_.emplace_back(numbers_.size() + texts_.size() + 1, std::move(value));
    }
    const std::string& text() const { return text_; }
    // Binds in order; returns the next free index.
    int bind(SQLite::Statement& s) const {
        int at = 1;
        std::size_t text = 0;
        for (std::size_t n = 0; n < numbers_.size() || text < texts_.size();) {
            if (text < texts_.size() && static_cast<int>(texts_[text].first) == at) {
                s.bind(at++, texts_[text++].second);
            } else {
                s.bind(at++, numbers_[n++]);
            }
        }
        return at;
    }

  private:
    std::string text_;
    std::vector<std::int64_t> numbers_;
    std::vector<std::pair<std::size_t, std::string>> texts_;
};
} // namespace

struct RunReader::State {
    std::string file;
    int version = schema::kVersion; // of the file: a reader does not change it
    std::unique_ptr<SQLite::Database> db;

    // SQLiteCpp throws; what it says becomes an error about this file.
    template <class Fn>
    auto guarded(Fn&& fn) -> Result<decltype(fn())> {
        try {
            return fn();
        } catch (const std::exception& error) {
            return fail(Error{.message = error.what(), .file = file});
        }
    }
    // A text column of one run; throws when there is no such run or nothing in it.
    std::string textOf(RunId id, const char* column, const char* what) {
        SQLite::Statement s(*db, fmt::format("SELECT {} FROM runs WHERE id=?", column));
        s.bind(1, id);
        if (!s.executeStep()) throw std::runtime_error(fmt::format("there is no run {}", id));
        if (s.getColumn(0).isNull()) {
            throw std::runtime_error(fmt::format("run {} has no {}: it did not finish", id, what));
        }
        return s.getColumn(0).getString();
    }
};

Result<std::unique_ptr<RunReader>> RunReader::open(const std::string& file) {
    if (!std::filesystem::exists(file)) {
        return fail(Error{.message = "there is no such run store; penstock run --store makes one",
                          .file = file});
    }
    auto state = std::make_unique<State>();
    state->file = file;
    try {
        state->db = std::make_unique<SQLite::Database>(file, SQLite::OPEN_READONLY);
        state->db->setBusyTimeout(5000);
        const int version = state->version = state->db->execAndGet("PRAGMA user_version").getInt();
        if (version > 0) schema::checkTables(*state->db, version);
        if (version < 1 || version > schema::kVersion) {
            return fail(Error{.message = fmt::format("not a run store this program can read "
                                                     "(version {}, wanted {})",
                                                     version, schema::kVersion),
                              .file = file});
        }
    } catch (const std::exception& error) {
        return fail(Error{.message = fmt::format("cannot be read as a run store: {}", error.what()),
                          .file = file});
    }
    return std::unique_ptr<RunReader>(new RunReader(std::move(state)));
}

RunReader::RunReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunReader::~RunReader() = default;

Result<std::vector<RunSummary>> RunReader::runs() {
    return state_->guarded([&] {
        SQLite::Statement s(*state_->db, std::string(kSummary) + "ORDER BY id DESC");
        std::vector<RunSummary> out;
        while (s.executeStep())
            out.push_back(summary(s));
        return out;
    });
}

Result<RunSummary> RunReader::run(RunId id) {
    return state_->guarded([&] {
        SQLite::Statement s(*state_->db, std::string(kSummary) + "WHERE id=?");
        s.bind(1, id);
        if (!s.executeStep()) throw std::runtime_error(fmt::format("there is no run {}", id));
        return summary(s);
    });
}

Result<RunId> RunReader::latest() {
    return state_->guarded([&]() -> RunId {
        const auto value = state_->db->execAndGet("SELECT MAX(id) FROM runs");
        if (value.isNull()) throw std::runtime_error("no run is stored here yet");
        return value.getInt64();
    });
}

Result<Json> RunReader::report(RunId id) {
    return state_->guarded([&] {
        auto report = reportFrom(state_->textOf(id, "report", "report"));
        if (!report) throw std::runtime_error(damaged(id, "report", report.error().message));
        return std::move(*report);
    });
}

Result<std::string> RunReader::document(RunId id) {
    return state_->guarded([&] { return state_->textOf(id, "document", "scenario text"); });
}

Result<std::string> RunReader::origin(RunId id) {
    if (state_->version < 2) return std::string();
    return state_->guarded([&] { return state_->textOf(id, "origin", "origin"); });
}

Result<RunLayout> RunReader::layout(RunId id) {
    return state_->guarded([&] {
        const auto layout = jsonFrom(state_->textOf(id, "layout", "layout"));
        if (!layout) throw std::runtime_error(damaged(id, "layout", layout.error().message));
        try {
            return layoutFromJson(*layout);
        } catch (const Json::exception&) {
            throw std::runtime_error(damaged(id, "layout", "other values than it must have"));
        }
    });
}

Result<std::vector<SeriesInfo>> RunReader::series(RunId id) {
    return state_->guarded([&] {
        SQLite::Statement s(*state_->db,
                            "SELECT name, unit FROM series WHERE run=? ORDER BY series");
        s.bind(1, id);
        std::vector<SeriesInfo> out;
        while (s.executeStep()) {
            out.push_back({s.getColumn(0).getString(), s.getColumn(1).getString()});
        }
        return out;
    });
}

Result<std::vector<Point>> RunReader::points(RunId id, const std::string& series, Time from,
                                             Time to) {
    return state_->guarded([&] {
        // Not a join: that reads the chunks of all series to find those of this name.
        SQLite::Statement s(*state_->db,
                            "SELECT data FROM chunks WHERE run=?1 AND "
                            "series=(SELECT series FROM series WHERE run=?1 AND name=?2) "
                            "AND last_ns>=?3 AND first_ns<=?4 ORDER BY first_ns");
        s.bind(1, id);
        s.bind(2, series);
        s.bind(3, schema::nanos(from));
        s.bind(4, schema::nanos(to));
        std::vector<Point> out;
        while (s.executeStep()) {
            const auto blob = s.getColumn(0);
            const auto status =
                decodePoints(blob.getBlob(), static_cast<std::size_t>(blob.getBytes()), out);
            if (!status) throw std::runtime_error(status.error().text());
        }
        std::erase_if(out, [&](const Point& p) { return p.t < from || p.t > to; });
        return out;
    });
}

Result<std::vector<Event>> RunReader::events(RunId id, const EventFilter& filter) {
    return state_->guarded([&] {
        Where where(id);
        where.add("t_ns>=?", schema::nanos(filter.from));
        where.add("t_ns<=?", schema::nanos(filter.to));
        if (filter.request) where.add("request=?", static_cast<std::int64_t>(*filter.request));
        if (filter.queue) where.add("queue=?", *filter.queue);
        std::string kinds;
        for (EventKind kind : filter.kinds) {
            kinds += fmt::format("{}{}", kinds.empty() ? "" : ",", static_cast<int>(kind));
        }
        if (!kinds.empty()) kinds = " AND kind IN (" + kinds + ")";
        SQLite::Statement s(
            *state_->db, "SELECT t_ns, kind, request, queue, pool, attempt, status, code, aux, "
                         "available, value, threshold, budget, age_ns, " +
                             std::string(state_->version < 3 ? "aux" : "subject") + " FROM events" +
                             where.text() + kinds + " ORDER BY rowid LIMIT ? OFFSET ?");
        const int next = where.bind(s);
        s.bind(next, filter.limit);
        s.bind(next + 1, filter.offset);
        std::vector<Event> out;
        const auto index16 = [&](int column) {
            const auto value = s.getColumn(column);
            return value.isNull() ? kNoIndex : static_cast<std::uint16_t>(value.getInt());
        };
        while (s.executeStep()) {
            Event e;
            e.at = timeAt(s, 0);
            e.kind = static_cast<EventKind>(s.getColumn(1).getInt());
            e.request = static_cast<std::uint64_t>(s.getColumn(2).getInt64());
            e.queue = index16(3);
            e.pool = index16(4);
            e.attempt = static_cast<std::uint32_t>(s.getColumn(5).getInt64());
            e.status = s.getColumn(6).getInt();
            e.code = static_cast<std::uint8_t>(s.getColumn(7).getInt());
            e.detail = static_cast<std::uint8_t>(s.getColumn(8).getInt());
            e.available = s.getColumn(9).getInt() != 0;
            e.value = s.getColumn(10).getDouble();
            e.threshold = s.getColumn(11).getDouble();
            e.budget = s.getColumn(12).getDouble();
            e.age = Duration{s.getColumn(13).getInt64()};
            const bool ofSubject = e.kind == EventKind::parameter || e.kind == EventKind::fault;
            if (ofSubject) e.subject = static_cast<std::uint32_t>(s.getColumn(14).getInt64());
            if (state_->version < 3 && e.kind == EventKind::fault) e.value = -1.0; // not told then
            out.push_back(e);
        }
        return out;
    });
}

Result<std::vector<RequestLife>> RunReader::requests(RunId id, const RequestFilter& filter) {
    return state_->guarded([&] {
        Where where(id);
        where.add("finished>=?", schema::nanos(filter.from));
        where.add("finished<=?", schema::nanos(filter.to));
        if (filter.number) where.add("number=?", static_cast<std::int64_t>(*filter.number));
        if (filter.queue) where.add("queue=?", *filter.queue);
        if (filter.end) where.add("end_kind=?", static_cast<int>(*filter.end));
        if (filter.code) where.add("code=?", *filter.code);
        if (!filter.idContains.empty()) where.addText("instr(id, ?)>0", filter.idContains);
        SQLite::Statement s(
            *state_->db,
            "SELECT number, id, queue, source, created, enqueued, claimed, first_sent, last_sent, "
            "finished, deadline, router_queue, replica_queue, prefill, decode, ttft, retries, "
            "prompt_tokens, output_tokens, end_kind, code, status FROM requests" +
                where.text() + " ORDER BY finished, number LIMIT ? OFFSET ?");
        const int next = where.bind(s);
        s.bind(next, filter.limit);
        s.bind(next + 1, filter.offset);
        std::vector<RequestLife> out;
        while (s.executeStep()) {
            RequestLife r;
            r.number = static_cast<std::uint64_t>(s.getColumn(0).getInt64());
            r.id = s.getColumn(1).getString();
            r.queue = s.getColumn(2).getInt();
            r.source = s.getColumn(3).getInt();
            int at = 4;
            for (Time* t : {&r.created, &r.enqueued, &r.claimed, &r.firstSent, &r.lastSent,
                            &r.finished, &r.deadline}) {
                *t = timeAt(s, at++);
            }
            for (Duration* d : {&r.routerQueue, &r.replicaQueue, &r.prefill, &r.decode, &r.ttft}) {
                *d = Duration{s.getColumn(at++).getInt64()};
            }
            for (std::uint32_t* n : {&r.retries, &r.promptTokens, &r.outputTokens}) {
                *n = static_cast<std::uint32_t>(s.getColumn(at++).getInt64());
            }
            r.end = static_cast<EventKind>(s.getColumn(at++).getInt());
            r.code = static_cast<std::uint8_t>(s.getColumn(at++).getInt());
            r.status = s.getColumn(at++).getInt();
            out.push_back(std::move(r));
        }
        return out;
    });
}

Result<std::vector<Move>> RunReader::moves(RunId id) {
    return state_->guarded([&] {
        SQLite::Statement s(*state_->db,
                            fmt::format("SELECT t_ns, path, value, {} FROM moves WHERE run=? "
                                        "ORDER BY seq",
                                        state_->version < 2 ? "NULL" : "event"));
        s.bind(1, id);
        std::vector<Move> out;
        while (s.executeStep()) {
            Move move{timeAt(s, 0), s.getColumn(1).getString(), s.getColumn(2).getString()};
            const auto event = s.getColumn(3);
            if (!event.isNull()) move.event = static_cast<std::uint64_t>(event.getInt64());
            out.push_back(std::move(move));
        }
        return out;
    });
}

} // namespace penstock
