// SPDX-License-Identifier: Apache-2.0
// `penstock calibrate`: the constants of the step-time law from measurements of real model servers.
#include "app/cli/commands.h"
#include "app/cli/outputs.h"
#include "app/cli/progress.h"
#include "engine/record/report/text_format.h"
#include "sim/calibration/fit_report.h"
#include "sim/calibration/plan_reader.h"
#include "sim/scenario/scenario_reader.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <memory>

namespace penstock::app {

namespace {

struct CalibrateArguments {
    std::vector<std::string> files;
    std::string plan;
    std::string data;
    std::vector<std::string> replica, where, columns, client, groups, bounds, parameters;
    std::string start;
    std::string profile, name, about;
    std::string json;
    bool noCrossValidation = false;
    bool noA0 = false;
    bool rows = false;
    int starts = 3;
    int threads = 0;
};

using Pair = std::pair<std::string, std::string>;

Result<Pair> splitPair(const std::string& option, const std::string& text, const char* example) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        return fail(Error{fmt::format("{} {}: expected {}", option, quoteForError(text), example)});
    }
    return Pair{text.substr(0, equals), text.substr(equals + 1)};
}

Result<double> numberOf(const std::string& option, const std::string& text, double least,
                        double most) {
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= least) ||
        value > most) {
        return fail(Error{fmt::format("{}: {} is not a number from {} to {}", option,
                                      quoteForError(text), least, most)});
    }
    return value;
}

Status readClient(const CalibrateArguments& a, sim::MeasurementSpec& spec) {
    for (const std::string& text : a.client) {
        const auto pair = splitPair("--client", text, "KEY=VALUE, for instance in_flight_max=440");
        if (!pair) return fail(pair.error());
        if (pair->first == "start") {
            spec.startTogether = pair->second == "together";
            if (spec.startTogether || pair->second == "spread") continue;
            return fail(Error{fmt::format("--client start={}: expected together or spread",
                                          quoteForError(pair->second))});
        }
        const auto value = numberOf("--client " + pair->first, pair->second, 1, 1e9);
        if (!value) return fail(value.error());
        if (pair->first == "seconds") {
            spec.seconds = *value;
        } else if (pair->first == "in_flight_max") {
            spec.inFlightMax = static_cast<std::int64_t>(*value);
        } else if (pair->first == "distinct_prompts") {
            spec.distinctPrompts = static_cast<std::int64_t>(*value);
        } else if (pair->first == "rounds") {
            spec.rounds = static_cast<std::int32_t>(std::min(*value, 1000.0));
        } else {
            return fail(Error{fmt::format("--client {}: known are seconds, in_flight_max, "
                                          "distinct_prompts, rounds, start",
                                          pair->first)});
        }
    }
    return {};
}

// A file named on the command line, described by the options that apply to all of them.
Result<sim::MeasurementSpec> specOf(const CalibrateArguments& a, const std::string& file) {
    sim::MeasurementSpec spec;
    spec.file = file;
    spec.name = std::filesystem::path(file).filename().string();
    spec.groupBy = a.groups;
    for (const std::string& text : a.replica) {
        const auto pair = splitPair("--replica", text, "KEY=VALUE, for instance gpu=H100");
        if (!pair) return fail(pair.error());
        if (spec.replica.root().find(pair->first) != nullptr) {
            return fail(Error{fmt::format("--replica {}: {} is given twice; keep one",
                                          quoteForError(text), pair->first)});
        }
        Node value;
        value.kind = Node::Kind::scalar;
        value.text = pair->second;
        value.at.source = spec.replica.addSource({"--replica " + text, true, false});
        spec.replica.root().members.push_back({pair->first, value.at, value});
    }
    for (const std::string& text : a.where) {
        const auto pair = splitPair("--where", text, "COLUMN=VALUE, for instance variant=vllm");
        if (!pair) return fail(pair.error());
        spec.where.insert(*pair);
    }
    for (const std::string& text : a.columns) {
        const auto pair = splitPair("--column", text, "OURS=THEIRS, for instance ttft_ms=first_ms");
        if (!pair) return fail(pair.error());
        spec.columns.insert(*pair);
    }
    if (auto ok = readClient(a, spec); !ok) return fail(ok.error());
    return spec;
}

