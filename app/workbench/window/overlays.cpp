// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/overlays.h"

#include "app/workbench/models/text.h"
#include "app/workbench/window/background.h"

#include <algorithm>

namespace penstock::app {
namespace {

// Of wall time for a whole run, if the machine can do it: a run samples itself more finely the
// slower it goes, and a curve of a few thousand points is as fine as a screen.
constexpr double kSeconds = 4;

} // namespace

Overlays::Overlays(RunMaker& maker, QObject* parent) : QObject(parent), maker_(maker) {}

Overlays::~Overlays() {
    for (auto& [name, overlay] : all_)
        putAway(overlay);
}

void Overlays::putAway(Overlay& overlay) {
    if (!overlay.run) return;
    std::shared_ptr<RunView> old = std::move(overlay.run);
    old->send(Stop{});
    QThreadPool::globalInstance()->start([old]() mutable { old.reset(); });
}

template <class Make>
void Overlays::wish(const QString& name, Make make,
                    std::vector<std::pair<std::string, double>> moves, Time alignTo) {
    remove(name);
    Overlay& overlay = all_[name];
    overlay.ticket = ++tickets_;
    overlay.series = std::make_shared<RunSeries>();
    Q_EMIT changed(name, overlay.series, 0);
    inBackground(this, std::move(make),
                 [this, name, ticket = overlay.ticket, moves = std::move(moves),
                  alignTo](Made made) {
                     const auto at = all_.find(name);
                     if (at == all_.end() || at->second.ticket != ticket) return;
                     if (!made) {
                         remove(name);
                         Q_EMIT failed(text(made.error().text()));
                         return;
                     }
                     Overlay& mine = at->second;
                     mine.run = std::move(*made);
                     const RunInfo& info = mine.run->info();
                     mine.series->begin(info, alignTo);
                     for (const auto& [path, value] : moves)
                         mine.run->send(SetParameter{path, value});
                     if (info.end == kNever) {
                         mine.run->send(RunFast{});
                     } else {
                         mine.run->send(
                             RunPaced{std::max(1.0, toSeconds(info.end - info.start) / kSeconds)});
                     }
                 });
}

void Overlays::begin(const QString& name, RunOrder order,
                     std::vector<std::pair<std::string, double>> moves, Time alignTo) {
    order.recorded = false;
    wish(
        name, [maker = &maker_, order = std::move(order)] { return maker->make(order); },
        std::move(moves), alignTo);
}

void Overlays::open(const QString& name, std::int64_t run, Time alignTo) {
    wish(
        name, [maker = &maker_, run] { return maker->open(run); }, {}, alignTo);
}

void Overlays::remove(const QString& name) {
    const auto at = all_.find(name);
    if (at == all_.end()) return;
    putAway(at->second);
    all_.erase(at);
    Q_EMIT changed(name, nullptr, 0);
}

void Overlays::clear() {
    while (!all_.empty())
        remove(all_.begin()->first);
}

void Overlays::pull() {
    QStringList broken;
    for (auto& [name, overlay] : all_) {
        Frame frame;
        if (!overlay.run || !overlay.run->take(frame)) continue;
        overlay.series->add(frame);
        overlay.progress = frame.progress;
        if (frame.status == RunStatus::failed) {
            broken << name;
            Q_EMIT failed(tr("%1: %2").arg(name, text(frame.error)));
            continue;
        }
        const bool complete =
            frame.status == RunStatus::finished || frame.status == RunStatus::stopped ||
            frame.status == RunStatus::recovered;
        if (complete) {
            overlay.progress = 1;
            putAway(overlay);
        }
        Q_EMIT changed(name, overlay.series, overlay.progress);
    }
    for (const QString& name : broken)
        remove(name);
}

} // namespace penstock::app
