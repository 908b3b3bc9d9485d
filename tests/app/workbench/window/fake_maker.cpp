// SPDX-License-Identifier: GPL-3.0-only
#include "tests/app/workbench/window/fake_maker.h"

#include <QApplication>
#include <QFileInfo>
#include <QSettings>
#include <QTest>
#include <QThreadPool>

namespace penstock::app {
namespace {

// What the window holds of a made-up run that the test holds too.
class Lent : public RunView {
  public:
    Lent(std::shared_ptr<FakeRun> run, std::string scenario, std::uint64_t seed)
        : run_(std::move(run)), info_(run_->info()) {
        if (!scenario.empty()) info_.scenario = std::move(scenario);
        info_.seed = seed;
    }

    const RunInfo& info() const override { return info_; }
    void send(Command command) override { run_->send(std::move(command)); }
    bool take(Frame& frame) override {
        const bool news = run_->take(frame);
        if (!news && answers_.empty()) return false;
        if (!news) frame.head = run_->head();
        frame.exported = std::move(answers_);
        answers_.clear();
        return true;
    }
    void find(const std::string& id) override { run_->find(id); }
    void ask(ExportKind kind) override {
        ExportAnswer answer;
        answer.kind = kind;
        answer.files = {{"transport.json", "{\"queues\": []}\n"}};
        if (kind == ExportKind::documents) {
            answer.files.push_back({"pools.json", "[]\n"});
            answer.flags = {"--transport=redis-sortedset"};
        }
        answers_.push_back(std::move(answer));
    }

  private:
    std::shared_ptr<FakeRun> run_;
    RunInfo info_;
    std::vector<ExportAnswer> answers_;
};

} // namespace

std::unique_ptr<RunView> FakeMaker::another(const std::string& scenario, std::uint64_t seed) {
    runs_.push_back(std::make_shared<FakeRun>(options_));
    return std::make_unique<Lent>(runs_.back(), scenario, seed);
}

void FakeMaker::note(const QString& what) {
    const std::lock_guard lock(mutex_);
    asked_ << what;
}

Result<std::unique_ptr<RunView>> FakeMaker::make(const RunOrder& order) {
    const std::lock_guard lock(mutex_);
    orders_.push_back(order);
    if (!failure_.empty()) return fail(std::exchange(failure_, {}));
    const auto name = QFileInfo(QString::fromStdString(order.scenario)).completeBaseName();
    return another(name.toStdString(), order.seed.value_or(42));
}

Result<std::unique_ptr<RunView>> FakeMaker::replay(const std::string& file) {
    note(QStringLiteral("replay ") + QString::fromStdString(file));
    const std::lock_guard lock(mutex_);
    return another({}, 42);
}

Status FakeMaker::useStore(const std::string& file) {
    note(QStringLiteral("store ") + QString::fromStdString(file));
    return {};
}

Result<std::unique_ptr<RunView>> FakeMaker::open(std::int64_t run) {
    note(QStringLiteral("open %1").arg(run));
    const std::lock_guard lock(mutex_);
    return another("stored", 42);
}

Result<RunOrder> FakeMaker::orderOf(std::int64_t) {
    return RunOrder{.scenario = "stored.yaml"};
}

Result<std::vector<RunRow>> FakeMaker::history() {
    const std::lock_guard lock(mutex_);
    return history_;
}

Status FakeMaker::remove(const std::vector<std::int64_t>& runs) {
    for (const std::int64_t run : runs)
        note(QStringLiteral("remove %1").arg(run));
    return {};
}

Status FakeMaker::describe(std::int64_t run, const std::string& tags, const std::string&) {
    note(QStringLiteral("describe %1 %2").arg(run).arg(QString::fromStdString(tags)));
    return {};
}

Result<Comparison> FakeMaker::compare(std::int64_t a, std::int64_t b) {
    note(QStringLiteral("compare %1 %2").arg(a).arg(b));
    Comparison out;
    out.a.id = a;
    out.b.id = b;
    out.metrics = {{"queues.batch.succeeded", 100, 140, 40, 0.4, true}};
    return out;
}

Result<Comparison> FakeMaker::compareReports(const std::string& nameA, const std::string&,
                                             const std::string& nameB, const std::string&) {
    note(QStringLiteral("reports %1 %2")
             .arg(QString::fromStdString(nameA), QString::fromStdString(nameB)));
    return compare(0, 0);
}

FileKind FakeMaker::kindOf(const std::string& file) {
    const QString name = QFileInfo(QString::fromStdString(file)).fileName();
    if (name.endsWith(QStringLiteral(".yaml"))) return FileKind::scenario;
    if (name.endsWith(QStringLiteral(".db"))) return FileKind::store;
    if (name.startsWith(QStringLiteral("report"))) return FileKind::report;
    if (name.startsWith(QStringLiteral("moves"))) return FileKind::moves;
    if (name.startsWith(QStringLiteral("transport"))) return FileKind::documents;
    return FileKind::unknown;
}

Result<std::vector<AdviceRow>> FakeMaker::check(const std::vector<std::string>& files) {
    for (const std::string& file : files)
        note(QStringLiteral("check ") + QString::fromStdString(file));
    return std::vector<AdviceRow>{{"never-closes",
                                   Severity::error,
                                   "transport.json:3",
                                   {},
                                   "It closes at 95 a pod.",
                                   "Set max_concurrency."}};
}

std::vector<RunOrder> FakeMaker::orders() const {
    const std::lock_guard lock(mutex_);
    return orders_;
}

QStringList FakeMaker::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

FakeRun& FakeMaker::run() const {
    const std::lock_guard lock(mutex_);
    return *runs_.back();
}

void FakeMaker::setHistory(std::vector<RunRow> runs) {
    const std::lock_guard lock(mutex_);
    history_ = std::move(runs);
}

void FakeMaker::failNext(const std::string& words) {
    const std::lock_guard lock(mutex_);
    failure_ = words;
}

OpenWindow::OpenWindow(FakeRun::Options options) : maker(options) {
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
    applyTheme(ThemeKind::light);
    window = std::make_unique<MainWindow>(maker);
    window->show();
    QApplication::processEvents();
    Opening opening;
    opening.offers = false;
    window->begin(opening);
    settle();
    play(std::chrono::seconds(1));
}

OpenWindow::~OpenWindow() {
    window.reset();
    QThreadPool::globalInstance()->waitForDone();
}

void OpenWindow::settle() {
    QThreadPool::globalInstance()->waitForDone();
    QApplication::processEvents();
    QThreadPool::globalInstance()->waitForDone();
    QApplication::processEvents();
}

void OpenWindow::play(Duration time) {
    maker.run().pass(time);
    window->desk().pull();
    QApplication::processEvents();
}

} // namespace penstock::app
