// SPDX-License-Identifier: Apache-2.0
// A stored run's two sides: the thread that reads the store a stretch at a time, and the window's.
#include "app/session/stored/stored_run.h"

#include "app/session/run/leaving.h"
#include "app/session/run/run_export.h"
#include "app/session/stored/run_history.h"
#include "app/session/stored/stored_gauges.h"
#include "app/session/view/gate_words.h"
#include "app/session/view/pending_frame.h"
#include "app/session/view/run_info.h"
#include "engine/record/store/run_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <variant>

namespace penstock::app {

using Kind = penstock::EventKind;

namespace {

constexpr std::int64_t kStretch = 1000;       // gauge samples told in one frame
constexpr std::size_t kAhead = 4;             // frames read before the window has taken them
constexpr std::int64_t kEventsRead = 200'000; // of one stretch

bool ofGate(const Event& e) {
    return e.kind == Kind::gateRead;
}

} // namespace

class StoredRun::Impl {
  public:
    Impl(std::unique_ptr<RunReader> reader, RunSummary run, RunLayout layout, RunLog log,
         std::string store)
        : reader_(std::move(reader)), run_(std::move(run)), layout_(std::move(layout)),
          log_(std::move(log)), store_(std::move(store)) {
        describeRun();
    }
    ~Impl() { leave(); }

    void leave() {
        {
            const std::lock_guard lock(mutex_);
            leaving_ = true;
        }
        changed_.notify_all();
    }

    bool gone() const { return gone_; }

    void begin() {
        thread_ = std::jthread([this] {
            read();
            gone_ = true;
        });
    }
    const RunInfo& info() const { return described_.info; }

    bool take(Frame& frame) {
        PendingFrame next;
        {
            const std::lock_guard lock(mutex_);
            if (ready_.empty()) return false;
            next = std::move(ready_.front());
            ready_.pop_front();
        }
        changed_.notify_all();
        frame = finished(std::move(next), names_);
        return true;
    }

    void post(std::variant<std::string, ExportKind> question) {
        {
            const std::lock_guard lock(mutex_);
            questions_.push_back(std::move(question));
        }
        changed_.notify_all();
    }

  private:
    void describeRun();
    void read();
    bool answer();
    bool tell(PendingFrame&& frame);
    PendingFrame blank(double progress) const;
    Status readStretch(PendingFrame& out, Time from, Time to);
    void addGates(PendingFrame& out, const std::vector<Event>& events);
    void addRows(PendingFrame& out);
    RequestRow find(const std::string& id);
    ExportAnswer exported(ExportKind kind);
    EndedRequest endedOf(const RequestLife& life) const;

