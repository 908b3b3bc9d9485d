// SPDX-License-Identifier: Apache-2.0
// Goal: documents are read as llm-d-async reads them, mistakes are named with gate, parameter,
// value and range, and what the catalogue says is what the factory does. Method: tables of good and
// bad documents; every default compared with the gate that comes out.
#include "engine/gates/parts/catalogue.h"
#include "tests/engine/gates/support.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace penstock::test {
namespace {

using ::testing::HasSubstr;

struct Knob {
    ParameterSpec spec;
    double value;
};
std::vector<Knob> knobsOf(Gate& gate) {
    struct Lister final : ParameterVisitor {
        std::vector<Knob> knobs;
        void number(const ParameterSpec& s, double& v) override { knobs.push_back({s, v}); }
        void integer(const ParameterSpec& s, std::int32_t& v) override {
            knobs.push_back({s, static_cast<double>(v)});
        }
        void duration(const ParameterSpec& s, Duration& v) override {
            knobs.push_back({s, toSeconds(v)});
        }
    } lister;
    gate.parameters(lister);
    return lister.knobs;
}

// The least that makes each gate.
std::string leastOf(const GateDescription& gate) {
    nlohmann::json params = nlohmann::json::object();
    for (const GateParameter& p : gate.parameters) {
        const std::string name{p.spec.name};
        if (name == "pool") params[name] = "p"; // some need it unless they have a query
        if (!p.required) continue;
        switch (p.kind) {
        case GateParameter::Kind::integer:
            params[name] = 1;
            break;
        case GateParameter::Kind::gate:
            params[name] = {{"gate_type", "constant"}};
            break;
        case GateParameter::Kind::gates:
            params[name] = {{{"gate_type", "constant"}}};
            break;
        default:
            params[name] = name == "saturation_gate" ? "constant" : "x";
        }
    }
    return params.dump();
}

TEST(Factory, everyGateOfTheCatalogueIsMadeWithItsDefaults) {
    for (const GateDescription& description : gateCatalogue()) {
        Bench bench;
        auto gate = bench.make(std::string(description.type), leastOf(description));
        EXPECT_EQ(gate->type(), description.type);
        std::size_t live = 0;
        for (const GateParameter& p : description.parameters)
            live += p.live ? 1 : 0;
        const auto knobs = knobsOf(*gate);
        EXPECT_EQ(knobs.size(), live) << description.type;
        for (const Knob& knob : knobs) {
            const GateParameter* p = findParameter(description, knob.spec.name);
            ASSERT_NE(p, nullptr) << description.type << " " << knob.spec.name;
            EXPECT_TRUE(p->live);
            EXPECT_DOUBLE_EQ(knob.value, p->spec.defaultValue)
                << description.type << " " << knob.spec.name;
        }
        const double budget = gate->budget(bench.now()).share;
        EXPECT_TRUE(budget >= 0.0 && budget <= 1.0) << description.type;
    }
}

TEST(Factory, theDocumentedDefaultsAreThoseOfLlmDAsync) {
    const auto byDefault = [](std::string_view gate, std::string_view parameter) {
        return defaultText(*findParameter(*findGate(gate), parameter));
    };
    EXPECT_EQ(byDefault("redis", "budget_key"), "dispatch-gate-budget");
    EXPECT_EQ(byDefault("redis-quota", "attribute"), "userid");
    EXPECT_EQ(byDefault("redis-quota", "mode"), "rate-limit");
    EXPECT_EQ(byDefault("redis-quota", "window"), "1m");
    EXPECT_EQ(byDefault("redis-quota", "prefix"), "quota:");
    EXPECT_EQ(byDefault("redis-quota", "gating_mode"), "blocking");
    EXPECT_EQ(byDefault("local-max-concurrency", "gating_mode"), "classifying");
    EXPECT_EQ(byDefault("prometheus-saturation", "threshold"), "0.8");
    EXPECT_EQ(byDefault("prometheus-saturation", "fallback"), "0");
    EXPECT_EQ(byDefault("prometheus-budget", "max_concurrency"), "100");
    EXPECT_EQ(byDefault("prometheus-budget", "baseline"), "0.05");
    EXPECT_EQ(byDefault("prometheus-budget", "fallback"), "0");
    EXPECT_EQ(byDefault("tier-priority-admission", "tier_label"), "tier");
    EXPECT_EQ(byDefault("endpoint-scrape", "value_type"), "saturation");
}

TEST(Factory, valuesMayBeStrings) {
    Bench bench;
    bench.metrics.say("x_saturation", 0.5);
    auto made = bench.make("composite", R"({"gates":
        "[{\"gate_type\":\"prometheus-saturation\",\"gate_params\":{\"pool\":\"p\",\"threshold\":\"0.7\",\"metric\":\"x_saturation\"}},{\"gate_type\":\"local-max-concurrency\",\"gate_params\":{\"limit\":\"4\"}}]"})");
    ASSERT_EQ(made->inner().size(), 2U);
    EXPECT_NEAR(made->budget(bench.now()).share, 0.2, 1e-12);
    auto waiting = bench.make(
        "wait-on-refuse",
        R"({"gate":"{\"gate_type\":\"local-max-concurrency\",\"gate_params\":{\"limit\":3.0}}"})");
    EXPECT_EQ(waiting->room(bench.now(), 64, 0).requests, 3);
    // Absent, null and empty are the default; a number may be a name.
    auto plain = bench.make("prometheus-saturation",
                            R"({"pool":42.5,"threshold":null,"fallback":"","namespace":""})");
    plain->budget(bench.now());
    EXPECT_THAT(bench.metrics.asked.back(), HasSubstr(R"({inference_pool="42.5",)"));
}