Status readBounds(const CalibrateArguments& a, std::vector<sim::Bound>& bounds) {
    for (const std::string& text : a.bounds) {
        const auto pair =
            splitPair("--bound", text, "PARAMETER=LEAST:MOST, for instance e_w=0.7:0.87");
        if (!pair) return fail(pair.error());
        const auto* parameter = sim::findFitParameter(pair->first);
        const auto colon = pair->second.find(':');
        if (parameter == nullptr || colon == std::string::npos) {
            return fail(
                Error{fmt::format("--bound {}: expected PARAMETER=LEAST:MOST with a parameter "
                                  "of the step-time law, for instance e_w=0.7:0.87",
                                  quoteForError(text))});
        }
        const auto least = numberOf("--bound " + pair->first, pair->second.substr(0, colon),
                                    parameter->least, parameter->most);
        if (!least) return fail(least.error());
        const auto most = numberOf("--bound " + pair->first, pair->second.substr(colon + 1), *least,
                                   parameter->most);
        if (!most) return fail(most.error());
        bounds.push_back({pair->first, *least, *most});
    }
    return {};
}

int calibrate(const CalibrateArguments& a) {
    const auto hardware = sim::Hardware::load(sim::resourceDirectory());
    if (!hardware) return report(hardware.error(), kBadInput);
    if (a.files.empty() && a.plan.empty()) {
        return report(Error{"nothing to fit to: name a measured file, or a --plan"}, kBadInput);
    }
    sim::FitOptions options;
    sim::Candidate start;
    std::vector<sim::MeasurementSpec> specs;
    if (!a.plan.empty()) {
        auto plan = sim::readPlan(a.plan, a.data);
        if (!plan) return report(plan.error(), kBadInput);
        specs = std::move(plan->measurements);
        options.bounds = std::move(plan->bounds);
        start.constants = plan->start;
    }
    for (const std::string& file : a.files) {
        auto spec = specOf(a, file);
        if (!spec) return report(spec.error(), kBadInput);
        specs.push_back(std::move(*spec));
    }
    if (auto ok = readBounds(a, options.bounds); !ok) return report(ok.error(), kBadInput);
    Outputs outputs;
    for (const std::string& input : {a.plan, a.start})
        outputs.reads(input);
    for (const sim::MeasurementSpec& spec : specs) {
        outputs.reads(spec.file);
        outputs.reads(spec.series);
    }
    for (const Status& opened :
         {outputs.open("--profile", a.profile), outputs.open("--json", a.json)}) {
        if (!opened) return report(opened.error(), kBadInput);
    }
    const auto measurements = sim::readMeasurements(specs, *hardware, false);
    if (!measurements) return report(measurements.error(), kBadInput);

    if (!a.start.empty()) {
        const auto profile = sim::readProfile(a.start);
        if (!profile) return report(profile.error(), kBadInput);
        start.constants = profile->constants;
    }
    options.parameters = a.parameters;
    options.fitA0 = !a.noA0;
    options.starts = a.starts;
    options.threads = a.threads;
    Result<sim::Fit> fit = fail("");
    {
        Progress progress;
        options.progress = [&](std::size_t done, std::size_t most) {
            progress.show(static_cast<double>(done) / static_cast<double>(most), done,
                          "experiments");
        };
        fit = sim::fit(*measurements, start, options);
    }
    if (!fit) return report(fit.error(), kBadInput);
    sim::Calibration calibration{&*measurements, &*fit, {}};
    if (!a.noCrossValidation) {
        Progress progress;
        options.progress = [&](std::size_t done, std::size_t most) {
            progress.show(static_cast<double>(done) / static_cast<double>(most), done,
                          "experiments of the cross-validation");
        };
        auto heldOut = sim::crossValidate(*measurements, start, *fit, options);
        if (!heldOut) return report(heldOut.error(), kBadInput);
        calibration.heldOut = std::move(*heldOut);
    }
    int failed = kFine;
    if (!a.profile.empty()) {
        const std::string name =
            !a.name.empty() ? a.name : std::filesystem::path(a.profile).stem().string();
        const auto text = sim::toYaml(sim::toProfile(calibration, name, a.about));
        if (auto wrote = outputs.write("--profile", text); !wrote) {
            failed = report(wrote.error(), kWorldFailed);
        }
    }
    if (auto wrote = outputs.write("--json", sim::toJson(calibration).dump(2) + "\n"); !wrote) {
        failed = report(wrote.error(), kWorldFailed);
    }
    // What was asked for on standard output stays alone there.
    const std::string text = text::printable(sim::toText(calibration, a.rows));
    a.json == "-" || a.profile == "-" ? tell(text) : say(text);
    return failed;
}

} // namespace