    std::unique_ptr<RunReader> reader_; // the reading thread's, once that runs
    RunSummary run_;
    RunLayout layout_;
    RunLog log_;
    std::string store_;
    Described described_;
    std::vector<GateTerms> terms_;
    Names names_;
    StoredGauges gauges_;
    std::vector<GateReading> lastReading_;
    std::vector<Event> lastRead_;
    std::vector<bool> closed_;
    std::string error_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<PendingFrame> ready_;                              // under the mutex
    std::deque<std::variant<std::string, ExportKind>> questions_; // under the mutex
    bool leaving_ = false;                                        // under the mutex
    std::atomic<bool> gone_{false};
    std::jthread thread_;
};

// As the scenario says; of one that this program cannot read any more, as far as the layout says.
void StoredRun::Impl::describeRun() {
    RunInfo& info = described_.info;
    if (const auto scenario = scenarioOf(log_)) {
        if (auto described = describe(*scenario, optionsOf(log_))) {
            described_ = std::move(*described);
        }
        info.end = run_.start + scenario->horizon;
    } else {
        info.end = run_.lastWritten;
    }
    info.scenario = run_.scenario;
    info.semantics = run_.semantics;
    info.seed = run_.seed;
    info.start = run_.start;
    info.can = {.steer = false, .knobs = false};
    info.queues = layout_.queues;
    info.pools = layout_.workerPools;
    info.sources = layout_.sources;
    if (described_.gates.size() != layout_.gates.size()) {
        described_.gates.clear();
        info.gates.clear();
        for (const auto& gate : layout_.gates) {
            std::string owner = gate.owner;
            std::replace(owner.begin(), owner.end(), ':', ' ');
            GateNote note;
            note.terms = gate.type;
            note.ofPool = owner.starts_with("pool ");
            const auto& among = note.ofPool ? layout_.workerPools : layout_.queues;
            const std::string name = owner.substr(owner.find(' ') + 1);
            note.index = static_cast<std::uint16_t>(std::find(among.begin(), among.end(), name) -
                                                    among.begin());
            described_.gates.push_back(std::move(note));
            info.gates.push_back({std::move(owner), gate.type, true});
        }
    }
    for (std::size_t i = 0; i < info.gates.size(); ++i) {
        terms_.push_back(GateTerms::of(info.gates[i].type, described_.gates[i].terms));
    }
    lastReading_.resize(info.gates.size());
    lastRead_.resize(info.gates.size());
    closed_.resize(info.gates.size());
    names_.queues = layout_.queues;
    names_.pools = layout_.workerPools;
    names_.sources = layout_.sources;
    names_.interactive = layout_.interactive;
    names_.parameters = layout_.parameters;
    names_.faults = layout_.faults;
}

PendingFrame StoredRun::Impl::blank(double progress) const {
    PendingFrame pending;
    pending.fresh = true;
    Frame& frame = pending.frame;
    frame.head = run_.lastWritten;
    frame.status = rowOf(run_).status;
    frame.error = error_;
    frame.progress = progress;
    frame.fingerprint = run_.fingerprint;
    frame.storedAs = run_.id;
    frame.settled = run_.state != RunState::running;
    return pending;
}

// Waits until there is room; false when the window has gone.
bool StoredRun::Impl::tell(PendingFrame&& frame) {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock,
                      [&] { return leaving_ || ready_.size() < kAhead || !questions_.empty(); });
        if (leaving_) return false;
        if (ready_.size() < kAhead) {
            ready_.push_back(std::move(frame));
            return true;
        }
        lock.unlock();
        answer();
        lock.lock();
    }
}

void StoredRun::Impl::read() {
    if (auto loaded = gauges_.load(*reader_, run_.id, layout_); !loaded) {
        error_ = loaded.error().text();
    }
    const std::size_t samples = gauges_.size();
    std::size_t told = 0;
    Time from = run_.start;
    do {
        const std::size_t next = std::min(samples, told + static_cast<std::size_t>(kStretch));
        const Time to = next < samples ? gauges_.at(next) : kNever;
        PendingFrame frame =
            blank(samples == 0 ? 1.0 : static_cast<double>(next) / static_cast<double>(samples));
        gauges_.fill(frame.frame, told, next);
        if (auto stretch = readStretch(frame, from, to); !stretch) {
            error_ = frame.frame.error = stretch.error().text();
        }
        if (next == samples) addRows(frame);
        if (!tell(std::move(frame))) return;
        told = next;
        from = to;
        answer();
    } while (told < samples);
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return leaving_ || !questions_.empty(); });
        if (leaving_) return;
        lock.unlock();
        answer();
    }
}

bool StoredRun::Impl::answer() {
    std::deque<std::variant<std::string, ExportKind>> asked;
    {
        const std::lock_guard lock(mutex_);
        asked.swap(questions_);
    }
    if (asked.empty()) return false;
    PendingFrame frame = blank(1.0);
    for (const auto& question : asked) {
        if (const auto* id = std::get_if<std::string>(&question)) {
            frame.frame.found = find(*id);
        } else {
            frame.frame.exported.push_back(exported(std::get<ExportKind>(question)));
        }
    }
    // Before those that wait: the asker is looking.
    const std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
        frame.frame.progress = ready_.front().frame.progress;
    }
    ready_.push_front(std::move(frame));
    return true;
}

