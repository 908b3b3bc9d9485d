// SPDX-License-Identifier: Apache-2.0
#include "app/session/replay/run_recording.h"

#include <filesystem>
#include <system_error>

namespace penstock::app {

RunOrigin originOf(const sim::Scenario& scenario, const sim::WorldOptions& options) {
    RunOrigin origin;
    // Paths in it are relative to its folder, wherever the replay is begun.
    std::error_code error;
    const auto whole = std::filesystem::absolute(scenario.file, error);
    origin.file =
        error || scenario.file.empty() ? scenario.file : whole.lexically_normal().string();
    origin.overrides = scenario.overrides;
    origin.seed = scenario.seed;
    origin.perfectGate = options.perfectGate;
    origin.poissonControl = options.poissonControl;
    origin.horizon = scenario.horizon;
    return origin;
}

Result<std::unique_ptr<RunRecording>>
RunRecording::begin(const std::string& file, RunHost& host, const sim::Scenario& scenario,
                    const sim::WorldOptions& options, const std::string& tags,
                    const std::string& note, const StoreOptions& storing) {
    std::unique_ptr<RunRecording> recording(new RunRecording);
    auto store = RunStore::open(file, storing);
    if (!store) return fail(store.error());
    recording->store_ = std::move(*store);
    RunHeader header = headerFor(host.engine().recorder().setup());
    header.scenario = scenario.name;
    header.document = scenario.text;
    header.origin = toJson(originOf(scenario, options)).dump();
    header.seed = scenario.seed;
    header.semantics = scenario.engine.semantics.name;
    header.start = host.start();
    header.tags = tags;
    header.note = note;
    auto writer = recording->store_->begin(header);
    if (!writer) return fail(writer.error());
    recording->writer_ = std::move(*writer);
    recording->feed_ =
        std::make_unique<StoreFeed>(host.engine().recorder().setup(), *recording->writer_);
    host.engine().recorder().addSink(*recording->feed_);
    return recording;
}

void RunRecording::checkpoint(const Report& report, const RunHost& host) {
    auto json = toJson(report);
    json["checkpoint"] = {{"t_ns", host.now().time_since_epoch().count()},
                          {"event", host.eventsFired()}};
    writer_->checkpoint(json);
}

Status RunRecording::finish(const Report& report) {
    return writer_->finish(toJson(report), report.fingerprint);
}

} // namespace penstock::app
