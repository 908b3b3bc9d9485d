// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/runs/log_dock.h"

#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/models/text.h"

#include <QDateTime>
#include <QVBoxLayout>
#include <fmt/format.h>

namespace penstock::app {

LogDock::LogDock(QWidget* parent)
    : RunDock(QStringLiteral("log"), tr("Log"), tr("What the program and the run have said"),
              parent),
      table_(new TableView(tr("Log"), this)) {
    rows_.setSourceModel(&model_);
    filter_ = new FilterBar(rows_, tr("Filter: kind:error"), nullptr, this);
    table_->setModel(&rows_);
    table_->setFollowsEnd(true);
    table_->setColumnWidths({9, 12, 10, 60});
    table_->setEmptyText(tr("Nothing said yet"),
                         tr("Errors with their remedy, moves and faults are noted here."));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(filter_);
    column->addWidget(table_, 1);
}

void LogDock::begin(const RunInfo& info) {
    start_ = info.start;
    begun_ = !info.scenario.empty();
    lastError_.clear();
    status_.reset();
    if (begun_) {
        say(Severity::info, tr("Opened %1, seed %2").arg(text(info.scenario)).arg(info.seed));
    }
}

void LogDock::add(const Frame& frame) {
    std::vector<LogRow> rows;
    const auto note = [&](Time at, Severity severity, std::string words) {
        rows.push_back({0, 0, at - start_, severity, std::move(words)});
    };
    for (const MarkNote& mark : frame.marks) {
        note(mark.at, mark.kind == MarkNote::Kind::fault ? Severity::warning : Severity::info,
             mark.text);
    }
    if (frame.error != lastError_) {
        if (!frame.error.empty()) note(frame.head, Severity::error, frame.error);
        lastError_ = frame.error;
    }
    if (status_ != frame.status) {
        const bool news = frame.status == RunStatus::finished ||
                          frame.status == RunStatus::stopped || frame.status == RunStatus::failed;
        if (news) {
            note(
                frame.head, frame.status == RunStatus::failed ? Severity::error : Severity::info,
                fmt::format("The run has {}{}", runStatusName(frame.status),
                            frame.fingerprint.empty() ? "" : ", fingerprint " + frame.fingerprint));
        }
        status_ = frame.status;
    }
    append(std::move(rows));
}

void LogDock::say(Severity severity, const QString& words) {
    append({{0, 0, std::nullopt, severity, words.toStdString()}});
}

void LogDock::append(std::vector<LogRow> rows) {
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    for (LogRow& row : rows) {
        row.sequence = ++sequence_;
        row.wallUnixMs = now;
    }
    model_.append(rows, LogModel::kMostRows);
}

QByteArray LogDock::viewState() const {
    return table_->columnState();
}

void LogDock::setViewState(const QByteArray& state) {
    table_->setColumnState(state);
}

} // namespace penstock::app
