// SPDX-License-Identifier: Apache-2.0
// The store's thread, and the buffers between it and the run threads. A buffer is a pair of batches
// that are swapped under a lock held for a few instructions; nothing is written while it is held.
#include "engine/record/run_store.h"

#include "engine/record/run_schema.h"
#include "engine/types/check.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include <cmath>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace penstock {

namespace {
std::int64_t nanos(Time t) {
    return t.time_since_epoch().count();
}

double wallNow() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

struct Batch {
    std::vector<Event> events;
    std::vector<RequestLife> requests;
    std::vector<Move> moves;
    std::vector<std::vector<Point>> points; // by series
    std::size_t pointCount = 0;
    std::optional<std::string> report;
    std::optional<std::string> fingerprint; // set by finish()
    bool abandoned = false;                 // its writer went without finish()
    Time last{};
    std::uint64_t droppedEvents = 0, droppedPoints = 0; // so far, cumulative
    bool touched = false;

    void clear() {
        events.clear();
        requests.clear();
        moves.clear();
        for (auto& series : points)
            series.clear();
        pointCount = 0;
        report.reset();
        fingerprint.reset();
        abandoned = false;
        touched = false;
    }
};

// Wakes the store's thread; shared by the store and its writers, whoever lives longer.
struct Bell {
    std::mutex mutex;
    std::condition_variable changed;
    bool rung = false;

    void ring() {
        {
            const std::lock_guard lock(mutex);
            rung = true;
        }
        changed.notify_one();
    }
};
} // namespace

struct RunWriter::Shared {
    RunId id = 0;
    StoreOptions options;
    std::shared_ptr<Bell> bell;

    mutable std::mutex mutex;
    Batch filling; // under the mutex
    Status status; // under the mutex
    std::promise<void> finished;
    bool ended = false; // the run thread only

    Batch writing; // the store's thread only
    std::uint64_t moves = 0;
};

RunWriter::RunWriter(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
RunWriter::~RunWriter() {
    if (shared_->ended) return;
    const std::lock_guard lock(shared_->mutex);
    shared_->filling.touched = true;
    shared_->filling.abandoned = true;
}

RunId RunWriter::id() const {
    return shared_->id;
}

void RunWriter::event(const Event& event) {
    Shared& s = *shared_;
    bool half = false;
    {
        const std::lock_guard lock(s.mutex);
        Batch& b = s.filling;
        b.touched = true;
        b.last = event.at;
        if (b.events.size() >= s.options.bufferedEvents) {
            ++b.droppedEvents;
            return;
        }
        b.events.push_back(event);
        half = b.events.size() == s.options.bufferedEvents / 2;
    }
    if (half) s.bell->ring();
}

void RunWriter::request(RequestLife life) {
    Shared& s = *shared_;
    const std::lock_guard lock(s.mutex);
    Batch& b = s.filling;
    b.touched = true;
    if (b.requests.size() >= s.options.bufferedRequests) {
        ++b.droppedEvents;
        return;
    }
    b.requests.push_back(std::move(life));
}

void RunWriter::move(Move move) {
    Shared& s = *shared_;
    const std::lock_guard lock(s.mutex);
    s.filling.touched = true;
    s.filling.last = std::max(s.filling.last, move.t);
    s.filling.moves.push_back(std::move(move)); // by hand: as many as a person makes
}

void RunWriter::points(Time t, std::span<const float> values) {
    Shared& s = *shared_;
    bool half = false;
    {
        const std::lock_guard lock(s.mutex);
        Batch& b = s.filling;
        PENSTOCK_CHECK(values.size() == b.points.size());
        b.touched = true;
        b.last = t;
        if (b.pointCount + values.size() > s.options.bufferedPoints) {
            b.droppedPoints += values.size();
            return;
        }
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!std::isnan(values[i])) b.points[i].push_back({t, values[i]});
        }
        half = b.pointCount < s.options.bufferedPoints / 2 &&
               b.pointCount + values.size() >= s.options.bufferedPoints / 2;
        b.pointCount += values.size();
    }
    if (half) s.bell->ring();
}

void RunWriter::checkpoint(const Json& report) {
    std::string text = report.dump();
    const std::lock_guard lock(shared_->mutex);
    shared_->filling.touched = true;
    shared_->filling.report = std::move(text);
}

