// SPDX-License-Identifier: Apache-2.0
#include "engine/record/store/run_batch.h"

#include "engine/record/store/run_schema.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <chrono>
#include <span>

namespace penstock {

namespace {
constexpr std::size_t kRowsPerTransaction = 20'000; // a second, on a busy machine

void bindTime(SQLite::Statement& s, int index, Time t) {
    if (t == kNever) {
        s.bind(index);
    } else {
        s.bind(index, schema::nanos(t));
    }
}

void bindIndex(SQLite::Statement& s, int index, std::uint16_t value) {
    if (value == kNoIndex) {
        s.bind(index);
    } else {
        s.bind(index, static_cast<int>(value));
    }
}

void writePoints(SQLite::Database& db, RunId run, const Batch& batch) {
    if (batch.pointCount > 0) {
        SQLite::Statement insert(db, "INSERT INTO chunks VALUES (?,?,?,?,?,?)");
        for (std::size_t i = 0; i < batch.points.size(); ++i) {
            const auto& points = batch.points[i];
            if (points.empty()) continue;
            const std::string bytes = encodePoints(points);
            insert.bind(1, run);
            insert.bind(2, static_cast<std::int64_t>(i));
            insert.bind(3, schema::nanos(points.front().t));
            insert.bind(4, schema::nanos(points.back().t));
            insert.bind(5, static_cast<std::int64_t>(points.size()));
            insert.bindNoCopy(6, bytes.data(), static_cast<int>(bytes.size()));
            insert.exec();
            insert.reset();
        }
    }
}

void writeEvents(SQLite::Database& db, RunId run, std::span<const Event> events) {
    if (!events.empty()) {
        SQLite::Statement insert(db, "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        for (const Event& e : events) {
            insert.bind(1, run);
            insert.bind(2, schema::nanos(e.at));
            insert.bind(3, static_cast<int>(e.kind));
            insert.bind(4, static_cast<std::int64_t>(e.request));
            bindIndex(insert, 5, e.queue);
            bindIndex(insert, 6, e.pool);
            insert.bind(7, static_cast<std::int64_t>(e.attempt));
            insert.bind(8, e.status);
            insert.bind(9, static_cast<int>(e.code));
            insert.bind(10, static_cast<int>(e.detail));
            insert.bind(11, e.available ? 1 : 0);
            insert.bind(12, e.value);
            insert.bind(13, e.threshold);
            insert.bind(14, e.budget);
            insert.bind(15, static_cast<std::int64_t>(e.age.count()));
            insert.bind(16, static_cast<std::int64_t>(e.subject));
            insert.exec();
            insert.reset();
        }
    }
}

void writeRequests(SQLite::Database& db, RunId run, std::span<const RequestLife> requests) {
    if (!requests.empty()) {
        SQLite::Statement insert(
            db, "INSERT INTO requests VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        for (const RequestLife& r : requests) {
            insert.bind(1, run);
            insert.bind(2, static_cast<std::int64_t>(r.number));
            insert.bindNoCopy(3, r.id);
            insert.bind(4, r.queue);
            insert.bind(5, r.source);
            int at = 6;
            for (Time t : {r.created, r.enqueued, r.claimed, r.firstSent, r.lastSent, r.finished,
                           r.deadline}) {
                bindTime(insert, at++, t);
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
}

void writeMoves(SQLite::Database& db, RunId run, const Batch& batch, std::uint64_t& moves) {
    for (const Move& m : batch.moves) {
        SQLite::Statement insert(db, "INSERT INTO moves VALUES (?,?,?,?,?,?)");
        insert.bind(1, run);
        insert.bind(2, static_cast<std::int64_t>(moves++));
        insert.bind(3, schema::nanos(m.t));
        insert.bind(4, m.path);
        insert.bind(5, m.value);
        if (m.event != Move::kAnyEvent) insert.bind(6, static_cast<std::int64_t>(m.event));
        insert.exec();
    }
}

void countRows(SQLite::Database& db, RunId run, std::size_t events, std::size_t requests) {
    SQLite::Statement update(db, "UPDATE runs SET events=events+?, requests=requests+? WHERE id=?");
    update.bind(1, static_cast<std::int64_t>(events));
    update.bind(2, static_cast<std::int64_t>(requests));
    update.bind(3, run);
    update.exec();
}

void writeState(SQLite::Database& db, RunId run, const Batch& batch) {
    SQLite::Statement update(db, "UPDATE runs SET last_ns=MAX(last_ns,?), dropped_events=?, "
                                 "dropped_points=? WHERE id=?");
    update.bind(1, schema::nanos(batch.last));
    update.bind(2, static_cast<std::int64_t>(batch.droppedEvents));
    update.bind(3, static_cast<std::int64_t>(batch.droppedPoints));
    update.bind(4, run);
    update.exec();
    if (batch.report) {
        SQLite::Statement report(db, "UPDATE runs SET report=? WHERE id=?");
        report.bindNoCopy(1, *batch.report);
        report.bind(2, run);
        report.exec();
    }
    if (batch.abandoned) {
        SQLite::Statement gone(db, "UPDATE runs SET state='recovered' WHERE id=?");
        gone.bind(1, run);
        gone.exec();
    }
    if (batch.fingerprint) {
        SQLite::Statement done(
            db, "UPDATE runs SET state='done', finished=?, fingerprint=? WHERE id=?");
        done.bind(1, unixNow());
        done.bindNoCopy(2, *batch.fingerprint);
        done.bind(3, run);
        done.exec();
    }
}
} // namespace

double unixNow() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void writeBatch(SQLite::Database& db, RunId run, Batch& batch, std::uint64_t& moves,
                std::chrono::milliseconds patience) {
    while (batch.storedEvents < batch.events.size() ||
           batch.storedRequests < batch.requests.size()) {
        const std::size_t events =
            std::min(kRowsPerTransaction, batch.events.size() - batch.storedEvents);
        const std::size_t requests =
            std::min(kRowsPerTransaction - events, batch.requests.size() - batch.storedRequests);
        schema::transact(db, patience, [&] {
            writeEvents(db, run, std::span(batch.events).subspan(batch.storedEvents, events));
            writeRequests(db, run,
                          std::span(batch.requests).subspan(batch.storedRequests, requests));
            countRows(db, run, events, requests);
        });
        batch.storedEvents += events;
        batch.storedRequests += requests;
    }
    std::uint64_t stored = 0;
    schema::transact(db, patience, [&] {
        stored = moves;
        writePoints(db, run, batch);
        writeMoves(db, run, batch, stored);
        writeState(db, run, batch);
    });
    batch.storedPoints = true;
    moves = stored;
}

} // namespace penstock
