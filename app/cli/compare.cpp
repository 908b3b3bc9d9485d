// SPDX-License-Identifier: Apache-2.0
// `penstock compare`: two runs side by side, with differences that exceed the noise marked.
#include "engine/record/report/compare.h"

#include "app/cli/commands.h"
#include "engine/config/text/input_text.h"
#include "engine/record/report/json_text.h"
#include "engine/record/report/text_format.h"
#include "engine/record/store/run_name.h"
#include "engine/record/store/run_reader.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace penstock::app {

namespace {

constexpr std::size_t kMostReportBytes = 256U << 20;

// A report: a JSON file, or STORE#RUN (or STORE, its latest run).
Result<Json> load(const std::string& name) {
    if (name.ends_with(".json")) {
        const auto text = readText(name, kMostReportBytes);
        if (!text) return fail(text.error());
        auto json = reportFrom(*text);
        if (!json) return fail(Error{"is " + json.error().message, name});
        return json;
    }
    const auto named = runName(name);
    if (!named) return fail(named.error());
    auto reader = RunReader::open(named->file);
    if (!reader) return fail(reader.error());
    const auto run = named->run ? Result<RunId>(*named->run) : (*reader)->latest();
    if (!run) return fail(run.error());
    return (*reader)->report(*run);
}

int compareRuns(const std::string& a, const std::string& b,
                const std::vector<std::string>& replications, bool all) {
    const auto left = load(a);
    if (!left) return report(left.error(), kBadInput);
    const auto right = load(b);
    if (!right) return report(right.error(), kBadInput);
    Noise noise;
    if (!replications.empty()) {
        std::vector<Json> runs{*left};
        for (const std::string& name : replications) {
            auto run = load(name);
            if (!run) return report(run.error(), kBadInput);
            runs.push_back(std::move(*run));
        }
        noise = noiseOf(runs);
    }
    say(text::printable(
        fmt::format("A  {}\nB  {}\n{}", a, b, toText(compare(*left, *right, noise), all))));
    return kFine;
}

} // namespace

void addCompare(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "compare", "Two runs side by side; differences beyond the noise are marked.");
    auto a = std::make_shared<std::string>();
    auto b = std::make_shared<std::string>();
    auto replications = std::make_shared<std::vector<std::string>>();
    auto all = std::make_shared<bool>(false);
    command->add_option("a", *a, "A report (.json), or STORE#RUN")->required();
    command->add_option("b", *b, "Another")->required();
    command
        ->add_option(
            "--replication", *replications,
            "Another run like A under another seed: the noise is taken from these; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_flag("--all", *all, "Also what is equal");
    command->footer("Examples:\n"
                    "  penstock compare base.json lower-threshold.json\n"
                    "  penstock compare runs.db#41 runs.db#42 --replication runs.db#43");
    command->callback([=, &code] { code = compareRuns(*a, *b, *replications, *all); });
}

} // namespace penstock::app
