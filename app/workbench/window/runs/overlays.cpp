// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/overlays.h"

#include "app/workbench/models/text.h"
#include "app/workbench/window/runs/background.h"

namespace penstock::app {
Overlays::Overlays(RunMaker& maker, QObject* parent) : QObject(parent), maker_(maker) {}

Overlays::~Overlays() {
    for (auto& [name, overlay] : all_)
        putAway(std::move(overlay.run));
}

template <class Make>
void Overlays::wish(const QString& name, Make make, Time alignTo) {
    remove(name);
    Overlay& overlay = all_[name];
    overlay.ticket = ++tickets_;
    overlay.series = std::make_shared<RunSeries>();
    Q_EMIT changed(name, overlay.series, 0);
    inBackground(this, std::move(make), [this, name, ticket = overlay.ticket, alignTo](Made made) {
        const auto at = all_.find(name);
        if (at == all_.end() || at->second.ticket != ticket) return;
        if (!made) {
            remove(name);
            Q_EMIT failed(text(made.error().text()));
            return;
        }
        at->second.run = std::move(*made);
        at->second.series->begin(at->second.run->info(), alignTo);
    });
}

void Overlays::begin(const QString& name, RunOrder order, Time alignTo) {
    wish(
        name, [maker = &maker_, order = std::move(order)] { return maker->beside(order); },
        alignTo);
}

void Overlays::open(const QString& name, std::int64_t run, Time alignTo) {
    wish(
        name, [maker = &maker_, run] { return maker->open(run); }, alignTo);
}

// By value: the caller may name it by what is taken away here.
void Overlays::remove(QString name) {
    const auto at = all_.find(name);
    if (at == all_.end()) return;
    putAway(std::move(at->second.run));
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
        // A stored run says how much of it has been told; one that is computed also ends.
        const bool complete = frame.progress >= 1 || frame.status == RunStatus::finished ||
                              frame.status == RunStatus::stopped;
        if (complete) {
            overlay.progress = 1;
            putAway(std::move(overlay.run));
        }
        Q_EMIT changed(name, overlay.series, overlay.progress);
        if (complete) Q_EMIT completed(name);
    }
    for (const QString& name : broken)
        remove(name);
}

} // namespace penstock::app