TEST(Factory, mistakesAreNamed) {
    struct Case {
        const char* type;
        const char* params;
        const char* text;
    };
    const Case cases[] = {
        {"prometheus-saturation", R"({"pool":"p","threshold":"much"})",
         R"(threshold is "much"; it must be a number in [0, 2])"},
        {"prometheus-saturation", R"({"pool":"p","threshold":3})",
         "threshold is 3; it must be in [0, 2]"},
        {"prometheus-saturation", R"({"pool":"p","threshold":"NaN"})", "it must be in [0, 2]"},
        {"prometheus-saturation", R"({"pool":"p","threshold":"Inf"})", "it must be in [0, 2]"},
        {"prometheus-saturation", R"({"pool":"p","threshold":true})", "threshold is true"},
        {"prometheus-saturation", R"({"pool":"p","fallback":-0.1})", "fallback is -0.1"},
        {"prometheus-saturation", R"({})", "pool is required"},
        {"prometheus-saturation", R"({"pool":["p"]})", "pool is [\"p\"]; it must be text"},
        {"prometheus-saturation", R"({"pool":"p","treshold":0.5})",
         R"(no parameter "treshold" (did you mean "threshold"?))"},
        {"prometheus-budget", R"({"pool":"p","max_concurrency":0})", "(0, 1000000] requests"},
        {"prometheus-budget", R"({"pool":"p","baseline":1})", "it must be in [0, 1)"},
        {"prometheus-query", R"({})", "query is required"},
        {"endpoint-scrape", R"({"url":"u"})", "metric is required"},
        {"endpoint-scrape", R"({"url":"u","metric":"m","labels":42})", "labels is 42"},
        {"endpoint-scrape", R"({"url":"u","metric":"m","labels":"{"})", "JSON text"},
        {"endpoint-scrape", R"({"url":"u","metric":"m","labels":{"a":"b,c"}})", "','"},
        {"endpoint-scrape", R"({"url":"u","metric":"m","value_type":"share"})",
         "one of saturation | budget"},
        {"local-max-concurrency", R"({})", "limit is required"},
        {"local-max-concurrency", R"({"limit":0})", "[1, 1000000] requests"},
        {"local-max-concurrency", R"({"limit":2.9})", "whole number"},
        {"local-max-concurrency", R"({"limit":2,"gating_mode":"soft"})", "blocking | classifying"},
        {"redis", R"({})", "address is required"},
        {"redis-quota", R"({"address":"r","limit":5,"window":"60"})", "a unit is missing"},
        {"redis-quota", R"({"address":"r","limit":5,"window":"1 fortnight"})", "unknown unit"},
        {"redis-quota", R"({"address":"r","limit":-5})", "limit is -5"},
        {"composite", R"({})", "gates is required"},
        {"composite", R"({"gates":42})", "gates is 42; it must be a list of at least one gate"},
        {"composite", R"({"gates":"[{"})", "JSON text"},
        {"composite", R"({"gates":["constant"]})", "gates[0] is \"constant\""},
        {"composite", R"({"gates":[{"gate_type":"constant","params":{}}]})", "not \"params\""},
        {"composite",
         R"({"gates":[{"gate_type":"constant"},{"gate_type":"local-max-concurrency","gate_params":{"limit":0}}]})",
         "queues[1].gate_params.gates[1].gate_params.limit: "},
        {"wait-on-refuse", R"({"gate":{"gate_type":"open"}})", "unknown gate_type \"open\""},
        {"tier-priority-admission",
         R"({"saturation_gate":"constant","saturation_gate_params":{"x":1}})",
         "queues[1].gate_params.saturation_gate_params"},
        {"constant", R"([1])", "gate_params must be an object"},
        {"prometheus-saturaton", R"({})", R"((did you mean "prometheus-saturation"?))"},
    };
    for (const Case& c : cases) {
        Bench bench;
        const auto made = bench.tryMake(c.type, c.params);
        ASSERT_FALSE(made) << c.type << c.params;
        EXPECT_THAT(made.error().message, HasSubstr(c.text)) << c.params;
        EXPECT_EQ(made.error().file, "q.json");
        EXPECT_EQ(made.error().line, 7);
    }
}

TEST(Factory, placesAreLookedUpWhereTheReaderKnowsThem) {
    Bench bench;
    GateSpec spec{.type = "wait-on-refuse"};
    spec.params = nlohmann::json::parse(
        R"({"gate":{"gate_type":"local-max-concurrency","gate_params":{"limit":0}}})");
    spec.place = {.at = {"q.json", 1, 0}, .path = "queues[0]"};
    std::string asked;
    spec.place.locate = [&asked](std::string_view part) {
        asked = part;
        return Place{"q.json", 12, 34};
    };
    const auto made = makeGate(spec, bench.context());
    ASSERT_FALSE(made);
    EXPECT_EQ(asked, "gate_params.gate.gate_params.limit");
    EXPECT_EQ(made.error().line, 12);
    EXPECT_EQ(made.error().column, 34);
}

TEST(Factory, unknownTypesAndKeysAreWarningsUnderThePresets) {
    for (const Semantics& preset : {Semantics::llmDAsync09(), Semantics::llmDAsync010()}) {
        Bench bench;
        bench.semantics = preset;
        auto open = bench.make("promethius-budget", R"({"pool":"p"})");
        EXPECT_EQ(open->type(), "constant");
        ASSERT_EQ(bench.warnings.size(), 1U);
        EXPECT_THAT(bench.warnings[0].message, HasSubstr("open gate"));
        EXPECT_THAT(bench.warnings[0].message, HasSubstr("prometheus-budget"));
        bench.make("prometheus-query", R"({"query":"q","fallbak":1})");
        ASSERT_EQ(bench.warnings.size(), 2U);
        EXPECT_THAT(bench.warnings[1].message, HasSubstr("fallback"));
        // Out of our range, but with a meaning there; and what is refused there too.
        bench.make("prometheus-saturation", R"({"pool":"p","threshold":9})");
        EXPECT_EQ(bench.warnings.size(), 3U);
        EXPECT_FALSE(bench.tryMake("prometheus-budget", R"({"pool":"p","baseline":1})"));
        EXPECT_FALSE(bench.tryMake("local-max-concurrency", R"({"limit":0})"));
        // NaN passes every comparison there, and so does what Go's ParseFloat takes.
        EXPECT_TRUE(bench.tryMake("prometheus-query", R"({"query":"q","fallback":"NaN"})"));
        EXPECT_TRUE(bench.tryMake("prometheus-saturation", R"({"pool":"p","threshold":"0x1p-1"})"));
        EXPECT_FALSE(bench.tryMake("prometheus-saturation", R"({"pool":"p","threshold":"80%"})"));
    }
}

// What a release does not know is open there, or ignored, and said.
TEST(Factory, gatesAndParametersCountFromTheirReleaseOn) {
    const std::string lease = R"({"address":"r","control_key":"k"})";
    const std::string counted =
        R"({"url":"http://a/m","metric":"m","max_count_per_pod":4,"admission":"counted"})";
    for (const auto& [semantics, leased, counts] :
         {std::tuple{Semantics::llmDAsync09(), false, false},
          std::tuple{Semantics::llmDAsync010(), true, false},
          std::tuple{Semantics::llmDAsync011(), true, true},
          std::tuple{Semantics::penstock(), true, true}}) {
        Bench bench;
        bench.semantics = semantics;
        bench.metrics.say("a/m m", 1.0);
        EXPECT_EQ(bench.make("redis-leased-rate", lease)->type(),
                  leased ? "redis-leased-rate" : "constant")
            << semantics.name;
        EXPECT_EQ(bench.make("aimd")->type(), leased ? "aimd" : "constant") << semantics.name;
        auto gate = bench.make("endpoint-scrape", counted);
        // 4 places of which 1 is taken: a share of 0.75, or an open gate for 3.
        EXPECT_EQ(gate->budget(bench.now()).share, counts ? 1.0 : 0.75) << semantics.name;
        EXPECT_EQ(bench.warnings.size(), (leased ? 0U : 2U) + (counts ? 0U : 1U)) << semantics.name;
    }
}

TEST(Factory, aimdTakesTheNamesOfUpstream) {
    Bench bench;
    auto gate = bench.make("aimd", R"({"decrease_factor":0.7,"hold_duration":"3s",
                                       "tier_label":"t","queue_duration_target":"2s"})");
    std::map<std::string, double> knobs;
    for (const Knob& knob : knobsOf(*gate))
        knobs[std::string(knob.spec.name)] = knob.value;
    EXPECT_DOUBLE_EQ(knobs["decrease"], 0.7);
    EXPECT_DOUBLE_EQ(knobs["hold"], 3.0);
    EXPECT_DOUBLE_EQ(knobs["max_window"], 256.0);
    const auto both = bench.tryMake("aimd", R"({"decrease_factor":0.7,"decrease":0.6})");
    ASSERT_FALSE(both);
    EXPECT_THAT(both.error().text(), HasSubstr("two names of one number"));
}

TEST(Factory, whatAGateNeedsMustBeThere) {
    Bench bench;
    GateContext context = bench.context();
    context.prometheusUrlSet = false;
    auto made = makeGate({.type = "prometheus-query", .params = {{"query", "q"}}}, context);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("--prometheus-url"));
    EXPECT_TRUE(
        makeGate({.type = "endpoint-scrape", .params = {{"url", "u"}, {"metric", "m"}}}, context));
    context.store = nullptr;
    made = makeGate({.type = "redis", .params = {{"address", "r:1"}}}, context);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("r:1"));
    context.storeAt = [&bench](std::string_view address) {
        return address == "r:1" ? &bench.store : nullptr;
    };
    EXPECT_TRUE(makeGate({.type = "redis", .params = {{"address", "r:1"}}}, context));
    EXPECT_FALSE(makeGate({.type = "redis", .params = {{"address", "r:2"}}}, context));
}

