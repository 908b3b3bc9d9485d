// SPDX-License-Identifier: Apache-2.0
// Goal: what was put into a store comes back as it was, also when its writer was killed, and the
// run thread never waits. Method: scripted runs written and read back; a child process that is
// killed with signal 9 in the middle of its run; writers on several threads at once.
#include "engine/record/report/html_report.h"
#include "engine/record/store/run_name.h"
#include "engine/record/store/run_reader.h"
#include "engine/record/store/store_feed.h"
#include "tests/engine/record/scripted_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;

class RunStoreTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("penstock-store-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        file_ = folder_ / "runs.db";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::unique_ptr<RunStore> open(StoreOptions options = {}) {
        auto store = RunStore::open(file_, options);
        EXPECT_TRUE(store) << store.error().text();
        return std::move(*store);
    }
    std::unique_ptr<RunReader> reader() {
        auto reader = RunReader::open(file_);
        EXPECT_TRUE(reader) << reader.error().text();
        return std::move(*reader);
    }
    // Records a scripted run and returns its id.
    RunId record(RunStore& store, int seconds, FeedPolicy policy = {}) {
        const ScriptedRun run = scriptedRun(seconds);
        RunHeader header = headerFor(run.setup);
        header.scenario = run.facts.scenario;
        header.document = "scenario: {name: code-onoff}\n";
        header.seed = UINT64_MAX - 1;
        header.semantics = "penstock";
        auto writer = store.begin(header);
        EXPECT_TRUE(writer) << writer.error().text();
        Recorder recorder(run.setup);
        StoreFeed feed(run.setup, **writer, policy);
        recorder.addSink(feed);
        play(run, recorder, seconds);
        (*writer)->move({Time{5s}, "engine.pools[0].gate_params.threshold", "0.7"});
        fingerprint_ = recorder.fingerprint().text();
        depth_ = recorder.charts(run.facts.end).queueDepth.at(0);
        EXPECT_TRUE((*writer)->finish(toJson(recorder.report(run.facts)), fingerprint_));
        return (*writer)->id();
    }

    std::filesystem::path folder_;
    std::string file_;
    std::string fingerprint_;
    Curve depth_;
};

TEST_F(RunStoreTest, aRunComesBackAsItWas) {
    auto store = open();
    const RunId id = record(*store, 600);
    auto r = reader();
    const auto run = r->run(id);
    ASSERT_TRUE(run) << run.error().text();
    EXPECT_EQ(run->state, RunState::done);
    EXPECT_EQ(run->scenario, "code-onoff");
    EXPECT_EQ(run->seed, UINT64_MAX - 1);
    EXPECT_EQ(run->fingerprint, fingerprint_);
    EXPECT_EQ(run->droppedEvents + run->droppedPoints, 0u);
    EXPECT_EQ(r->report(id)->at("fingerprint"), fingerprint_);
    EXPECT_EQ(*r->document(id), "scenario: {name: code-onoff}\n");
    EXPECT_EQ(r->layout(id)->gates.at(0).owner, "pool:default");

    const auto depth = r->points(id, "queue/batch/depth");
    ASSERT_TRUE(depth);
    ASSERT_EQ(depth->size(), 600u);
    EXPECT_EQ(depth->at(599).t, Time{599s + 999ms});
    for (std::size_t i = 0; i < depth->size(); ++i) {
        EXPECT_FLOAT_EQ(depth->at(i).value, depth_.mean.at(i));
    }
    EXPECT_EQ(r->points(id, "queue/batch/depth", Time{100s}, Time{200s})->size(), 100u);

    const auto moves = r->moves(id);
    ASSERT_EQ(moves->size(), 1u);
    EXPECT_EQ(moves->at(0).value, "0.7");

    const auto reads = r->events(id, {.kinds = {EventKind::gateRead}});
    ASSERT_EQ(reads->size(), 40u);
    EXPECT_EQ(reads->at(1).at, Time{15s});
    EXPECT_EQ(reads->at(1).queue, kNoIndex);
    EXPECT_EQ(reads->at(1).age, 15s);
}

TEST_F(RunStoreTest, oneRequestsLifeCanBeFound) {
    auto store = open();
    const RunId id = record(*store, 600);
    auto r = reader();
    const auto some = r->requests(id, {.queue = 0, .limit = 5});
    ASSERT_TRUE(some) << some.error().text();
    ASSERT_EQ(some->size(), 5u);
    const RequestLife& life = some->at(2);
    EXPECT_LE(life.enqueued, life.claimed);
    EXPECT_LE(life.claimed, life.firstSent);
    EXPECT_LT(life.firstSent, life.finished);
    const auto events = r->events(id, {.request = life.number});
    ASSERT_GE(events->size(), 4u);
    EXPECT_EQ(events->front().kind, EventKind::enqueued);
    const auto byId = r->requests(id, {.idContains = life.id, .number = life.number});
    ASSERT_EQ(byId->size(), 1u);
    const auto users = r->requests(id, {.idContains = "code-", .limit = 10});
    ASSERT_EQ(users->size(), 10u);
    EXPECT_GT(users->at(0).ttft, 0s);
}

