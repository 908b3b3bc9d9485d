// SPDX-License-Identifier: Apache-2.0
// Goal: whatever a person, a script or a machine does to the program, it ends with the right code
// and in words, loses nothing that it was given, and claims nothing that it has not measured.
// Method: each case is one that has gone wrong in some program.
#include "tests/app/cli/program.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

using namespace program;

namespace {

namespace fs = std::filesystem;

class HardCases : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::path(::testing::TempDir()) /
                  ("hard-" + std::to_string(::getpid()) + "-" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }
    static std::string read(const std::string& name) {
        std::ifstream in(name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    // Two replicas and one kind of user, with more at the end.
    std::string scenario(const std::string& more = "", const std::string& name = "s.yaml") const {
        return write(name,
                     "scenario: {name: small, horizon: 60s}\n"
                     "pool:\n"
                     "  replicas: [{count: 2, step_time: {base: 10e-3, prefill_token: 50e-6, "
                     "decode: 1e-3, context_token: 20e-9}, max_num_seqs: 8, kv_blocks: 3000}]\n"
                     "sources:\n"
                     "  - {name: chat, to: router, arrivals: {process: poisson, rate: 6}, "
                     "prompt_tokens: 500, output_tokens: 100}\n"
                     "engine: {transport: {queues: [{id: q, queue_name: q}]}}\n" +
                         more);
    }
    static nlohmann::json json(const Outcome& o) {
        return nlohmann::json::parse(o.text, nullptr, false);
    }

    fs::path folder_;
};

// Users who got no answer have not waited 0 ms for it.
TEST_F(HardCases, whatNeverHappenedMeetsNoLimit) {
    const std::string down = scenario("faults: [{kind: router-down, at: 0s, for: 60s}]\n");
    const std::string late = " --set 'sources[chat].timeout=1ms'";
    for (const std::string& run : {down, scenario("", "t.yaml") + late}) {
        const Outcome o = penstock("run " + run + " --assert 'sources.chat.ttft_ms.p99 <= 500'");
        EXPECT_EQ(o.code, 1) << o.text;
        EXPECT_NE(o.text.find("nothing was measured"), std::string::npos) << o.text;
        EXPECT_EQ(o.text.find("nan"), std::string::npos) << o.text;
    }
    EXPECT_EQ(penstock("run " + down + " -q --score --assert 'score <= 0.5'").code, 1);
    EXPECT_EQ(penstock("run " + down + " -q --assert 'fairness.jain_served >= 1'").code, 1);
    const auto report = json(penstock("run " + down + " --json -", false));
    EXPECT_TRUE(report["sources"]["chat"]["ttft_ms"]["p99"].is_null());
    EXPECT_EQ(report["sources"]["chat"]["failed"], report["sources"]["chat"]["arrivals"]);
    // A comparison says that one has no value; it does not say -100 %.
    penstock("run " + down + " -q --json " + path("a.json"));
    penstock("run " + scenario() + " -q --json " + path("b.json"));
    const Outcome compared = penstock("compare " + path("b.json") + " " + path("a.json"));
    const auto line = compared.text.find("sources.chat.ttft_ms.p99");
    ASSERT_NE(line, std::string::npos) << compared.text;
    const std::string row = compared.text.substr(line, compared.text.find('\n', line) - line);
    EXPECT_NE(row.find("–"), std::string::npos) << row;
    EXPECT_EQ(row.find('%'), std::string::npos) << row;
}

TEST_F(HardCases, aRunWithinItsWarmupIsRefused) {
    const std::string s = scenario();
    for (const char* how : {" --set scenario.warmup=60s", " --set scenario.warmup=10s --until 10s",
                            " --set scenario.warmup=10s --until 9s",
                            " --set scenario.warmup=10s --set scenario.horizon=10s"}) {
        const Outcome o = penstock("run " + s + how);
        EXPECT_EQ(o.code, 2) << how << o.text;
        EXPECT_NE(o.text.find("warmup"), std::string::npos) << o.text;
    }
    EXPECT_EQ(penstock("run " + s + " -q --set scenario.warmup=10s --until 10001ms").code, 0);
}

// Charts may be as coarse as one likes: gauges are not made of their samples.
TEST_F(HardCases, coarseChartsDoNotChangeGauges) {
    const std::string s = scenario();
    const auto fine = json(penstock("run " + s + " --json -", false));
    const auto coarse =
        json(penstock("run " + s + " --set scenario.sample_every=10m --json -", false));
    EXPECT_GT(fine["pool"]["busy_share"].get<double>(), 0.5);
    for (const char* gauge : {"busy_share", "saturation", "running", "kv_used"})
        EXPECT_EQ(fine["pool"][gauge], coarse["pool"][gauge]) << gauge;
    EXPECT_EQ(fine["fingerprint"], coarse["fingerprint"]);
}

TEST_F(HardCases, outputsAreOpenedFirstAndNeverAnInput) {
    const std::string s = scenario();
    const std::string before = read(s);
    fs::create_hard_link(s, path("link.yaml"));
    fs::create_symlink(s, path("soft.yaml"));
    for (const std::string& how :
         {"--json " + s, "--html " + path("link.yaml"), "--store " + path("soft.yaml"),
          "--json " + path("x") + " --html " + path("x"),
          "--json " + path("x") + " --html " + path("./x"),
          "--json " + path("x") + " --store " + path("x"), std::string("--json - --html -"),
          "--json " + path("none/x.json"), "--html " + folder_.string()}) {
        const Outcome o = penstock("run " + s + " " + how + " --set scenario.horizon=1000h");
        EXPECT_EQ(o.code, 2) << how << o.text;
        EXPECT_FALSE(o.text.empty()) << how;
    }
    EXPECT_EQ(read(s), before);
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(folder_))
        left.push_back(entry.path().filename().string());
    EXPECT_EQ(left.size(), 3u) << "the three that were there: nothing half-made";
    // What stood under the name stays until the new is whole.
    write("old.json", "old");
    EXPECT_EQ(penstock("run " + s + " -q --assert 'no such' --json " + path("old.json")).code, 2);
    EXPECT_EQ(read(path("old.json")), "old");
    EXPECT_EQ(penstock("run " + s + " -q --json " + path("old.json")).code, 0);
    EXPECT_TRUE(nlohmann::json::accept(read(path("old.json"))));
}

TEST_F(HardCases, aFullDiskIsSaid) {
    const std::string s = scenario();
    for (const std::string& command :
         {"run " + s, "run " + s + " --json -", "check " + s, std::string("gates"),
          std::string("--help"), "check --json " + s}) {
        const Outcome o = penstock(command + " 2>&1 >/dev/full; exit $?");
        EXPECT_EQ(o.code, 3) << command << o.text;
        EXPECT_NE(o.text.find("standard output cannot be written"), std::string::npos) << o.text;
        EXPECT_EQ(penstock(command + " >/dev/full 2>/dev/full; exit $?").code, 3) << command;
    }
    EXPECT_EQ(penstock("run nowhere.yaml 2>/dev/full; exit $?").code, 2);
    EXPECT_EQ(penstock("gates >&- 2>&-; exit $?").code, 3);
    // Whoever has read enough is no error, and not a word is lost on it.
    const Outcome enough =
        penstock("gates --help >/dev/null; trap '' PIPE; " + std::string(PENSTOCK_BINARY_DIR) +
                 "/bin/penstock gates | true");
    EXPECT_EQ(enough.code, 0) << enough.text;
    EXPECT_EQ(enough.text, "");
}

TEST_F(HardCases, aSignalEndsTheRunWithItsReport) {
    const std::string s = scenario();
    for (const auto& [signal, code] : {std::pair("TERM", 143), std::pair("INT", 130)}) {
        const std::string report = path(std::string(signal) + ".json");
        const Outcome o =
            penstock("run " + s + " -q --set scenario.horizon=20000h --json " + report +
                     " & pid=$!; sleep 1; kill -" + signal + " $pid; wait $pid; exit $?");
        EXPECT_EQ(o.code, code) << o.text;
        const auto json = nlohmann::json::parse(read(report), nullptr, false);
        ASSERT_TRUE(json.is_object()) << signal;
        EXPECT_GT(json["sources"]["chat"]["completed"].get<int>(), 0);
    }
}

TEST_F(HardCases, namesCannotSteerATerminal) {
    const std::string s = scenario();
    std::string text = read(s);
    text.replace(text.find("name: small"), 11, "name: \"a\\e[2Jb\\u009b\"");
    text.replace(text.find("name: chat"), 10, "name: \"c\\a\\edat\"");
    const std::string bad = write("bad.yaml", text);
    const std::string page = path("page.html");
    for (const std::string& command : {"run " + bad + " --html " + page, "check " + bad,
                                       "run " + bad + " --assert 'sources.chat.arrivals > 0'"}) {
        const Outcome o = penstock(command);
        EXPECT_EQ(o.text.find('\x1b'), std::string::npos) << o.text;
        EXPECT_EQ(o.text.find('\a'), std::string::npos) << o.text;
        EXPECT_EQ(o.text.find("\xc2\x9b"), std::string::npos) << o.text;
    }
    EXPECT_EQ(read(page).find('\x1b'), std::string::npos);
}

TEST_F(HardCases, findingsOfSeveralFilesAreOneDocument) {
    const Outcome o = penstock("check --json " + scenario() + " " + scenario("", "t.yaml"), false);
    EXPECT_TRUE(nlohmann::json::accept(o.text)) << o.text;
}

TEST_F(HardCases, emptyWordsAndFiguresBeyondReasonAreRefused) {
    const std::string s = scenario();
    for (const char* how :
         {"--seed ''", "--until ''", "--semantics ''", "--json ''", "--html ''", "--store ''",
          "--assert 'sources.chat.arrivals != nan'", "--assert 'sources.chat.arrivals <= inf'",
          "--set 'sources[chat].prompt_tokens=100.5'",
          "--set 'sources[chat].arrivals={process: lump, count: 2.5}'",
          "--set 'sources[chat].arrivals={process: onoff, rate: 5, on: 1s, off: 1s, gap_cv: "
          "1e-300}'",
          "--set 'sources[chat].arrivals.rate=1e7' --set scenario.horizon=10h",
          "--set 'sources[chat].arrivals={process: lump, lumps: [{count: 10000000}, {count: "
          "10000000}, {count: 10000000}]}'",
          "--set 'pool.replicas[0].count=1000000'", "--set 'pool.autoscaler={period: 1ns}'",
          "--set scenario.sample_every=1ns",
          "--set 'engine.transport.queues[q].gate_type=composite' --set "
          "'engine.transport.queues[q].gate_params={gates: []}'"}) {
        const Outcome o = penstock("run " + s + " -q " + how);
        EXPECT_EQ(o.code, 2) << how << o.text;
        EXPECT_FALSE(o.text.empty()) << how;
    }
    EXPECT_EQ(penstock("import --seed -1 auto " + s).code, 2);
    EXPECT_EQ(penstock("validate --effort nan").code, 2);
    EXPECT_EQ(penstock("run " + s + " -q --assert 'virtual_seconds == 60'").code, 0);
}

// Every duration a scenario takes may be as long as its type allows: it then never ends.
TEST_F(HardCases, durationsAsLongAsTimeItself) {
    const std::string s =
        scenario("metrics: {perfect: true}\n"
                 "faults:\n  - {kind: router-latency, at: 1s, for: 2562000h, delay: 1ms}\n"
                 "  - {kind: replica-slow, at: 2s, for: 2562000h, factor: 2}\n"
                 "  - {kind: replica-killed, at: 3s, for: 2562000h}\n"
                 "  - {kind: engine-crash, at: 4s, for: 2562000h}\n");
    const std::string huge = "2562000h";
    for (const std::string& how :
         {std::string("--seed 1"),
          "--set 'pool.autoscaler={min: 1, max: 4, period: 1s, up_delay: " + huge + "}'",
          "--set 'pool.autoscaler={min: 1, max: 4, period: 1s, down_delay: " + huge + "}'",
          "--set 'pool.autoscaler={min: 1, max: 4, period: 1s, target_saturation: 0.01, "
          "cold_start: " +
              huge + "}'",
          "--set 'pool.replicas[0].start_up=" + huge + "'",
          "--set 'pool.router={flow_control: true, queue_ttl: " + huge + "}'",
          "--set 'sources[chat].timeout=" + huge + "'",
          "--set 'pool.replicas[0].mode=static-batch' --set 'pool.replicas[0].static_max_wait=" +
              huge + "'",
          "--set 'faults[0].delay=" + huge + "'"}) {
        const Outcome o = penstock("run " + s + " -q " + how);
        EXPECT_EQ(o.code, 0) << how << o.text;
    }
}

TEST_F(HardCases, filesThatAreNotWhatTheySay) {
    const std::string s = scenario();
    for (const char* text :
         {"{\"schema\": 7}", "{\"schema\": null}", "{\"schema\": []}", "[]", "null", "", "{",
          "{\"schema\": \"penstock.moves/1\", \"start_ns\": \"x\"}",
          "{\"schema\": \"penstock.moves/1\", \"start_ns\": 0, \"moves\": 5}",
          "{\"schema\": \"penstock.moves/1\", \"start_ns\": 0, \"origin\": {\"seed\": \"x\"}}"}) {
        const std::string file = write("x.json", text);
        EXPECT_EQ(penstock("compare " + file + " " + file).code, 2) << text;
        EXPECT_EQ(penstock("run --replay " + file).code, 2) << text;
    }
    const std::string deep = write("deep.json", "{\"a\":" + std::string(100'000, '['));
    for (const std::string& command :
         {"compare " + deep + " " + deep, "run --replay " + deep, "run " + deep, "check " + deep}) {
        EXPECT_EQ(penstock(command).code, 2) << command;
    }
    const std::string store = path("r.db");
    ASSERT_EQ(penstock("run " + s + " -q --store " + store).code, 0);
    for (const char* name : {"#1.5", "#1e0", "#-1", "#", "#2"}) {
        EXPECT_EQ(penstock("run --replay '" + store + name + "'").code, 2) << name;
        EXPECT_EQ(penstock("compare '" + store + name + "' " + store).code, 2) << name;
    }
    EXPECT_EQ(penstock("run --replay " + store + "#1 -q").code, 0);
}

// What ran can be run again: from anywhere, from a pipe, with marks and line ends in odd places.
TEST_F(HardCases, whateverRanReplays) {
    write("t.csv", "time,prompt_tokens,output_tokens\n0,100,10\n1.5,200,20\n9,300,30\n");
    std::string text = read(scenario());
    text.replace(text.find("{process: poisson, rate: 6}"), 27,
                 "{process: trace, file: t.csv, format: csv}");
    write("trace.yaml", text);
    write("marked.yaml", "\xef\xbb\xbf" + read(scenario()));
    const std::string here = "cd " + folder_.string() + " && ";
    const std::string binary = std::string(PENSTOCK_BINARY_DIR) + "/bin/penstock";
    const std::vector<std::string> runs{
        "trace.yaml", "marked.yaml", "s.yaml --set 'scenario.about=two\nlines'",
        "/dev/stdin < s.yaml", "/dev/stdin < marked.yaml --set scenario.seed=4"};
    int id = 0;
    for (const std::string& run : runs) {
        const Outcome o =
            penstock("--version >/dev/null; " + here + binary + " run " + run + " -q --store r.db");
        ASSERT_EQ(o.code, 0) << run << o.text;
        const Outcome again =
            penstock("--version >/dev/null; cd / && " + binary + " run -q --replay " +
                     path("r.db") + "#" + std::to_string(++id));
        EXPECT_EQ(again.code, 0) << run << again.text;
    }
}

TEST_F(HardCases, tablesDoNotShift) {
    const std::string head = "time,prompt_tokens,output_tokens\n0,100,10\n";
    for (const char* row : {"1,5,200,20", "1,200", "1,\"10\"0,20", "2023-11-16 18:17:03,200,20"}) {
        const std::string file = write("t.csv", head + row + "\n");
        const Outcome o = penstock("import csv " + file);
        EXPECT_EQ(o.code, 2) << row << o.text;
        EXPECT_NE(o.text.find("t.csv:3"), std::string::npos) << o.text;
    }
    const std::string lines =
        write("t.jsonl", "{\"time\": 0, \"prompt_tokens\": 1, \"output_tokens\": 1}\n"
                         "{\"time\": \"2023-11-16 18:17:03\", \"prompt_tokens\": "
                         "1, \"output_tokens\": 1}\n");
    EXPECT_EQ(penstock("import jsonl " + lines).code, 2);
    const std::string fine = write("f.csv", head + "1,200,20\n");
    for (const char* chain :
         {"--transform '{dither: {}}' --transform '{dither: {}}'",
          "--transform '{loop: {times: 1e9}}'",
          "--transform '{loop: {times: 100000}}' --transform '{loop: {times: 100000}}'"}) {
        EXPECT_EQ(penstock("import csv " + fine + " " + chain).code, 2) << chain;
    }
}

} // namespace