void StoredRun::Impl::addGates(PendingFrame& out, const std::vector<Event>& events) {
    for (const Event& e : events) {
        if (!ofGate(e)) continue;
        for (std::size_t g = 0; g < described_.gates.size(); ++g) {
            const GateNote& note = described_.gates[g];
            const bool mine =
                note.ofPool ? e.queue == kNoIndex && e.pool == note.index : e.queue == note.index;
            if (!mine) continue;
            // Whose words a gate within a gate spoke is not kept: its usual ones are assumed.
            const bool complement = terms_[g].freeShare;
            const GateReading reading{
                static_cast<std::uint16_t>(g),   e.at,     e.age,      asLoad(complement, e.value),
                asLoad(complement, e.threshold), e.budget, e.available};
            out.frame.readings.push_back(reading);
            lastReading_[g] = reading;
            lastRead_[g] = e;
            const bool closed = e.budget <= 0;
            if (closed == closed_[g]) continue;
            closed_[g] = closed;
            out.frame.turns.push_back(
                {static_cast<std::uint16_t>(g), e.at, closed ? closedWord(e.code) : std::string()});
        }
    }
}

EndedRequest StoredRun::Impl::endedOf(const RequestLife& life) const {
    EndedRequest e;
    e.number = life.number;
    e.interactive = life.queue < 0;
    e.source = life.source >= 0 ? static_cast<std::uint16_t>(life.source)
                                : static_cast<std::uint16_t>(life.number >> 40);
    e.queue = e.interactive ? kNoIndex : static_cast<std::uint16_t>(life.queue);
    e.created = life.created;
    e.enqueued = e.interactive ? life.created : life.enqueued;
    e.finished = life.finished;
    e.deadline = life.deadline;
    if (life.firstSent != kNever) e.wait = life.firstSent - e.enqueued;
    if (life.ttft > Duration{0}) e.ttft = life.ttft;
    e.served({life.routerQueue, life.replicaQueue, life.prefill, life.decode, life.promptTokens,
              life.outputTokens});
    const bool sent = life.firstSent != kNever;
    e.attempts = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(life.retries + (sent ? 1 : 0), UINT16_MAX));
    e.status = static_cast<std::int16_t>(life.status);
    e.end = life.end;
    e.code = life.code;
    return e;
}

// What the store has from `from` up to, not including, `to`.
Status StoredRun::Impl::readStretch(PendingFrame& out, Time from, Time to) {
    const Time last = to == kNever ? kNever : to - Duration{1};
    const auto events = reader_->events(run_.id, {.from = from, .to = last, .limit = kEventsRead});
    if (!events) return fail(events.error());
    addGates(out, *events);
    for (const Event& e : *events) {
        BriefEvent brief = BriefEvent::of(e);
        if (e.kind == Kind::fault) {
            out.frame.marks.push_back({e.at, MarkNote::Kind::fault, rowOf(brief, 0, names_).text});
        } else if (e.kind == Kind::parameter) {
            const EventRow row = rowOf(brief, 0, names_);
            out.frame.marks.push_back({e.at, MarkNote::Kind::move,
                                       row.owner.empty() ? row.text : row.owner + ": " + row.text});
        } else if (e.kind == Kind::sent) {
            out.frame.decisions.push_back(e.at);
        }
    }
    const std::size_t rows = std::min(events->size(), kMaxRows);
    out.frame.eventsLeftOut = events->size() - rows;
    for (std::size_t i = events->size() - rows; i < events->size(); ++i) {
        const BriefEvent brief = BriefEvent::of((*events)[i]);
        const auto sequence = static_cast<std::uint64_t>(brief.at.time_since_epoch().count());
        if (worthARow(brief, names_)) out.events.emplace_back(sequence, brief);
    }
    const auto lives = reader_->requests(
        run_.id, {.from = from, .to = last, .limit = static_cast<std::int64_t>(kMaxRows)});
    if (!lives) return fail(lives.error());
    for (const RequestLife& life : *lives)
        out.ended.push_back(endedOf(life));
    // Held to the bounds of a frame.
    PendingFrame bounded = blank(out.frame.progress);
    bounded.append(std::move(out));
    bounded.frame.head = run_.lastWritten;
    out = std::move(bounded);
    return {};
}

