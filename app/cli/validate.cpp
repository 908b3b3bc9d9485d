// SPDX-License-Identifier: Apache-2.0
// `penstock validate`: the load model against measurements, theory, physics and invariants.
#include "app/cli/commands.h"
#include "app/cli/outputs.h"
#include "app/cli/progress.h"
#include "sim/calibration/plan_reader.h"
#include "sim/scenario/scenario_reader.h"
#include "sim/validation/validation.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <memory>

namespace penstock::app {

namespace {

struct ValidateArguments {
    std::string data = "../shared/data";
    std::string plan;
    std::string profile;
    std::string html;
    std::string json;
    std::vector<std::string> sections;
    double effort = 1.0;
    int threads = 0;
};

int validate(const ValidateArguments& a) {
    const std::string resources = sim::resourceDirectory();
    const std::string planFile = a.plan.empty() ? resources + "/measurements.yaml" : a.plan;
    const auto hardware = sim::Hardware::load(resources);
    if (!hardware) return report(hardware.error(), kBadInput);
    const auto plan = sim::readPlan(planFile, a.data);
    if (!plan) return report(plan.error(), kBadInput);
    const auto measurements = sim::readMeasurements(plan->measurements, *hardware, true);
    if (!measurements) return report(measurements.error(), kBadInput);

    sim::ValidationOptions options;
    // The shipped profile holds the defaults, and what they were fitted to.
    const std::string shipped = resources + "/profiles/h100.yaml";
    std::error_code error;
    const std::string file = !a.profile.empty()                        ? a.profile
                             : std::filesystem::exists(shipped, error) ? shipped
                                                                       : "";
    if (!file.empty()) {
        auto profile = sim::readProfile(file);
        if (!profile) return report(profile.error(), kBadInput);
        options.profile = std::move(*profile);
        options.constants = options.profile.name;
    }
    Outputs outputs;
    outputs.reads(planFile);
    outputs.reads(file);
    for (const sim::MeasurementSpec& spec : plan->measurements)
        outputs.reads(spec.file);
    for (const Status& opened : {outputs.open("--html", a.html), outputs.open("--json", a.json)}) {
        if (!opened) return report(opened.error(), kBadInput);
    }
    options.sections = a.sections;
    options.effort = a.effort;
    options.threads = a.threads;
    sim::Validation validation;
    {
        Progress progress;
        std::uint64_t parts = 0;
        options.progress = [&](double done) { progress.show(done, ++parts, "parts"); };
        validation = sim::validate(*measurements, *hardware, options);
    }
    int failed = kFine;
    for (const Status& wrote : {outputs.write("--html", sim::toHtml(validation)),
                                outputs.write("--json", sim::toJson(validation).dump(2) + "\n")}) {
        if (!wrote) failed = report(wrote.error(), kWorldFailed);
    }
    // What was asked for on standard output stays alone there.
    const std::string text = sim::toMarkdown(validation);
    a.json == "-" || a.html == "-" ? tell(text) : say(text);
    if (failed != kFine) return failed;
    return validation.passed() ? kFine : kExpectationFailed;
}

} // namespace

void addValidate(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "validate",
        "Hold the load model against measurements, theory and physics; exit 1 if it fails.");
    auto a = std::make_shared<ValidateArguments>();
    command
        ->add_option("--data", a->data,
                     "The folder of the measurements; what is not there is skipped")
        ->capture_default_str();
    command->add_option("--plan", a->plan, "Which measurements (resources/measurements.yaml)");
    command->add_option("--profile", a->profile,
                        "Constants to hold up (resources/profiles/h100.yaml)");
    command->add_option("--html", a->html, "Write the page with curves; - for standard output");
    command->add_option("--json", a->json, "Write the checks as JSON; - for standard output");
    command
        ->add_option("--section", a->sections,
                     "Only measured, physics, overload, theory or invariants; repeatable")
        ->allow_extra_args(false)
        ->take_all()
        ->check(CLI::IsMember(std::vector<std::string>(std::begin(sim::kValidationSections),
                                                       std::end(sim::kValidationSections))));
    command
        ->add_option("--effort", a->effort,
                     "Share of the requests of the theory checks, with wider "
                     "bounds")
        ->check(finite())
        ->check(CLI::Range(0.001, 1.0));
    command->add_option("--threads", a->threads, "Threads; 0: one for each core")
        ->check(CLI::Range(0, 1024));
    command->footer("Examples:\n"
                    "  penstock validate --data ../shared/data --html validation.html\n"
                    "  penstock validate --section measured --profile mine.yaml --json -");
    command->callback([a, &code] { code = validate(*a); });
}

} // namespace penstock::app
