// SPDX-License-Identifier: Apache-2.0
#include "app/session/view/rows.h"

namespace penstock::app {

const char* outcomeName(Outcome outcome) {
    switch (outcome) {
    case Outcome::waiting:
        return "waiting";
    case Outcome::inFlight:
        return "in flight";
    case Outcome::succeeded:
        return "ok";
    case Outcome::failed:
        return "failed";
    case Outcome::shed:
        return "shed";
    case Outcome::expired:
        return "late";
    case Outcome::cancelled:
        return "cancelled";
    case Outcome::dead:
        return "dead";
    }
    return "";
}

const char* stageName(Stage stage) {
    switch (stage) {
    case Stage::queue:
        return "in queue";
    case Stage::gate:
        return "held by gate";
    case Stage::slot:
        return "waiting for a worker";
    case Stage::routerQueue:
        return "in router queue";
    case Stage::replicaQueue:
        return "waiting on replica";
    case Stage::prefill:
        return "prefill";
    case Stage::decode:
        return "decode";
    case Stage::backoff:
        return "retry backoff";
    }
    return "";
}

const char* eventKindName(EventKind kind) {
    switch (kind) {
    case EventKind::decision:
        return "sent";
    case EventKind::refusal:
        return "refused";
    case EventKind::retry:
        return "retry";
    case EventKind::result:
        return "result";
    case EventKind::gate:
        return "gate";
    case EventKind::parameter:
        return "moved";
    case EventKind::fault:
        return "fault";
    case EventKind::note:
        return "note";
    }
    return "";
}

const char* runStatusName(RunStatus status) {
    switch (status) {
    case RunStatus::running:
        return "running";
    case RunStatus::paused:
        return "paused";
    case RunStatus::finished:
        return "finished";
    case RunStatus::stopped:
        return "stopped";
    case RunStatus::failed:
        return "failed";
    case RunStatus::recovered:
        return "recovered";
    }
    return "";
}

const char* severityName(Severity severity) {
    switch (severity) {
    case Severity::error:
        return "error";
    case Severity::warning:
        return "warning";
    case Severity::info:
        return "note";
    }
    return "";
}

} // namespace penstock::app
