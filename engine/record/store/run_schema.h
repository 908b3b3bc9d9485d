// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tables of a run store, and who is writing what. Internal to this folder; SQLiteCpp throws,
// and its exceptions end here or in the callers within this folder.
#include "engine/types/time.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace SQLite {
class Database;
}

namespace penstock::schema {

// 2: moves know their place between two events; runs know how they were begun.
inline constexpr int kVersion = 3;

// How a time lies in a column.
inline std::int64_t nanos(Time t) {
    return t.time_since_epoch().count();
}

// Creates or checks the tables. Throws SQLite::Exception; throws std::runtime_error with a sentence
// when the file is another program's database, or a store of a version we do not know.
void prepare(SQLite::Database& db, std::chrono::milliseconds patience);

// Throws std::runtime_error unless the tables of a run store are there; `version` as the file says.
void checkTables(SQLite::Database& db, int version);

// Calls fn() again as long as another holds the file, up to `patience`. Throws what it throws.
void retried(std::chrono::milliseconds patience, const std::function<void()>& fn);

// fn() in one transaction that has the right to write from its beginning; called again, after
// everything it did is undone, as long as another writer holds that right.
void transact(SQLite::Database& db, std::chrono::milliseconds patience,
              const std::function<void()>& fn);

// A text that names this process as long as it lives, and is never another's: its id and the time
// it was started.
std::string thisOwner();
bool ownerLives(const std::string& owner);

// Runs that are `running` for an owner who is gone become `recovered`.
void recover(SQLite::Database& db, std::chrono::milliseconds patience);

} // namespace penstock::schema
