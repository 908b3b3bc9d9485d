// SPDX-License-Identifier: Apache-2.0
#include "app/session/run/run_export.h"

#include "app/session/replay/run_recording.h"
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"
#include "engine/config/documents/export.h"
#include "engine/config/text/override.h"
#include "engine/record/report/html_report.h"

namespace penstock::app {

namespace {

// As the scenario's reader made it.
Result<Document> treeOf(const sim::Scenario& scenario) {
    auto document = Document::parse(scenario.text, scenario.file, Syntax::yaml);
    if (!document) return document;
    for (const char* part :
         {"engine.transport", "engine.pools", "engine.merge_policy", "engine.transforms"}) {
        if (auto included = includeFile(*document, part); !included) return fail(included.error());
    }
    for (const std::string& assignment : scenario.overrides) {
        if (auto done = applyOverride(*document, assignment); !done) return fail(done.error());
    }
    if (auto whole = completeEngine(*document, "engine"); !whole) return fail(whole.error());
    return document;
}

Result<Exported> policyOf(ExportKind kind, const sim::Scenario& scenario,
                          const ParameterRegistry& turned) {
    auto document = treeOf(scenario);
    if (!document) return fail(document.error());
    if (auto written = writeBack(*document, turned); !written) return fail(written.error());
    const Node* tree = document->root().find("engine");
    if (tree == nullptr) return fail("the scenario has no engine section");
    Problems problems;
    Reader reader(*document, *tree, "engine", problems);
    EngineOptions options;
    options.needAddresses = false;
    const EngineDocument engine = readEngine(reader, options);
    if (auto status = problems.status(); !status) return fail(status.error());
    return kind == ExportKind::helm ? exportHelm(engine, *tree) : exportDocuments(engine, *tree);
}

ExportAnswer answerOf(ExportKind kind, Result<Exported> exported) {
    ExportAnswer answer;
    answer.kind = kind;
    if (!exported) {
        answer.error = exported.error().text();
        return answer;
    }
    for (ExportedFile& file : exported->files) {
        answer.files.push_back({std::move(file.name), std::move(file.text)});
    }
    answer.flags = std::move(exported->flags);
    answer.notes = std::move(exported->notes);
    return answer;
}

} // namespace

ExportAnswer exportPolicy(ExportKind kind, const sim::Scenario& scenario,
                          const std::vector<Move>& moves) {
    SilentWorld silent;
    auto settings = buildSettings(scenario.engine, silent);
    if (!settings) return answerOf(kind, fail(settings.error()));
    ParameterRegistry registry(*settings);
    for (const Move& move : moves) {
        // Pauses, and what this version does not know any more, are no part of a policy.
        (void)registry.set(move.path, move.value);
    }
    return answerOf(kind, policyOf(kind, scenario, registry));
}

ExportAnswer exportRun(ExportKind kind, RunHost& host, const sim::Scenario& scenario,
                       const sim::WorldOptions& options, const std::vector<Move>& moves,
                       double wallSeconds) {
    ExportAnswer answer;
    answer.kind = kind;
    switch (kind) {
    case ExportKind::documents:
    case ExportKind::helm:
        return answerOf(kind, policyOf(kind, scenario, host.engine().parameters()));
    case ExportKind::moves: {
        RunLog log;
        log.scenario = scenario.name;
        log.document = scenario.text;
        log.origin = originOf(scenario, options);
        log.start = host.start();
        log.moves = moves;
        log.fingerprint = host.engine().recorder().fingerprint().text();
        if (!host.done() && (moves.empty() || moves.back().path != kStopMove)) {
            // The log of a run that goes on ends here.
            log.moves.push_back({host.now(), kStopMove, "", host.eventsFired()});
        }
        answer.files.push_back({"moves.json", toJson(log).dump(2) + "\n"});
        return answer;
    }
    case ExportKind::reportJson:
    case ExportKind::reportHtml: {
        const auto report = host.report(wallSeconds);
        if (!report) {
            answer.error = report.error().text();
            return answer;
        }
        if (kind == ExportKind::reportJson) {
            answer.files.push_back({"report.json", toJson(*report).dump(2) + "\n"});
        } else {
            answer.files.push_back(
                {"report.html", toHtml(*report, host.engine().recorder().charts(host.now()))});
        }
        return answer;
    }
    }
    return answer;
}

} // namespace penstock::app
