// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where runs are kept: one SQLite file in WAL mode; this process writes it in one thread, the
// store's own, and other processes may write other runs to it at the same time. The run thread puts
// values into a buffer; the store's thread takes the buffer twice a second and commits it, so that
// a run whose process is killed can be read up to its last second. A buffer is bounded. When it is
// full, a run that somebody steers drops what does not fit, and one without a window waits; what
// was dropped, or could not be written, is counted and said so in the run.
#include "engine/record/store/run_record.h"
#include "engine/types/error.h"

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace penstock {

struct StoreOptions {
    std::chrono::milliseconds flushEvery{500};
    std::size_t bufferedEvents = 200'000; // bounds of one run's buffer
    std::size_t bufferedRequests = 50'000;
    std::size_t bufferedPoints = 2'000'000;
    bool waits = false; // on a full buffer the run thread waits for the disk instead of dropping
    std::chrono::milliseconds patience{60'000}; // with a file that another holds locked
};

// One run being written. Every call is for the run thread, except status() and dropped(), and
// returns at once, except finish() and where a full buffer `waits`. Destroying it without finish()
// makes the run a recovered one.
class RunWriter {
  public:
    ~RunWriter();
    RunWriter(const RunWriter&) = delete;
    RunWriter& operator=(const RunWriter&) = delete;

    RunId id() const;

    void event(const Event& event);
    void request(RequestLife life);
    void move(Move move);
    // One value for each series of the header, at one time; NaN: no point.
    void points(Time t, std::span<const float> values);
    // A report so far, from which the run can be recovered.
    void checkpoint(const Json& report);

    // Writes everything that is left and marks the run done. Waits for the disk.
    Status finish(const Json& report, const std::string& fingerprint);

    // The first error of the store's thread, if any.
    Status status() const;
    // Events, lives of requests and points of series that are not in the store.
    std::uint64_t dropped() const;

  private:
    friend class RunStore;
    struct Shared;
    explicit RunWriter(std::shared_ptr<Shared> shared);
    std::shared_ptr<Shared> shared_;
};

class RunStore {
  public:
    // Creates the file if there is none. Runs whose writer has died become `recovered`. The error
    // names the file and what is wrong with it.
    static Result<std::unique_ptr<RunStore>> open(const std::string& file,
                                                  StoreOptions options = {});
    // Commits what is buffered; writers must be gone.
    ~RunStore();

    Result<std::unique_ptr<RunWriter>> begin(const RunHeader& header);

    // Done by the store's thread; these wait for it.
    Status annotate(RunId run, const std::string& tags, const std::string& note);
    Status erase(RunId run);

    const std::string& file() const;

  private:
    struct State;
    explicit RunStore(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace penstock