TEST(Factory, depthIsBounded) {
    Bench bench;
    std::string gate = R"({"gate_type":"constant"})";
    for (int i = 0; i < kMaxGateDepth; ++i) {
        gate = R"({"gate_type":"wait-on-refuse","gate_params":{"gate":)" + gate + "}}";
    }
    const auto spec = nlohmann::json::parse(gate);
    const auto made =
        makeGate({.type = "wait-on-refuse", .params = spec["gate_params"]}, bench.context());
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("nested"));
}

TEST(Catalogue, tableAndSchemaNameEveryGateAndParameter) {
    const std::string table = gateTableMarkdown();
    const nlohmann::json schema = gateSchema();
    ASSERT_EQ(schema["oneOf"].size(), gateCatalogue().size());
    std::size_t index = 0;
    for (const GateDescription& gate : gateCatalogue()) {
        EXPECT_THAT(table, HasSubstr("| `" + std::string(gate.type) + "`"));
        EXPECT_FALSE(gate.law.empty());
        const auto& properties =
            schema["oneOf"][index++]["properties"]["gate_params"]["properties"];
        const auto aliases = std::count_if(gate.parameters.begin(), gate.parameters.end(),
                                           [](const auto& p) { return !p.alias.empty(); });
        EXPECT_EQ(properties.size(), gate.parameters.size() + static_cast<std::size_t>(aliases));
        for (const GateParameter& p : gate.parameters) {
            EXPECT_FALSE(p.spec.help.empty()) << gate.type << " " << p.spec.name;
            EXPECT_TRUE(properties.contains(std::string(p.spec.name)));
            EXPECT_THAT(table, HasSubstr("`" + std::string(p.spec.name) + "`"));
            const bool numeric = p.kind == GateParameter::Kind::number ||
                                 p.kind == GateParameter::Kind::integer ||
                                 p.kind == GateParameter::Kind::duration;
            if (numeric && !p.required) {
                EXPECT_GE(p.spec.defaultValue, p.spec.min) << gate.type << " " << p.spec.name;
                EXPECT_LE(p.spec.defaultValue, p.spec.max) << gate.type << " " << p.spec.name;
            }
        }
    }
}

} // namespace
} // namespace penstock::test