// As things stood at the end, as far as the store says.
void StoredRun::Impl::addRows(PendingFrame& out) {
    Frame& frame = out.frame;
    const GaugeSample* last = frame.gauges.empty() ? nullptr : &frame.gauges.back();
    for (std::size_t i = 0; i < layout_.queues.size(); ++i) {
        QueueRow row;
        row.id = layout_.queues[i];
        if (last != nullptr && i < last->queues.size()) {
            row.depth = static_cast<std::int64_t>(last->queues[i].depth);
            row.inFlight = static_cast<std::int64_t>(last->queues[i].inFlight);
        }
        row.arrivalsPerSecond = row.completedPerSecond = kUnknown;
        frame.queues.push_back(std::move(row));
    }
    for (std::size_t g = 0; g < described_.info.gates.size(); ++g) {
        const Event& e = lastRead_[g];
        GateFacts f;
        f.owner = described_.info.gates[g].owner;
        f.type = described_.info.gates[g].type;
        f.terms = described_.gates[g].terms;
        f.source = "as stored";
        f.code = static_cast<ReasonCode>(e.code);
        f.available = e.available;
        f.value = e.value;
        f.threshold = e.threshold;
        f.budget = e.at == Time{} ? 1.0 : e.budget;
        f.age = e.age;
        f.closed = closed_[g];
        f.firstPath = described_.gates[g].firstPath;
        f.fallbackPath = described_.gates[g].fallbackPath;
        GateRow row = rowOf(f);
        if (last != nullptr && g < last->gateTruth.size()) {
            row.truth = static_cast<double>(last->gateTruth[g]);
        }
        frame.gates.push_back(std::move(row));
    }
}

RequestRow StoredRun::Impl::find(const std::string& id) {
    std::uint64_t number = 0;
    std::uint16_t source = 0;
    if (!names_.parseId(id, number, source)) return RequestRow{.id = id};
    const auto lives = reader_->requests(run_.id, {.number = number, .limit = 1});
    if (!lives || lives->empty()) return RequestRow{.id = id};
    const EndedRequest ended = endedOf(lives->front());
    RequestRow row = rowOf(ended, names_);
    const auto events = reader_->events(run_.id, {.request = number, .limit = kEventsRead});
    std::vector<BriefEvent> brief;
    if (events) {
        for (const Event& e : *events) {
            if (ofOneRequest(e.kind)) brief.push_back(BriefEvent::of(e));
        }
    }
    row.stages = stagesOf(brief, &ended, ended.finished);
    return row;
}

ExportAnswer StoredRun::Impl::exported(ExportKind kind) {
    ExportAnswer answer;
    answer.kind = kind;
    switch (kind) {
    case ExportKind::moves:
        answer.files.push_back({"moves.json", toJson(log_).dump(2) + "\n"});
        break;
    case ExportKind::reportJson: {
        const auto report = reader_->report(run_.id);
        if (report) {
            answer.files.push_back({"report.json", report->dump(2) + "\n"});
        } else {
            answer.error = report.error().text();
        }
        break;
    }
    case ExportKind::reportHtml:
        answer.error = fmt::format("the page of a stored run is made by running it again: penstock "
                                   "run --replay {}#{} --html FILE",
                                   store_, run_.id);
        break;
    case ExportKind::documents:
    case ExportKind::helm: {
        const auto scenario = scenarioOf(log_);
        if (!scenario) {
            answer.error = scenario.error().text();
            break;
        }
        return exportPolicy(kind, *scenario, log_.moves);
    }
    }
    return answer;
}

StoredRun::StoredRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoredRun::~StoredRun() {
    Leaving<Impl>::adopt(std::move(impl_));
}

Result<std::unique_ptr<RunView>> StoredRun::open(const std::string& store, RunId run) {
    auto reader = RunReader::open(store);
    if (!reader) return fail(reader.error());
    auto summary = (*reader)->run(run);
    if (!summary) return fail(summary.error());
    auto layout = (*reader)->layout(run);
    if (!layout) return fail(layout.error());
    auto log = readLog(fmt::format("{}#{}", store, run));
    if (!log) return fail(log.error());
    auto impl = std::make_unique<Impl>(std::move(*reader), std::move(*summary), std::move(*layout),
                                       std::move(*log), store);
    impl->begin();
    return std::unique_ptr<RunView>(new StoredRun(std::move(impl)));
}

const RunInfo& StoredRun::info() const {
    return impl_->info();
}
bool StoredRun::take(Frame& frame) {
    return impl_->take(frame);
}
void StoredRun::find(const std::string& requestId) {
    impl_->post(requestId);
}
void StoredRun::ask(ExportKind kind) {
    impl_->post(kind);
}

} // namespace penstock::app
