// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Work that reads files or waits for a disk, off the GUI thread: nothing there may block for longer
// than a frame. This is the window's one way to have something done in the background; what can be
// cancelled and has progress is a run, and has a thread of its own (app/session/run).
#include "app/session/view/run_view.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include <memory>
#include <utility>

namespace penstock::app {

// Runs `work` on a pool thread and hands what it returns to `done` on the GUI thread, unless
// `owner` is gone by then. `work` must not touch `owner`. GUI thread only.
template <class Work, class Done>
void inBackground(QObject* owner, Work work, Done done) {
    const QPointer<QObject> guard(owner);
    QThreadPool::globalInstance()->start(
        [guard, work = std::move(work), done = std::move(done)]() mutable {
            auto result = std::make_shared<decltype(work())>(work());
            QMetaObject::invokeMethod(
                qApp,
                [guard, result = std::move(result), done = std::move(done)]() mutable {
                    if (guard) done(std::move(*result));
                },
                Qt::QueuedConnection);
        });
}

// Ends a run and lets it go: its end has to be on disk before it is gone, which is not for the GUI
// thread to wait for. Nothing happens without a run.
inline void putAway(std::unique_ptr<RunView> run) {
    if (!run) return;
    run->send(Stop{});
    std::shared_ptr<RunView> old = std::move(run);
    QThreadPool::globalInstance()->start([old]() mutable { old.reset(); });
}

} // namespace penstock::app
