// SPDX-License-Identifier: Apache-2.0
#include "engine/record/store/run_schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>
#include <sqlite3.h>

#include <fstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

namespace penstock::schema {

namespace {
constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scenario TEXT NOT NULL, document TEXT NOT NULL, seed TEXT NOT NULL, semantics TEXT NOT NULL,
    started REAL NOT NULL, finished REAL, owner TEXT NOT NULL, state TEXT NOT NULL,
    start_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
    fingerprint TEXT, report TEXT, layout TEXT NOT NULL, tags TEXT NOT NULL, note TEXT NOT NULL,
    dropped_events INTEGER NOT NULL DEFAULT 0, dropped_points INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS series (
    run INTEGER NOT NULL, series INTEGER NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
    PRIMARY KEY (run, series)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    run INTEGER NOT NULL, series INTEGER NOT NULL, first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL, points INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_of ON chunks (run, series, first_ns);
CREATE TABLE IF NOT EXISTS events (
    run INTEGER NOT NULL, t_ns INTEGER NOT NULL, kind INTEGER NOT NULL, request INTEGER NOT NULL,
    queue INTEGER, pool INTEGER, attempt INTEGER NOT NULL, status INTEGER NOT NULL,
    code INTEGER NOT NULL, aux INTEGER NOT NULL, available INTEGER NOT NULL,
    value REAL NOT NULL, threshold REAL NOT NULL, budget REAL NOT NULL, age_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS events_at ON events (run, t_ns);
CREATE INDEX IF NOT EXISTS events_of ON events (run, request);
CREATE TABLE IF NOT EXISTS requests (
    run INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, queue INTEGER NOT NULL,
    source INTEGER NOT NULL, created INTEGER, enqueued INTEGER, claimed INTEGER,
    first_sent INTEGER, last_sent INTEGER, finished INTEGER, deadline INTEGER,
    router_queue INTEGER NOT NULL, replica_queue INTEGER NOT NULL, prefill INTEGER NOT NULL,
    decode INTEGER NOT NULL, ttft INTEGER NOT NULL, retries INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, end_kind INTEGER NOT NULL,
    code INTEGER NOT NULL, status INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS requests_at ON requests (run, finished);
CREATE INDEX IF NOT EXISTS requests_of ON requests (run, number);
CREATE INDEX IF NOT EXISTS requests_id ON requests (run, id);
CREATE TABLE IF NOT EXISTS moves (
    run INTEGER NOT NULL, seq INTEGER NOT NULL, t_ns INTEGER NOT NULL, path TEXT NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID;
)sql";

constexpr const char* kToVersion2 = R"sql(
ALTER TABLE moves ADD COLUMN event INTEGER;
ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT '';
)sql";

// Until then `aux` held the subject too, cast down to 8 bits.
constexpr const char* kToVersion3 = R"sql(
ALTER TABLE events ADD COLUMN subject INTEGER NOT NULL DEFAULT 0;
UPDATE events SET subject = aux WHERE kind IN (16, 17);
)sql";

// Field 22 of /proc/<pid>/stat: when the process was started, in ticks since boot. Empty when there
// is no such process.
std::string startedAt(long pid) {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(stat, line);
    const auto close = line.rfind(')'); // the name before it may hold spaces
    if (close == std::string::npos) return {};
    std::size_t at = close + 1;
    for (int field = 2; field < 22; ++field) {
        at = line.find(' ', at);
        if (at == std::string::npos) return {};
        ++at;
    }
    return line.substr(at, line.find(' ', at) - at);
}
} // namespace

void retried(std::chrono::milliseconds patience, const std::function<void()>& fn) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        try {
            fn();
            return;
        } catch (const SQLite::Exception& error) {
            const int code = error.getErrorCode();
            const bool busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
            if (!busy || std::chrono::steady_clock::now() >= until) throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

void transact(SQLite::Database& db, std::chrono::milliseconds patience,
              const std::function<void()>& fn) {
    retried(patience, [&] {
        SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
        fn();
        transaction.commit();
    });
}

void checkTables(SQLite::Database& db, int version) {
    const int known =
        db.execAndGet("SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND name "
                      "IN ('runs','series','chunks','events','requests','moves')")
            .getInt();
    const int all = db.execAndGet("SELECT COUNT(*) FROM sqlite_master").getInt();
    if (version == 0 ? all == 0 : known == 6) return;
    throw std::runtime_error(
        "it is a database of another program; name a new file, or a store that "
        "penstock has made");
}

void prepare(SQLite::Database& db, std::chrono::milliseconds patience) {
    db.setBusyTimeout(1000);
    int version = db.execAndGet("PRAGMA user_version").getInt();
    checkTables(db, version);
    retried(patience, [&] { db.exec("PRAGMA journal_mode=WAL"); });
    // A commit survives the death of the process; only a power cut may cost the last ones.
    db.exec("PRAGMA synchronous=NORMAL");
    if (version > kVersion) {
        throw std::runtime_error(fmt::format("it is a run store of version {}, newer than this "
                                             "program's {}; use the program that made it",
                                             version, kVersion));
    }
    if (version == kVersion) return;
    // Another opener may have been here in the meantime: with the write lock held, look again.
    transact(db, patience, [&] {
        version = db.execAndGet("PRAGMA user_version").getInt();
        if (version >= kVersion) return;
        db.exec(kTables);
        if (version < 2) db.exec(kToVersion2);
        if (version < 3) db.exec(kToVersion3);
        db.exec(fmt::format("PRAGMA user_version={}", kVersion));
    });
}

std::string thisOwner() {
    const auto pid = static_cast<long>(::getpid());
    return fmt::format("{}:{}", pid, startedAt(pid));
}

bool ownerLives(const std::string& owner) {
    const auto colon = owner.find(':');
    if (colon == std::string::npos) return false;
    const std::string started = startedAt(std::atol(owner.c_str()));
    return !started.empty() && started == owner.substr(colon + 1);
}

void recover(SQLite::Database& db, std::chrono::milliseconds patience) {
    std::vector<std::int64_t> orphans;
    {
        SQLite::Statement select(db, "SELECT id, owner FROM runs WHERE state='running'");
        while (select.executeStep()) {
            if (!ownerLives(select.getColumn(1).getString())) {
                orphans.push_back(select.getColumn(0).getInt64());
            }
        }
    }
    if (orphans.empty()) return;
    transact(db, patience, [&] {
        SQLite::Statement update(
            db, "UPDATE runs SET state='recovered' WHERE id=? AND state='running'");
        for (const std::int64_t id : orphans) {
            update.bind(1, id);
            update.exec();
            update.reset();
        }
    });
}

} // namespace penstock::schema