TEST_F(RunStoreTest, aLongRunIsSampledAndItsRequestsStayWhole) {
    auto store = open();
    const RunId id =
        record(*store, 4000, {.requestEvents = 2000, .otherEvents = 100, .points = 500});
    auto r = reader();
    const auto run = r->run(id);
    EXPECT_LT(run->events, 14'000u);
    EXPECT_GT(run->events, 2'000u);
    EXPECT_LT(r->points(id, "fleet/busy")->size(), 2'100u);
    const auto last = r->requests(id, {.queue = 0, .from = Time{3500s}, .limit = 100'000});
    ASSERT_GT(last->size(), 0u);
    for (const RequestLife& life : *last) {
        EXPECT_NE(life.firstSent, kNever);
        const auto events = r->events(id, {.request = life.number});
        EXPECT_EQ(events->front().kind, EventKind::enqueued) << life.number;
        EXPECT_EQ(events->back().kind, EventKind::completed) << life.number;
    }
}

TEST_F(RunStoreTest, storingARunDoesNotChangeItsFingerprint) {
    auto store = open();
    record(*store, 300);
    const ScriptedRun run = scriptedRun(300);
    Recorder alone(run.setup);
    play(run, alone, 300);
    EXPECT_EQ(alone.fingerprint().text(), fingerprint_);
}

TEST_F(RunStoreTest, tagsNotesAndErasing) {
    auto store = open();
    const RunId first = record(*store, 60);
    const RunId second = record(*store, 60);
    EXPECT_TRUE(store->annotate(first, "base", "before the change"));
    EXPECT_TRUE(store->erase(second));
    EXPECT_FALSE(store->erase(second));
    auto r = reader();
    const auto runs = r->runs();
    ASSERT_EQ(runs->size(), 1u);
    EXPECT_EQ(runs->at(0).tags, "base");
    EXPECT_EQ(runs->at(0).note, "before the change");
    EXPECT_FALSE(r->run(second));
    EXPECT_TRUE(r->points(second, "fleet/busy")->empty());
}

TEST_F(RunStoreTest, aFullBufferDropsAndSaysHowMuch) {
    auto store = open({.flushEvery = 1h, .bufferedEvents = 100, .bufferedPoints = 1000});
    RunHeader header;
    header.series = {{"x", ""}};
    auto writer = store->begin(header);
    ASSERT_TRUE(writer);
    // Somebody else holds the database, so that the store's thread is stuck.
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto before = std::chrono::steady_clock::now();
    Event e;
    for (int i = 0; i < 1000; ++i) {
        e.at += 1s;
        (*writer)->event(e);
    }
    for (int i = 0; i < 5000; ++i)
        (*writer)->points(Time{i * 1s}, std::vector<float>{1.0f});
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1s); // far below the time the lock is held
    EXPECT_GE((*writer)->dropped(), 800u);
    std::this_thread::sleep_for(50ms);
    sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    EXPECT_TRUE((*writer)->finish(Json::object(), "f"));
    const auto run = reader()->run((*writer)->id());
    EXPECT_EQ(run->events + run->droppedEvents, 1000u);
    EXPECT_GT(run->droppedPoints, 0u);
}

TEST_F(RunStoreTest, aKilledRunIsReadableUpToItsLastSecond) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        // 1,000 simulated seconds a wall second, told to the parent once two wall seconds are over.
        auto store = RunStore::open(file_);
        const ScriptedRun run = scriptedRun(1'000'000);
        auto writer = (*store)->begin(headerFor(run.setup));
        std::vector<float> row(headerFor(run.setup).series.size(), 1.0f);
        for (std::int64_t i = 0;; ++i) {
            Event e;
            e.at = Time{i * 1s};
            e.kind = EventKind::gateRead;
            (*writer)->event(e);
            (*writer)->points(e.at, row);
            std::this_thread::sleep_for(1ms);
            if (i % 50 == 0 && ::write(ready[1], &i, sizeof i) < 0) ::_exit(1);
        }
    }
    ::close(ready[1]);
    // What the child had done a good second before it was killed must be there.
    std::int64_t second = 0, secondBefore = 0;
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < 2700ms) {
        ASSERT_EQ(::read(ready[0], &second, sizeof second), static_cast<ssize_t>(sizeof second));
        if (std::chrono::steady_clock::now() - start < 1200ms) secondBefore = second;
    }
    {
        const auto alive = reader()->latest();
        ASSERT_TRUE(alive);
        EXPECT_EQ(reader()->run(*alive)->state, RunState::running);
        auto store = open(); // a second process may open it; the run still has its owner
        EXPECT_EQ(reader()->run(*alive)->state, RunState::running);
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ::close(ready[0]);

    auto store = open();
    auto r = reader();
    const auto id = r->latest();
    ASSERT_TRUE(id) << id.error().text();
    const auto run = r->run(*id);
    EXPECT_EQ(run->state, RunState::recovered);
    EXPECT_GE(run->lastWritten, Time{secondBefore * 1s});
    const auto points = r->points(*id, "fleet/busy");
    ASSERT_TRUE(points);
    ASSERT_FALSE(points->empty());
    EXPECT_GE(points->back().t, Time{secondBefore * 1s});
    for (std::size_t i = 0; i < points->size(); ++i) {
        ASSERT_EQ(points->at(i).t, Time{static_cast<std::int64_t>(i) * 1s});
    }
    EXPECT_GE(static_cast<std::int64_t>(run->events), secondBefore);
    EXPECT_FALSE(r->report(*id));
}

TEST_F(RunStoreTest, anAbandonedRunIsRecoveredWithItsLastCheckpoint) {
    {
        auto store = open();
        auto writer = store->begin({.scenario = "x", .series = {{"a", ""}}});
        (*writer)->points(Time{1s}, std::vector<float>{2.0f});
        (*writer)->checkpoint({{"schema", kReportSchema}, {"so", "far"}});
    }
    auto r = reader();
    const auto id = *r->latest();
    EXPECT_EQ(r->run(id)->state, RunState::recovered);
    EXPECT_EQ(r->report(id)->at("so"), "far");
    EXPECT_EQ(r->points(id, "a")->size(), 1u);
}

TEST_F(RunStoreTest, manyThreadsWriteAndReadAtOnce) {
    auto store = open({.flushEvery = 2ms});
    std::atomic<bool> stop{false};
    std::thread reading([&] {
        while (!stop) {
            const auto runs = reader()->runs();
            ASSERT_TRUE(runs) << runs.error().text();
        }
    });
    std::vector<std::thread> writing;
    for (int t = 0; t < 3; ++t) {
        writing.emplace_back([&] {
            RunHeader header;
            header.series = {{"a", ""}, {"b", ""}};
            auto writer = store->begin(header);
            ASSERT_TRUE(writer);
            for (int i = 0; i < 3000; ++i) {
                Event e;
                e.at = Time{i * 1s};
                (*writer)->event(e);
                (*writer)->points(e.at, std::vector<float>{1.0f, NAN});
            }
            EXPECT_TRUE((*writer)->finish(Json::object(), "f"));
        });
    }
    for (auto& thread : writing)
        thread.join();
    stop = true;
    reading.join();
    auto r = reader();
    const auto runs = r->runs();
    for (const RunSummary& run : *runs) {
        EXPECT_EQ(run.events, 3000u);
        EXPECT_EQ(r->points(run.id, "a")->size(), 3000u);
        EXPECT_TRUE(r->points(run.id, "b")->empty());
    }
}

TEST_F(RunStoreTest, whatCannotBeOpenedSaysWhy) {
    const auto missing = RunReader::open(folder_ / "none.db");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text().find("none.db: there is no such run store"),
              std::string::npos);
    const auto garbage = folder_ / "garbage.db";
    std::ofstream(garbage) << std::string(5000, 'x');
    EXPECT_FALSE(RunReader::open(garbage));
    const auto store = RunStore::open(garbage);
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().text().find("garbage.db: cannot be used as a run store"),
              std::string::npos);
    EXPECT_FALSE(RunStore::open(folder_ / "no" / "folder.db"));
}

