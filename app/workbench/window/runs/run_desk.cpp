// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/run_desk.h"

#include "app/workbench/models/text.h"
#include "app/workbench/window/runs/background.h"

#include <QFileInfo>

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::app {
namespace {

constexpr double kFollowableSeconds = 120; // of wall time, for a whole run
constexpr double kFastestToFollow = 50;

} // namespace

const std::vector<double>& RunDesk::speeds() {
    static const std::vector<double> all{0.1, 0.2, 0.5, 1,   2,   5,    10,
                                         20,  50,  100, 200, 500, 1000, 2000};
    return all;
}

double RunDesk::speedFor(const RunInfo& info) {
    if (info.end == kNever) return 10;
    const double wanted =
        std::clamp(toSeconds(info.end - info.start) / kFollowableSeconds, 1.0, kFastestToFollow);
    // The nearest on a logarithmic scale, as the steps are.
    return *std::min_element(speeds().begin(), speeds().end(), [&](double a, double b) {
        return std::abs(std::log(a / wanted)) < std::abs(std::log(b / wanted));
    });
}

RunDesk::RunDesk(RunMaker& maker, QObject* parent) : QObject(parent), maker_(maker) {
    timer_.setTimerType(Qt::PreciseTimer);
    timer_.setInterval(kFrameMs);
    connect(&timer_, &QTimer::timeout, this, &RunDesk::pull);
    timer_.start();
}

RunDesk::~RunDesk() {
    putAway(std::move(run_));
}

template <class Make>
void RunDesk::wish(const QString& name, Make make, RunStart start) {
    const int wish = ++wishes_;
    Q_EMIT making(name);
    inBackground(this, std::move(make), [this, wish, start = std::move(start)](Made made) {
        if (wish != wishes_) return; // a newer one is on its way
        settled_ = wish;
        take(std::move(made), start);
    });
}

void RunDesk::begin(RunOrder order, RunStart start) {
    const QString name = QFileInfo(text(order.scenario)).completeBaseName();
    wish(
        name,
        [maker = &maker_, order = std::move(order)] {
            return Made{maker->make(order), order};
        },
        std::move(start));
}

void RunDesk::replay(const QString& file) {
    wish(QFileInfo(file).fileName(),
         [maker = &maker_, path = file.toStdString()] {
             return Made{maker->replay(path), std::nullopt};
         },
         {});
}

void RunDesk::open(std::int64_t storedRun) {
    const bool ours = hasRun() && info().can.steer && now_.storedAs == storedRun;
    if (ours && !now_.settled) {
        if (ended()) openOnceSettled_ = storedRun;
        return;
    }
    wish(tr("run %1").arg(storedRun),
         [maker = &maker_, storedRun] {
             Made made{maker->open(storedRun), std::nullopt};
             if (auto order = maker->orderOf(storedRun)) made.order = std::move(*order);
             return made;
         },
         {RunStart::Pace::fast, 0, {}});
}

void RunDesk::restart(bool keepMoves, std::optional<std::uint64_t> seed) {
    if (!order_) return;
    RunOrder order = *order_;
    if (seed) order.seed = seed;
    RunStart start;
    start.speed = speed_;
    if (hasRun() && now_.status == RunStatus::running && now_.targetSpeed == 0) {
        start.pace = RunStart::Pace::fast;
    }
    if (keepMoves) start.moves = moved();
    begin(std::move(order), std::move(start));
}

void RunDesk::take(Made made, const RunStart& start) {
    if (!made.run) {
        Q_EMIT failed(text(made.run.error().text()));
        return;
    }
    putAway(std::exchange(run_, std::move(*made.run)));
    order_ = std::move(made.order);
    values_.clear();
    asked_.clear();
    now_ = {};
    openOnceSettled_ = 0;
    now_.head = run_->info().start;
    const double speed = start.speed > 0 ? start.speed : speedFor(run_->info());
    if (speed != speed_) {
        speed_ = speed;
        Q_EMIT speedChanged(speed_);
    }
    Q_EMIT begun(run_->info());
    for (const auto& [path, value] : start.moves)
        run_->send(SetParameter{path, value});
    switch (start.pace) {
    case RunStart::Pace::paused:
        break;
    case RunStart::Pace::paced:
        run_->send(RunPaced{speed_});
        break;
    case RunStart::Pace::fast:
        run_->send(RunFast{});
        break;
    }
}

const RunInfo& RunDesk::info() const {
    static const RunInfo none;
    return run_ ? run_->info() : none;
}

bool RunDesk::ended() const {
    switch (now_.status) {
    case RunStatus::finished:
    case RunStatus::stopped:
    case RunStatus::failed:
    case RunStatus::recovered:
        return hasRun();
    default:
        return false;
    }
}

std::vector<std::pair<std::string, double>> RunDesk::moved() const {
    std::vector<std::pair<std::string, double>> out;
    for (const ParameterRow& row : info().parameters) {
        for (const auto& [path, value] : values_) {
            if (path == row.path && value != row.value) out.emplace_back(path, value);
        }
    }
    return out;
}

void RunDesk::send(const Command& command) {
    if (!run_) return;
    if (const auto* paced = std::get_if<RunPaced>(&command); paced && paced->speed != speed_) {
        speed_ = paced->speed;
        Q_EMIT speedChanged(speed_);
    }
    // As it will be: the next key may come before the next frame, and means the run as it now goes.
    if (now_.status == RunStatus::running || now_.status == RunStatus::paused) {
        if (std::holds_alternative<Pause>(command)) now_.status = RunStatus::paused;
        if (std::holds_alternative<RunPaced>(command) || std::holds_alternative<RunFast>(command) ||
            std::holds_alternative<RunUntil>(command)) {
            now_.status = RunStatus::running;
        }
    }
    run_->send(command);
}

void RunDesk::find(const QString& id) {
    if (run_) run_->find(id.toStdString());
}

void RunDesk::ask(ExportKind kind, Answered answered) {
    if (!run_) return;
    asked_.emplace_back(kind, std::move(answered));
    run_->ask(kind);
}

void RunDesk::toggle() {
    if (running()) {
        send(Pause{});
    } else {
        send(RunPaced{speed_});
    }
}

void RunDesk::setSpeed(double speed) {
    if (!(speed > 0)) return;
    if (running()) {
        send(RunPaced{speed});
    } else if (speed != speed_) {
        speed_ = speed;
        Q_EMIT speedChanged(speed_);
    }
}

void RunDesk::faster() {
    const auto next = std::upper_bound(speeds().begin(), speeds().end(), speed_);
    if (next != speeds().end()) setSpeed(*next);
}

void RunDesk::slower() {
    const auto here = std::lower_bound(speeds().begin(), speeds().end(), speed_);
    if (here != speeds().begin()) setSpeed(*std::prev(here));
}

void RunDesk::pull() {
    Frame frame;
    if (!run_ || !run_->take(frame)) return;
    now_ = frame;
    for (const auto& [path, value] : frame.moved) {
        const auto at = std::find_if(values_.begin(), values_.end(),
                                     [&](const auto& known) { return known.first == path; });
        if (at == values_.end()) {
            values_.emplace_back(path, value);
        } else {
            at->second = value;
        }
    }
    Q_EMIT came(frame);
    for (const ExportAnswer& answer : frame.exported) {
        const auto at = std::find_if(asked_.begin(), asked_.end(),
                                     [&](const auto& a) { return a.first == answer.kind; });
        if (at == asked_.end()) continue;
        const Answered answered = std::move(at->second);
        asked_.erase(at);
        answered(answer);
    }
    if (now_.settled && openOnceSettled_ != 0) open(std::exchange(openOnceSettled_, 0));
}

} // namespace penstock::app