Status RunWriter::finish(const Json& report, const std::string& fingerprint) {
    Shared& s = *shared_;
    auto done = s.finished.get_future();
    {
        const std::lock_guard lock(s.mutex);
        s.filling.touched = true;
        s.filling.report = report.dump();
        s.filling.fingerprint = fingerprint;
    }
    s.ended = true;
    s.bell->ring();
    done.wait();
    return status();
}

Status RunWriter::status() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->status;
}

std::uint64_t RunWriter::dropped() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->filling.droppedEvents + shared_->filling.droppedPoints;
}

struct RunStore::State {
    std::string file;
    StoreOptions options;
    std::shared_ptr<Bell> bell = std::make_shared<Bell>();

    std::mutex mutex; // of the two below
    std::vector<std::shared_ptr<RunWriter::Shared>> writers;
    std::deque<std::function<void(SQLite::Database&)>> tasks;
    bool stopping = false; // under bell->mutex

    std::unique_ptr<SQLite::Database> db; // the store's thread only, once it runs
    std::thread thread;

    void run();
    void runTasks();
    bool drain(RunWriter::Shared& writer);
    void write(RunWriter::Shared& writer);
    template <class Fn>
    Status call(Fn fn);
};

// Runs until told to stop; then once more, so that nothing that was buffered is left.
void RunStore::State::run() {
    for (bool last = false;;) {
        {
            std::unique_lock lock(bell->mutex);
            bell->changed.wait_for(lock, options.flushEvery,
                                   [&] { return bell->rung || stopping; });
            bell->rung = false;
            last = stopping;
        }
        runTasks();
        std::vector<std::shared_ptr<RunWriter::Shared>> now;
        {
            const std::lock_guard lock(mutex);
            now = writers;
        }
        for (const auto& writer : now) {
            if (!drain(*writer)) continue;
            const std::lock_guard lock(mutex);
            std::erase(writers, writer);
        }
        if (last) return;
    }
}

void RunStore::State::runTasks() {
    for (;;) {
        std::function<void(SQLite::Database&)> task;
        {
            const std::lock_guard lock(mutex);
            if (tasks.empty()) return;
            task = std::move(tasks.front());
            tasks.pop_front();
        }
        task(*db);
    }
}

// True when that was the run's end.
bool RunStore::State::drain(RunWriter::Shared& writer) {
    Batch& batch = writer.writing;
    {
        const std::lock_guard lock(writer.mutex);
        if (!writer.filling.touched) return false;
        batch.droppedEvents = writer.filling.droppedEvents;
        batch.droppedPoints = writer.filling.droppedPoints;
        batch.last = writer.filling.last;
        std::swap(writer.filling, batch);
        writer.filling.droppedEvents = batch.droppedEvents;
        writer.filling.droppedPoints = batch.droppedPoints;
        writer.filling.last = batch.last;
    }
    const bool finished = batch.fingerprint.has_value();
    const bool end = finished || batch.abandoned;
    try {
        write(writer);
    } catch (const std::exception& error) {
        const std::lock_guard lock(writer.mutex);
        if (writer.status) {
            writer.status =
                fail(Error{.message = fmt::format("the run could not be stored: {}", error.what()),
                           .file = file});
        }
    }
    batch.clear();
    if (finished) writer.finished.set_value();
    return end;
}