// A run without a window waits for the disk: with a buffer of next to nothing every event is there.
TEST_F(RunStoreTest, aPatientWriterDropsNothing) {
    auto store = open({.flushEvery = 1ms,
                       .bufferedEvents = 16,
                       .bufferedRequests = 4,
                       .bufferedPoints = 8,
                       .waits = true});
    RunHeader header;
    header.series = {{"a", ""}, {"b", ""}};
    auto writer = store->begin(header);
    ASSERT_TRUE(writer);
    for (int i = 0; i < 50'000; ++i) {
        Event e;
        e.at = Time{i * 1ms};
        (*writer)->event(e);
        if (i % 50 != 0) continue;
        (*writer)->request({.id = std::to_string(i)});
        (*writer)->points(Time{i * 1ms}, std::array{1.0f, 2.0f});
    }
    ASSERT_TRUE((*writer)->finish(Json::object(), "f"));
    EXPECT_EQ((*writer)->dropped(), 0u);
    const auto run = reader()->run((*writer)->id());
    ASSERT_TRUE(run);
    EXPECT_EQ(run->events, 50'000u);
    EXPECT_EQ(run->requests, 1'000u);
    EXPECT_EQ(run->droppedEvents + run->droppedPoints, 0u);
    EXPECT_EQ(reader()->points(run->id, "b")->size(), 1'000u);
}

// Another program that holds the file for longer than SQLite waits by itself is waited for; one
// that never lets go costs what it costs, and that is counted.
TEST_F(RunStoreTest, aLockedStoreIsTriedAgainAndALossCounted) {
    for (const bool letsGo : {true, false}) {
        SCOPED_TRACE(letsGo);
        auto store = open({.flushEvery = 1ms, .waits = true, .patience = letsGo ? 30s : 10ms});
        auto writer = store->begin({});
        ASSERT_TRUE(writer);
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
        std::thread later([&] {
            std::this_thread::sleep_for(letsGo ? 2500ms : 6s);
            sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
        });
        for (int i = 0; i < 1000; ++i)
            (*writer)->event({});
        const Status finished = (*writer)->finish(Json::object(), "f");
        EXPECT_EQ(finished.has_value(), letsGo);
        if (letsGo) {
            EXPECT_EQ((*writer)->dropped(), 0u);
        } else {
            EXPECT_GT((*writer)->dropped(), 0u);
            EXPECT_NE(finished.error().text().find("runs.db"), std::string::npos);
        }
        later.join();
        sqlite3_close(other);
    }
}

TEST_F(RunStoreTest, aForeignDatabaseIsLeftAlone) {
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "CREATE TABLE theirs(x)", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    std::ifstream in(file_, std::ios::binary);
    const std::string before{std::istreambuf_iterator<char>(in), {}};
    const auto store = RunStore::open(file_);
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().text().find("another program"), std::string::npos);
    std::ifstream again(file_, std::ios::binary);
    EXPECT_EQ(before, std::string(std::istreambuf_iterator<char>(again), {}));
}

// Whatever stands in a row: an error with the run and what is wrong, never an exception or a guess.
TEST_F(RunStoreTest, damageIsSaid) {
    RunId id = 0;
    {
        auto store = open();
        id = record(*store, 60);
    }
    const auto damage = [&](const char* sql) {
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(db);
    };
    const auto says = [](const auto& result, const char* what) {
        ASSERT_FALSE(result) << what;
        EXPECT_NE(result.error().text().find("damaged"), std::string::npos)
            << result.error().text();
        EXPECT_NE(result.error().text().find(what), std::string::npos) << result.error().text();
    };
    for (const char* report :
         {"5", "null", "[]", "{\"schema\": 7}", "{\"schema\": null}", "{\"a\":", "text"}) {
        damage(fmt::format("UPDATE runs SET report='{}'", report).c_str());
        says(reader()->report(id), "report of run");
    }
    damage(fmt::format("UPDATE runs SET report='{}'", std::string(100'000, '[')).c_str());
    says(reader()->report(id), "nested deeper");
    for (const char* layout : {"5", "{\"queues\": 1}", "{\"gates\": [3]}", "x"}) {
        damage(fmt::format("UPDATE runs SET layout='{}'", layout).c_str());
        says(reader()->layout(id), "layout of run");
    }
    damage("UPDATE runs SET seed='12x'");
    says(reader()->run(id), "\"12x\"");
}

TEST(RunName, isAFileAndPerhapsANumber) {
    EXPECT_EQ(runName("runs.db")->run, std::nullopt);
    EXPECT_EQ(runName("runs.db#12")->run, 12);
    EXPECT_EQ(runName("runs.db#12")->file, "runs.db");
    for (const char* bad : {"runs.db#", "runs.db#1.5", "runs.db#1e0", "runs.db#-1", "runs.db#0",
                            "runs.db#99999999999999999999", "runs.db#1 "}) {
        EXPECT_FALSE(runName(bad)) << bad;
    }
}

TEST(Points, comeBackWhateverTheyWere) {
    std::vector<Point> points = {{Time{Duration{INT64_MIN}}, 1.0f},
                                 {Time{Duration{INT64_MAX}}, -0.0f},
                                 {Time{Duration{0}}, INFINITY},
                                 {Time{Duration{-5}}, 1e-30f}};
    for (int i = 0; i < 1000; ++i)
        points.push_back({Time{i * 1s}, static_cast<float>(i)});
    const std::string bytes = encodePoints(points);
    EXPECT_LT(bytes.size(), 5 * points.size() + 200);
    std::vector<Point> back;
    ASSERT_TRUE(decodePoints(bytes.data(), bytes.size(), back));
    ASSERT_EQ(back.size(), points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        EXPECT_EQ(back[i].t, points[i].t);
        EXPECT_EQ(back[i].value, points[i].value);
    }
    EXPECT_FALSE(decodePoints(bytes.data(), bytes.size() - 1, back));
}

} // namespace
} // namespace penstock
