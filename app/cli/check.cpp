// SPDX-License-Identifier: Apache-2.0
// `penstock check`: is this policy sound, and what is wrong with it before anything runs? Takes a
// scenario, llm-d-async's own documents, or the Helm values of its chart.
#include "app/cli/commands.h"
#include "engine/config/advice/advice.h"
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"
#include "engine/record/report/text_format.h"
#include "sim/scenario/scenario_advice.h"
#include "sim/scenario/scenario_reader.h"
#include "sim/world/world.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

namespace penstock::app {

namespace {

struct CheckArguments {
    std::vector<std::string> files;
    std::vector<std::string> overrides;
    std::string semantics;
    bool parameters = false;
    bool json = false;
};

// What was found so far. As JSON it is one document, whatever the number of files.
class Findings {
  public:
    explicit Findings(bool json) : json_(json) {}

    void add(const std::vector<Finding>& findings) {
        if (json_) {
            for (auto& each : findingsJson(findings))
                all_.push_back(std::move(each));
        } else {
            say(text::printable(findings.empty() ? "no findings\n" : formatFindings(findings)));
        }
        broken_ = broken_ || std::any_of(findings.begin(), findings.end(), [](const Finding& f) {
                      return f.severity == Severity::error;
                  });
    }
    int finish() const {
        if (json_) say(all_.dump(2) + "\n");
        return broken_ ? kExpectationFailed : kFine;
    }

  private:
    bool json_;
    bool broken_ = false;
    nlohmann::ordered_json all_ = nlohmann::ordered_json::array();
};

int checkScenario(const std::string& file, const CheckArguments& arguments, Findings& findings) {
    sim::ScenarioOptions options;
    options.overrides = arguments.overrides;
    if (!arguments.semantics.empty()) options.semantics = arguments.semantics;
    auto scenario = sim::readScenario(file, options);
    if (!scenario) return report(scenario.error(), kBadInput);
    auto world = sim::World::make(std::move(*scenario));
    if (!world) return report(world.error(), kBadInput);
    if (arguments.parameters) say(text::printable(parameterTable((*world)->parameters())));
    const sim::Scenario& s = (*world)->scenario();
    findings.add(sim::adviseWithTraces(s));
    return kFine;
}

int checkDocuments(std::vector<Document> documents, const CheckArguments& arguments,
                   Findings& findings) {
    std::vector<std::string> overrides = arguments.overrides;
    if (!arguments.semantics.empty()) overrides.push_back("semantics=" + arguments.semantics);
    auto engine = readDeployment(std::move(documents), overrides);
    if (!engine) return report(engine.error(), kBadInput);
    if (auto gates = checkGates(*engine); !gates) return report(gates.error(), kBadInput);
    findings.add(advise(*engine));
    return kFine;
}

int check(const CheckArguments& arguments) {
    Findings findings(arguments.json);
    std::vector<Document> documents;
    for (const std::string& file : arguments.files) {
        auto document = Document::load(file, Syntax::detect, {}, Irregular::kept);
        if (!document) return report(document.error(), kBadInput);
        if (recognise(document->root()) == DocumentKind::scenario) {
            if (arguments.files.size() > 1 && !arguments.json) say(text::printable(file) + "\n");
            if (const int code = checkScenario(file, arguments, findings); code != kFine) {
                return code;
            }
        } else {
            documents.push_back(std::move(*document));
        }
    }
    if (!documents.empty()) {
        const int code = checkDocuments(std::move(documents), arguments, findings);
        if (code != kFine) return code;
    }
    return findings.finish();
}

} // namespace

void addCheck(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "check", "Advice on a policy before it runs: what can never close, what comes too late.");
    auto arguments = std::make_shared<CheckArguments>();
    command
        ->add_option("files", arguments->files,
                     "Scenarios; or llm-d-async's transport, pool, merge-policy and transform "
                     "documents; or the Helm values of its chart")
        ->required();
    addSet(*command, arguments->overrides, "a value");
    command
        ->add_option("--semantics", arguments->semantics,
                     fmt::format("Whose behaviour: {}", fmt::join(Semantics::names(), ", ")))
        ->check(notEmpty());
    command->add_flag("--parameters", arguments->parameters,
                      "List every parameter that can be moved during a run (scenarios)");
    command->add_flag("--json", arguments->json, "Findings as JSON");
    command->footer("Examples:\n"
                    "  penstock check scenarios/floor-of-the-poll.yaml\n"
                    "  penstock check transport.json pools.json --semantics llm-d-async-0.9\n"
                    "  penstock check values.yaml\n"
                    "Exit codes: 0 no finding of severity error; 1 one; 2 bad input.");
    command->callback([arguments, &code] { code = check(*arguments); });
}

} // namespace penstock::app
