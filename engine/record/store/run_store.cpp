// SPDX-License-Identifier: Apache-2.0
// The store's thread, and the buffers between it and the run threads. A buffer is a pair of batches
// that are swapped under a lock held for a few instructions; nothing is written while it is held.
#include "engine/record/store/run_store.h"

#include "engine/record/store/run_batch.h"
#include "engine/record/store/run_schema.h"
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

// Wakes the store's thread; shared by the store and its writers, the longer-lived frees it.
struct StoreBell {
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

struct RunWriter::Shared {
    RunId id = 0;
    StoreOptions options;
    std::shared_ptr<StoreBell> bell;

    mutable std::mutex mutex;
    std::condition_variable taken; // the store's thread has emptied `filling`
    Batch filling;                 // under the mutex
    Status status;                 // under the mutex
    std::promise<void> finished;
    bool ended = false; // the run thread only

    Batch writing; // the store's thread only
    std::uint64_t moves = 0;

    // With the lock held: true when there is room, after waiting for it if that is to be.
    template <class Full>
    bool room(std::unique_lock<std::mutex>& lock, Full full) {
        if (!full()) return true;
        if (!options.waits) return false;
        bell->ring();
        taken.wait(lock, [&] { return !full(); });
        return true;
    }
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
        std::unique_lock lock(s.mutex);
        Batch& b = s.filling;
        if (!s.room(lock, [&] { return b.events.size() >= s.options.bufferedEvents; })) {
            ++b.droppedEvents;
            return;
        }
        b.touched = true;
        b.last = event.at;
        b.events.push_back(event);
        half = b.events.size() == s.options.bufferedEvents / 2;
    }
    if (half) s.bell->ring();
}

void RunWriter::request(RequestLife life) {
    Shared& s = *shared_;
    std::unique_lock lock(s.mutex);
    Batch& b = s.filling;
    if (!s.room(lock, [&] { return b.requests.size() >= s.options.bufferedRequests; })) {
        ++b.droppedEvents;
        return;
    }
    b.touched = true;
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
        std::unique_lock lock(s.mutex);
        Batch& b = s.filling;
        PENSTOCK_CHECK(values.size() == b.points.size());
        const auto full = [&] {
            return b.pointCount > 0 && b.pointCount + values.size() > s.options.bufferedPoints;
        };
        if (!s.room(lock, full)) {
            b.droppedPoints += values.size();
            return;
        }
        b.touched = true;
        b.last = t;
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
    std::shared_ptr<StoreBell> bell = std::make_shared<StoreBell>();

    std::mutex mutex; // of the two below
    std::vector<std::shared_ptr<RunWriter::Shared>> writers;
    std::deque<std::function<void(SQLite::Database&)>> tasks;
    bool stopping = false; // under bell->mutex

    std::unique_ptr<SQLite::Database> db; // the store's thread only, once it runs
    std::thread thread;

    void run();
    void runTasks();
    bool drain(RunWriter::Shared& writer);
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
    writer.taken.notify_all();
    const bool finished = batch.fingerprint.has_value();
    const bool end = finished || batch.abandoned;
    try {
        writeBatch(*db, writer.id, batch, writer.moves, options.patience);
    } catch (const std::exception& error) {
        const std::lock_guard lock(writer.mutex);
        Batch& next = writer.filling;
        next.droppedEvents +=
            batch.events.size() - batch.storedEvents + batch.requests.size() - batch.storedRequests;
        if (!batch.storedPoints) next.droppedPoints += batch.pointCount;
        // Without its moves a run cannot be done again: they get another chance.
        next.moves.insert(next.moves.begin(), batch.moves.begin(), batch.moves.end());
        next.touched = next.touched || !batch.moves.empty();
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

// Has the store's thread call fn(database) in one transaction, and waits for it.
template <class Fn>
Status RunStore::State::call(Fn fn) {
    auto result = std::make_shared<std::promise<Status>>();
    auto future = result->get_future();
    {
        const std::lock_guard lock(mutex);
        tasks.emplace_back([this, result, fn = std::move(fn)](SQLite::Database& database) {
            try {
                schema::transact(database, options.patience, [&] { fn(database); });
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
        schema::prepare(*state->db, options.patience);
        schema::recover(*state->db, options.patience);
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
        SQLite::Statement insert(
            db, "INSERT INTO runs (scenario, document, seed, semantics, started, owner, state, "
                "start_ns, last_ns, layout, tags, note, origin) "
                "VALUES (?,?,?,?,?,?,'running',?,?,?,?,?,?)");
        insert.bind(1, header.scenario);
        insert.bind(2, header.document);
        insert.bind(3, std::to_string(header.seed));
        insert.bind(4, header.semantics);
        insert.bind(5, unixNow());
        insert.bind(6, schema::thisOwner());
        insert.bind(7, header.start.time_since_epoch().count());
        insert.bind(8, header.start.time_since_epoch().count());
        insert.bind(9, toJson(header.layout).dump());
        insert.bind(10, header.tags);
        insert.bind(11, header.note);
        insert.bind(12, header.origin);
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
        for (const char* table : {"series", "chunks", "events", "requests", "moves"}) {
            SQLite::Statement remove(db, fmt::format("DELETE FROM {} WHERE run=?", table));
            remove.bind(1, run);
            remove.exec();
        }
        SQLite::Statement remove(db, "DELETE FROM runs WHERE id=?");
        remove.bind(1, run);
        if (remove.exec() == 0) throw std::runtime_error(fmt::format("there is no run {}", run));
    });
}

} // namespace penstock
