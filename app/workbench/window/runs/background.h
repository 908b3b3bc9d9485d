// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Work that reads files or waits for a disk, off the GUI thread: nothing there may block for longer
// than a frame. Values go in, one value comes out.
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

} // namespace penstock::app
