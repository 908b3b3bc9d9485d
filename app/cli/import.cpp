// SPDX-License-Identifier: Apache-2.0
// `penstock import`: what is in a recorded trace, and the same as normalised traffic.
#include "app/cli/commands.h"
#include "app/cli/run_options.h"
#include "engine/config/text/document.h"
#include "engine/config/text/reader.h"
#include "engine/config/text/wording.h"
#include "engine/record/report/text_format.h"
#include "sim/scenario/traffic_reader.h"
#include "sim/traffic/spec/spec.h"
#include "sim/traffic/spec/trace_spec.h"
#include "sim/traffic/statistics/statistics.h"
#include "sim/traffic/statistics/writer.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace penstock::app {

namespace {

struct ImportArguments {
    std::string format;
    std::string file;
    std::vector<std::string> columns;
    std::string timeUnit;
    std::vector<std::string> transforms;
    std::string seed = "1";
    std::string output;
    std::string form;
    bool json = false;
};

Status readFormat(const std::string& name, sim::TraceFormat& format) {
    if (sim::parseTraceFormat(name, format)) return {};
    std::string known;
    for (int i = 0; i < sim::kTraceFormats; ++i) {
        known += (i > 0 ? ", " : "") +
                 std::string(sim::traceFormatName(static_cast<sim::TraceFormat>(i)));
    }
    return fail(
        Error{fmt::format("{} is not a trace format; known: {}", quoteForError(name), known)});
}

Status readColumns(const ImportArguments& a, sim::ColumnMap& columns) {
    for (const std::string& text : a.columns) {
        const std::string given = fmt::format("--column {}", quoteForError(text));
        const auto equals = text.find('=');
        if (equals == std::string::npos) {
            return fail(given + ": expected OURS=THEIRS, for instance time=arrived_at");
        }
        const std::string ours = text.substr(0, equals);
        if (const std::string why = sim::unknownColumn(ours); !why.empty()) {
            return fail(given + ": " + why);
        }
        if (!columns.names.emplace(ours, text.substr(equals + 1)).second) {
            return fail(fmt::format("{}: \"{}\" is mapped twice; keep one", given, ours));
        }
    }
    if (a.timeUnit.empty()) return {};
    const auto unit = parseDuration(a.timeUnit);
    if (!unit || *unit <= Duration{0}) {
        return fail(fmt::format("--time-unit {}: expected a duration above 0, for instance 1ms",
                                quoteForError(a.timeUnit)));
    }
    columns.timeUnitSeconds = toSeconds(*unit);
    return {};
}

// Each is what an element of `transforms` in a scenario is, in YAML's flow form.
Status readTransforms(const ImportArguments& a, std::vector<sim::Transform>& transforms) {
    for (const std::string& text : a.transforms) {
        const auto document = Document::parse(text, "--transform", Syntax::yaml);
        if (!document) return fail(document.error());
        Problems problems;
        if (document->root().kind != Node::Kind::map) {
            return fail(fmt::format("--transform {}: expected a mapping, for instance "
                                    "{{dither: {{grid: 3s}}}}",
                                    quoteForError(text)));
        }
        Reader reader = Reader::root(*document, problems);
        transforms.push_back(sim::readTransform(reader));
        reader.finish();
        if (Status status = problems.status(); !status) return status;
    }
    return {};
}

// The form that was asked for, or that the file's name stands for.
Result<sim::TrafficFile> readForm(const ImportArguments& a) {
    std::string form = a.form;
    if (form.empty() && a.output == "-") form = "jsonl";
    if (form.empty()) {
        std::filesystem::path name(a.output);
        if (name.extension() == ".gz") name.replace_extension();
        form = name.extension().string();
        if (!form.empty()) form.erase(0, 1);
    }
    if (form == "csv") return sim::TrafficFile::csv;
    if (form == "jsonl") return sim::TrafficFile::jsonl;
    if (form == "blis" && !a.form.empty()) return sim::TrafficFile::blis;
    return fail(
        Error{"its name says no form of traffic; call it .csv, .jsonl, .csv.gz or .jsonl.gz, or "
              "say --to csv, --to jsonl or --to blis",
              a.output});
}

int import(const ImportArguments& a) {
    sim::TraceSource source;
    source.path = a.file;
    for (const Status& status :
         {readFormat(a.format, source.format), readColumns(a, source.columns),
          readTransforms(a, source.transforms), sim::validate(source)}) {
        if (!status) return report(status.error(), kBadInput);
    }
    if (a.output.empty() && !a.form.empty()) {
        return report(Error{"--to says how to write, but not where; name a file with --output"},
                      kBadInput);
    }
    const auto seed = seedOf(a.seed);
    if (!seed) return report(seed.error(), kBadInput);
    Result<sim::TraceStatistics> statistics = fail("");
    if (a.output.empty()) {
        statistics = sim::readStatistics(source, "", *seed);
    } else {
        const auto form = readForm(a);
        if (!form) return report(form.error(), kBadInput);
        statistics = sim::writeTraffic(source, "", a.output, *form, *seed);
    }
    if (!statistics) return report(statistics.error(), kBadInput);
    // What was asked for on standard output stays alone there.
    const std::string text =
        a.json ? statistics->json().dump(2) + "\n" : text::printable(statistics->text());
    a.output == "-" ? tell(text) : say(text);
    return kFine;
}

} // namespace

void addImport(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "import",
        "Read a recorded trace: its statistics, what was dropped, and normalised traffic.");
    auto a = std::make_shared<ImportArguments>();
    command
        ->add_option("format", a->format,
                     "auto, azure, burstgpt, mooncake, servegen, servegen_offline, ragpulse, "
                     "qwen_bailian, openai_batch, llmd_async, blis, csv or jsonl")
        ->required();
    command
        ->add_option("file", a->file,
                     "The trace, plain or .gz; for servegen also a folder of clients")
        ->required();
    command
        ->add_option("--column", a->columns,
                     "csv and jsonl: OURS=THEIRS, the column or key THEIRS holds OURS (time, "
                     "prompt_tokens, output_tokens...); time= if there are no times; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--time-unit", a->timeUnit, "csv and jsonl: of numeric times (1s)");
    command
        ->add_option(
            "--transform", a->transforms,
            "As in a scenario: '{dither: {grid: 3s}}', '{slice: {to: 1h}}'; repeatable, in "
            "this order")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--seed", a->seed, "Of what transforms and ServeGen draw")
        ->capture_default_str()
        ->check(notEmpty());
    command
        ->add_option("-o,--output", a->output,
                     "Write the requests, which scenarios read; gzip if it ends in .gz; - for "
                     "standard output")
        ->check(notEmpty());
    command
        ->add_option(
            "--to", a->form,
            "csv, jsonl, or blis (TraceV2: the file named, its header beside it as .yaml); "
            "by the file's name if not given")
        ->check(CLI::IsMember({"csv", "jsonl", "blis"}));
    command->add_flag("--json", a->json, "Statistics as JSON");
    command->footer(
        "Examples:\n"
        "  penstock import azure AzureLLMInferenceTrace_code.csv.gz\n"
        "  penstock import mooncake trace.jsonl --transform '{dither: {}}' -o traffic.jsonl\n"
        "  penstock import csv log.csv --column time=ts --column prompt_tokens=in "
        "--time-unit 1ms\n"
        "  penstock import auto traffic.jsonl --to blis -o trace.csv");
    command->callback([a, &code] { code = import(*a); });
}

} // namespace penstock::app