void addCalibrate(CLI::App& app, int& code) {
    auto* command = app.add_subcommand(
        "calibrate",
        "Fit the step-time law to measurements of real model servers; write a profile.");
    auto a = std::make_shared<CalibrateArguments>();
    command->add_option("measured", a->files, "Measured files, .csv or .jsonl, plain or .gz");
    command->add_option("--plan", a->plan,
                        "A list of measured files with what they were taken from");
    command->add_option("--data", a->data, "The folder that the paths of the plan begin in");
    const auto list = [&](const char* name, std::vector<std::string>& into, const char* help) {
        command->add_option(name, into, help)->allow_extra_args(false)->take_all();
    };
    list("--replica", a->replica,
         "KEY=VALUE of the server, as in pool.replicas[]: gpu, model, tp, "
         "max_num_seqs, kv_blocks …; repeatable");
    list("--where", a->where, "COLUMN=VALUE: only rows with that cell; repeatable");
    list("--column", a->columns, "OURS=THEIRS: a column under another name; repeatable");
    list("--client", a->client,
         "KEY=VALUE of the client: seconds, in_flight_max, distinct_prompts; of a "
         "closed loop rounds, start=together|spread; repeatable");
    list("--group", a->groups, "A column whose values are left out in turn; repeatable");
    command->add_option("--fit", a->parameters, "Only these parameters, separated by commas")
        ->delimiter(',');
    list("--bound", a->bounds, "PARAMETER=LEAST:MOST, narrower than physics; repeatable");
    command->add_flag("--no-a0", a->noA0, "Keep a0 as it is given");
    command->add_option("--start", a->start,
                        "A profile to start from, and to stay near (the plan's start)");
    command->add_option("--starts", a->starts, "Searches from so many points")
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
    command->add_flag("--no-cross-validation", a->noCrossValidation,
                      "Only fit: quicker, and says nothing about rows it has not seen");
    command->add_flag("--rows", a->rows, "Print every row with its residuals");
    command->add_option("--profile", a->profile,
                        "Write a profile that pool.replicas[].profile names");
    command->add_option("--name", a->name, "The profile's name");
    command->add_option("--about", a->about, "A sentence for the profile");
    command->add_option("--json", a->json, "Write everything as JSON; - for standard output");
    command->add_option("--threads", a->threads, "Threads; 0: one for each core")
        ->check(CLI::Range(0, 1024));
    command->footer(
        "A file's columns say what was measured (other names: --column):\n"
        "  load stages  offered_rps, prompt_tokens, output_tokens, and at least one of "
        "completed_rps,\n"
        "               ttft_ms, tpot_ms, e2e_ms (means); in_flight_max, distinct_prompts, "
        "seconds\n"
        "  closed loop  concurrency, isl, osl, and ttft_ms, tpot_ms, e2e_ms\n"
        "  request log  queued_ts or arrival_time (s), input_toks, output_toks, and first_token_ts "
        "and\n"
        "               last_token_ts of the same clock, or ttft_ms and e2e_ms\n"
        "Columns called gpu, model, tp, max_num_seqs, max_num_batched_tokens, kv_blocks, "
        "prefix_cache,\n"
        "a0, chunked_prefill or reserve_full_prompt describe the server row by row.\n\n"
        "Examples:\n"
        "  penstock calibrate stages.csv --replica gpu=H100 --replica model=Llama-3.1-8B --profile "
        "mine.yaml\n"
        "  penstock calibrate loop.csv --replica gpu=H100 --replica model=Qwen3-32B --group tp "
        "--rows\n"
        "  penstock calibrate --plan resources/measurements.yaml --data ../shared/data --json -");
    command->callback([a, &code] { code = calibrate(*a); });
}

} // namespace penstock::app
