// SPDX-License-Identifier: Apache-2.0
// `penstock import`: what is in a recorded trace, and the same as normalised traffic.
#include "app/cli/commands.h"
#include "sim/traffic/statistics.h"
#include "sim/traffic/trace_spec.h"
#include "sim/traffic/writer.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace penstock::app {

namespace {

struct ImportArguments {
    std::string format;
    std::string file;
    std::string output;
    bool json = false;
};

sim::TrafficFile formOf(const std::string& output) {
    return output.ends_with(".csv") ? sim::TrafficFile::csv : sim::TrafficFile::jsonl;
}

int import(const ImportArguments& arguments) {
    sim::TraceSource source;
    source.path = arguments.file;
    if (!sim::parseTraceFormat(arguments.format, source.format)) {
        std::string known;
        for (int i = 0; i < sim::kTraceFormats; ++i) {
            known += (i > 0 ? ", " : "") +
                     std::string(sim::traceFormatName(static_cast<sim::TraceFormat>(i)));
        }
        return report(Error{fmt::format("\"{}\" is not a trace format; known: {}",
                                        arguments.format, known)},
                      kBadInput);
    }
    const auto statistics =
        arguments.output.empty()
            ? sim::readStatistics(source)
            : sim::writeTraffic(source, "", arguments.output, formOf(arguments.output));
    if (!statistics) return report(statistics.error(), kBadInput);
    // What was asked for on standard output stays alone there.
    std::FILE* to = arguments.output == "-" ? stderr : stdout;
    if (arguments.json) {
        fmt::print(to, "{}\n", statistics->json().dump(2));
    } else {
        fmt::print(to, "{}", statistics->text());
    }
    return kFine;
}

} // namespace

void addImport(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "import", "Read a recorded trace: its statistics, what was dropped, and normalised traffic.");
    auto arguments = std::make_shared<ImportArguments>();
    command
        ->add_option("format", arguments->format,
                     "auto, azure, burstgpt, mooncake, servegen, servegen_offline, ragpulse, "
                     "qwen_bailian, openai_batch, llmd_async, blis, csv or jsonl")
        ->required();
    command->add_option("file", arguments->file, "The trace, plain or .gz")->required();
    command->add_option("-o,--output", arguments->output,
                        "Write the rows as .csv or .jsonl, which scenarios read; - for standard output");
    command->add_flag("--json", arguments->json, "Statistics as JSON");
    command->footer("Examples:\n"
                    "  penstock import azure AzureLLMInferenceTrace_code.csv.gz\n"
                    "  penstock import mooncake trace.jsonl --output traffic.jsonl");
    command->callback([arguments, &code] { code = import(*arguments); });
}

} // namespace penstock::app