void RunStore::State::write(RunWriter::Shared& writer) {
    const Batch& batch = writer.writing;
    SQLite::Transaction transaction(*db);
    const auto time = [](SQLite::Statement& s, int index, Time t) {
        if (t == kNever) {
            s.bind(index);
        } else {
            s.bind(index, nanos(t));
        }
    };
    const auto index16 = [](SQLite::Statement& s, int index, std::uint16_t value) {
        if (value == kNoIndex) {
            s.bind(index);
        } else {
            s.bind(index, static_cast<int>(value));
        }
    };
    if (batch.pointCount > 0) {
        SQLite::Statement insert(*db, "INSERT INTO chunks VALUES (?,?,?,?,?,?)");
        for (std::size_t i = 0; i < batch.points.size(); ++i) {
            const auto& points = batch.points[i];
            if (points.empty()) continue;
            const std::string bytes = encodePoints(points);
            insert.bind(1, writer.id);
            insert.bind(2, static_cast<std::int64_t>(i));
            insert.bind(3, nanos(points.front().t));
            insert.bind(4, nanos(points.back().t));
            insert.bind(5, static_cast<std::int64_t>(points.size()));
            insert.bindNoCopy(6, bytes.data(), static_cast<int>(bytes.size()));
            insert.exec();
            insert.reset();
        }
    }
    if (!batch.events.empty()) {
        SQLite::Statement insert(*db, "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        for (const Event& e : batch.events) {
            insert.bind(1, writer.id);
            insert.bind(2, nanos(e.at));
            insert.bind(3, static_cast<int>(e.kind));
            insert.bind(4, static_cast<std::int64_t>(e.request));
            index16(insert, 5, e.queue);
            index16(insert, 6, e.pool);
            insert.bind(7, static_cast<std::int64_t>(e.attempt));
            insert.bind(8, e.status);
            insert.bind(9, static_cast<int>(e.code));
            insert.bind(10, static_cast<int>(e.aux));
            insert.bind(11, e.available ? 1 : 0);
            insert.bind(12, e.value);
            insert.bind(13, e.threshold);
            insert.bind(14, e.budget);
            insert.bind(15, static_cast<std::int64_t>(e.age.count()));
            insert.exec();
            insert.reset();
        }
    }
    if (!batch.requests.empty()) {
        SQLite::Statement insert(
            *db, "INSERT INTO requests VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        for (const RequestLife& r : batch.requests) {
            insert.bind(1, writer.id);
            insert.bind(2, static_cast<std::int64_t>(r.number));
            insert.bindNoCopy(3, r.id);
            insert.bind(4, r.queue);
            insert.bind(5, r.source);
            int at = 6;
            for (Time t : {r.created, r.enqueued, r.claimed, r.firstSent, r.lastSent, r.finished,
                           r.deadline}) {
                time(insert, at++, t);
            }
            for (Duration d : {r.routerQueue, r.replicaQueue, r.prefill, r.decode, r.ttft}) {
                insert.bind(at++, static_cast<std::int64_t>(d.count()));
            }
            for (std::uint32_t n : {r.retries, r.promptTokens, r.outputTokens}) {
                insert.bind(at++, static_cast<std::int64_t>(n));
            }
            insert.bind(at++, static_cast<int>(r.end));
            insert.bind(at++, static_cast<int>(r.code));
            insert.bind(at++, r.status);
            insert.exec();
            insert.reset();
        }
    }
    for (const Move& m : batch.moves) {
        SQLite::Statement insert(*db, "INSERT INTO moves VALUES (?,?,?,?,?)");
        insert.bind(1, writer.id);
        insert.bind(2, static_cast<std::int64_t>(writer.moves++));
        insert.bind(3, nanos(m.t));
        insert.bind(4, m.path);
        insert.bind(5, m.value);
        insert.exec();
    }
    SQLite::Statement update(*db, "UPDATE runs SET last_ns=MAX(last_ns,?), dropped_events=?, "
                                  "dropped_points=?, events=events+?, requests=requests+? "
                                  "WHERE id=?");
    update.bind(1, nanos(batch.last));
    update.bind(2, static_cast<std::int64_t>(batch.droppedEvents));
    update.bind(3, static_cast<std::int64_t>(batch.droppedPoints));
    update.bind(4, static_cast<std::int64_t>(batch.events.size()));
    update.bind(5, static_cast<std::int64_t>(batch.requests.size()));
    update.bind(6, writer.id);
    update.exec();
    if (batch.report) {
        SQLite::Statement report(*db, "UPDATE runs SET report=? WHERE id=?");
        report.bindNoCopy(1, *batch.report);
        report.bind(2, writer.id);
        report.exec();
    }
    if (batch.abandoned) {
        SQLite::Statement gone(*db, "UPDATE runs SET state='recovered' WHERE id=?");
        gone.bind(1, writer.id);
        gone.exec();
    }
    if (batch.fingerprint) {
        SQLite::Statement done(
            *db, "UPDATE runs SET state='done', finished=?, fingerprint=? WHERE id=?");
        done.bind(1, wallNow());
        done.bindNoCopy(2, *batch.fingerprint);
        done.bind(3, writer.id);
        done.exec();
    }
    transaction.commit();
}

