// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/rows.h"

namespace penstock::app {

QString outcomeName(Outcome outcome) {
    switch (outcome) {
    case Outcome::waiting:
        return QStringLiteral("waiting");
    case Outcome::inFlight:
        return QStringLiteral("in flight");
    case Outcome::succeeded:
        return QStringLiteral("ok");
    case Outcome::failed:
        return QStringLiteral("failed");
    case Outcome::shed:
        return QStringLiteral("shed");
    case Outcome::expired:
        return QStringLiteral("late");
    case Outcome::cancelled:
        return QStringLiteral("cancelled");
    case Outcome::dead:
        return QStringLiteral("dead");
    }
    return {};
}

QString stageName(Stage stage) {
    switch (stage) {
    case Stage::queue:
        return QStringLiteral("in queue");
    case Stage::gate:
        return QStringLiteral("held by gate");
    case Stage::slot:
        return QStringLiteral("waiting for a worker");
    case Stage::routerQueue:
        return QStringLiteral("in router queue");
    case Stage::replicaQueue:
        return QStringLiteral("waiting on replica");
    case Stage::prefill:
        return QStringLiteral("prefill");
    case Stage::decode:
        return QStringLiteral("decode");
    case Stage::backoff:
        return QStringLiteral("retry backoff");
    }
    return {};
}

QString eventKindName(EventKind kind) {
    switch (kind) {
    case EventKind::decision:
        return QStringLiteral("sent");
    case EventKind::refusal:
        return QStringLiteral("refused");
    case EventKind::retry:
        return QStringLiteral("retry");
    case EventKind::result:
        return QStringLiteral("result");
    case EventKind::gate:
        return QStringLiteral("gate");
    case EventKind::parameter:
        return QStringLiteral("moved");
    case EventKind::fault:
        return QStringLiteral("fault");
    case EventKind::note:
        return QStringLiteral("note");
    }
    return {};
}

QString runStatusName(RunStatus status) {
    switch (status) {
    case RunStatus::running:
        return QStringLiteral("running");
    case RunStatus::paused:
        return QStringLiteral("paused");
    case RunStatus::finished:
        return QStringLiteral("finished");
    case RunStatus::stopped:
        return QStringLiteral("stopped");
    case RunStatus::failed:
        return QStringLiteral("failed");
    case RunStatus::recovered:
        return QStringLiteral("recovered");
    }
    return {};
}

QString severityName(Severity severity) {
    switch (severity) {
    case Severity::error:
        return QStringLiteral("error");
    case Severity::warning:
        return QStringLiteral("warning");
    case Severity::info:
        return QStringLiteral("note");
    }
    return {};
}

} // namespace penstock::app
