// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A window over made-up runs, whose time passes only when the test says so. The runs, the history
// and the answers to exports are here to be looked at.
#include "app/workbench/window/main_window.h"
#include "tests/app/workbench/gui/fake_run.h"

#include <QTemporaryDir>

#include <map>
#include <mutex>
#include <optional>

namespace penstock::app {

// A made-up run that also hands out files, and lives on after the window has let go of it.
class FakeMaker : public RunMaker {
  public:
    explicit FakeMaker(FakeRun::Options options = {}) : options_(options) {}

    Result<std::unique_ptr<RunView>> make(const RunOrder& order) override;
    Result<std::unique_ptr<RunView>> beside(const RunOrder& order) override { return make(order); }
    Result<std::unique_ptr<RunView>> replay(const std::string& file) override;
    std::string store() const override { return "fake.db"; }
    Status useStore(const std::string& file) override;
    Result<std::unique_ptr<RunView>> open(std::int64_t run) override;
    Result<RunOrder> orderOf(std::int64_t run) override;
    Result<std::vector<RunRow>> history() override;
    Status remove(const std::vector<std::int64_t>& runs) override;
    Status describe(std::int64_t run, const std::string& tags, const std::string& notes) override;
    Result<Comparison> compare(std::int64_t a, std::int64_t b) override;
    Result<Comparison> compareReports(const std::string& nameA, const std::string& a,
                                      const std::string& nameB, const std::string& b) override;
    FileKind kindOf(const std::string& file) override;
    Result<std::vector<AdviceRow>> check(const std::vector<std::string>& files) override;

    // What the window asked for, oldest first. The window asks on threads of its pool.
    std::vector<RunOrder> orders() const;
    QStringList asked() const; // "replay FILE", "store FILE", "compare 1 2", "remove 3", …
    // The run that was made last.
    FakeRun& run() const;
    void setHistory(std::vector<RunRow> runs);
    void failNext(const std::string& words);

  private:
    std::unique_ptr<RunView> another(const std::string& scenario, std::uint64_t seed);
    void note(const QString& what);

    mutable std::mutex mutex_;
    FakeRun::Options options_;
    std::vector<std::shared_ptr<FakeRun>> runs_;
    std::vector<RunOrder> orders_;
    QStringList asked_;
    std::vector<RunRow> history_;
    std::string failure_;
};

// A window on the screen over a fresh settings folder, its first run begun.
struct OpenWindow {
    explicit OpenWindow(FakeRun::Options options = {});
    ~OpenWindow();

    // Lets the run on the screen go on and hands the frame over.
    void play(Duration time);
    // Waits until all that was asked for in the background is there.
    void settle();
    QAction& action(const char* id) { return *window->registry().find(QString::fromLatin1(id)); }

    QTemporaryDir folder;
    FakeMaker maker;
    std::unique_ptr<MainWindow> window;
};

// The last command of this kind that the run was given, if any. A copy: more may follow.
template <class T>
std::optional<T> lastSent(const FakeRun& run) {
    std::optional<T> last;
    for (const Command& command : run.sent) {
        if (const T* it = std::get_if<T>(&command)) last = *it;
    }
    return last;
}

} // namespace penstock::app