// Has the store's thread call fn(database) and waits for it.
template <class Fn>
Status RunStore::State::call(Fn fn) {
    auto result = std::make_shared<std::promise<Status>>();
    auto future = result->get_future();
    {
        const std::lock_guard lock(mutex);
        tasks.emplace_back([this, result, fn = std::move(fn)](SQLite::Database& database) {
            try {
                fn(database);
                result->set_value({});
            } catch (const std::exception& error) {
                result->set_value(fail(Error{.message = error.what(), .file = file}));
            }
        });
    }
    bell->ring();
    return future.get();
}

Result<std::unique_ptr<RunStore>> RunStore::open(const std::string& file, StoreOptions options) {
    auto state = std::make_unique<State>();
    state->file = file;
    state->options = options;
    try {
        state->db =
            std::make_unique<SQLite::Database>(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        schema::prepare(*state->db);
        schema::recover(*state->db);
    } catch (const std::exception& error) {
        return fail(Error{.message = fmt::format("cannot be used as a run store: {}", error.what()),
                          .file = file});
    }
    State* raw = state.get();
    state->thread = std::thread([raw] { raw->run(); });
    return std::unique_ptr<RunStore>(new RunStore(std::move(state)));
}

RunStore::RunStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

RunStore::~RunStore() {
    {
        const std::lock_guard lock(state_->bell->mutex);
        state_->stopping = true;
    }
    state_->bell->changed.notify_one();
    state_->thread.join();
}

const std::string& RunStore::file() const {
    return state_->file;
}

Result<std::unique_ptr<RunWriter>> RunStore::begin(const RunHeader& header) {
    auto shared = std::make_shared<RunWriter::Shared>();
    shared->options = state_->options;
    shared->bell = state_->bell;
    shared->filling.points.resize(header.series.size());
    shared->writing.points.resize(header.series.size());
    shared->filling.last = header.start;
    const Status status = state_->call([&](SQLite::Database& db) {
        SQLite::Transaction transaction(db);
        SQLite::Statement insert(
            db, "INSERT INTO runs (scenario, document, seed, semantics, started, owner, state, "
                "start_ns, last_ns, layout, tags, note) VALUES (?,?,?,?,?,?,'running',?,?,?,?,?)");
        insert.bind(1, header.scenario);
        insert.bind(2, header.document);
        insert.bind(3, std::to_string(header.seed));
        insert.bind(4, header.semantics);
        insert.bind(5, wallNow());
        insert.bind(6, schema::thisOwner());
        insert.bind(7, nanos(header.start));
        insert.bind(8, nanos(header.start));
        insert.bind(9, toJson(header.layout).dump());
        insert.bind(10, header.tags);
        insert.bind(11, header.note);
        insert.exec();
        shared->id = db.getLastInsertRowid();
        SQLite::Statement series(db, "INSERT INTO series VALUES (?,?,?,?)");
        for (std::size_t i = 0; i < header.series.size(); ++i) {
            series.bind(1, shared->id);
            series.bind(2, static_cast<std::int64_t>(i));
            series.bind(3, header.series[i].name);
            series.bind(4, header.series[i].unit);
            series.exec();
            series.reset();
        }
        transaction.commit();
    });
    if (!status) return fail(status.error());
    const std::lock_guard lock(state_->mutex);
    state_->writers.push_back(shared);
    return std::unique_ptr<RunWriter>(new RunWriter(std::move(shared)));
}

Status RunStore::annotate(RunId run, const std::string& tags, const std::string& note) {
    return state_->call([&](SQLite::Database& db) {
        SQLite::Statement update(db, "UPDATE runs SET tags=?, note=? WHERE id=?");
        update.bind(1, tags);
        update.bind(2, note);
        update.bind(3, run);
        if (update.exec() == 0) throw std::runtime_error(fmt::format("there is no run {}", run));
    });
}

Status RunStore::erase(RunId run) {
    return state_->call([&](SQLite::Database& db) {
        SQLite::Transaction transaction(db);
        for (const char* table : {"series", "chunks", "events", "requests", "moves"}) {
            SQLite::Statement remove(db, fmt::format("DELETE FROM {} WHERE run=?", table));
            remove.bind(1, run);
            remove.exec();
        }
        SQLite::Statement remove(db, "DELETE FROM runs WHERE id=?");
        remove.bind(1, run);
        if (remove.exec() == 0) throw std::runtime_error(fmt::format("there is no run {}", run));
        transaction.commit();
    });
}

} // namespace penstock
