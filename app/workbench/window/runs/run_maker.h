// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Where the window gets its runs from, and what it asks of their history: the one door between the
// window and the engine, the world and the store. Every call may read files or wait for a disk, so
// the window makes them on a thread of its pool, several at a time: implementations are
// thread-safe. Tests put a made-up one here.
#include "app/session/view/run_view.h"
#include "app/workbench/models/comparison_model.h"
#include "engine/types/error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::app {

// What to run, as `penstock run` would be told.
struct RunOrder {
    std::string scenario;               // file
    std::vector<std::string> overrides; // PATH=VALUE
    std::optional<std::uint64_t> seed;  // instead of the scenario's
    bool perfectGate = false;           // metric gates see the true load without delay
    bool recorded = true;               // in the store
    std::string tags;                   // of its entry there
};

// What a file is that is handed to the window.
enum class FileKind { scenario, documents, report, moves, store, unknown };

class RunMaker {
  public:
    virtual ~RunMaker() = default;

    // A run at its start, paused. The error says what is wrong with the scenario, with file and
    // line, and what would be right.
    virtual Result<std::unique_ptr<RunView>> make(const RunOrder& order) = 0;
    // A run to be laid over another: under way already, as fast as it goes while others have the
    // processor first, recorded nowhere.
    virtual Result<std::unique_ptr<RunView>> beside(const RunOrder& order) = 0;
    // A run made again from its log of moves (a file that Save moves wrote).
    virtual Result<std::unique_ptr<RunView>> replay(const std::string& file) = 0;

    // --- the store ------------------------------------------------------------------------------
    // Empty: runs are not recorded.
    virtual std::string store() const = 0;
    virtual Status useStore(const std::string& file) = 0;
    virtual Result<std::unique_ptr<RunView>> open(std::int64_t run) = 0;
    // How to run a stored run's scenario again.
    virtual Result<RunOrder> orderOf(std::int64_t run) = 0;
    virtual Result<std::vector<RunRow>> history() = 0;
    virtual Status remove(const std::vector<std::int64_t>& runs) = 0;
    virtual Status describe(std::int64_t run, const std::string& tags,
                            const std::string& notes) = 0;
    virtual Result<Comparison> compare(std::int64_t a, std::int64_t b) = 0;
    // Two reports as `penstock run --json` writes them; text, not files.
    virtual Result<Comparison> compareReports(const std::string& nameA, const std::string& a,
                                              const std::string& nameB, const std::string& b) = 0;

    // --- documents ------------------------------------------------------------------------------
    virtual FileKind kindOf(const std::string& file) = 0;
    // The linter's findings on llm-d-async's documents or the Helm values of its chart, read
    // together.
    virtual Result<std::vector<AdviceRow>> check(const std::vector<std::string>& files) = 0;
};

} // namespace penstock::app
