// SPDX-License-Identifier: Apache-2.0
// Goal: a scenario loader can read every kind of value with its default, its range and its place,
// and a person is told of every mistake at once. Method: small documents in both syntaxes.
#include "engine/config/text/override.h"
#include "engine/config/text/reader.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Document yaml(std::string_view text) {
    auto document = Document::parse(text, "s.yaml", Syntax::yaml);
    EXPECT_TRUE(document) << document.error().text();
    return document ? std::move(*document) : Document::parse("{}", "none").value();
}

TEST(Reader, readsEveryKindOfValueAndItsDefault) {
    const Document document = yaml(R"(
rate: 2.5
count: 1e3
on: true
name: east
wait: 1m30s
week: 7d
seconds: 0.5
law: gamma
router: {ttl: 60s}
replicas:
  - tp: 2
  - {tp: 4}
tenants:
  a: {share: 0.5}
  b: {share: 0.5}
weights: [1, 2.5]
names: [x, "y"]
labels: {tier: batch}
nothing: ~
)");
    Problems problems;
    Reader r = Reader::root(document, problems);
    enum class Law { poisson, gamma };
    EXPECT_EQ(r.number("rate", {.min = 0}), 2.5);
    EXPECT_EQ(r.number("absent", {.min = 0}, 7.0), 7.0);
    EXPECT_EQ(r.integer("count", {1, 5000}), 1000);
    EXPECT_EQ(r.integer<std::uint16_t>("none", {}, 3), 3);
    EXPECT_TRUE(r.boolean("on"));
    EXPECT_EQ(r.text("name"), "east");
    EXPECT_EQ(r.text("other", "x"), "x");
    EXPECT_EQ(r.duration("wait"), 90s);
    EXPECT_EQ(r.duration("week"), 168h);
    EXPECT_EQ(r.duration("seconds"), 500ms);
    EXPECT_EQ(r.choice<Law>("law", {{"poisson", Law::poisson}, {"gamma", Law::gamma}}), Law::gamma);
    EXPECT_EQ(r.choice("mode", {"single", "continuous"}, "continuous"), "continuous");
    Duration ttl{};
    EXPECT_TRUE(r.object("router", [&](Reader& router) { ttl = router.duration("ttl"); }));
    EXPECT_FALSE(r.object("autoscale", [&](Reader&) { FAIL(); }));
    EXPECT_EQ(ttl, 60s);
    std::vector<int> tp;
    EXPECT_EQ(r.list("replicas",
                     [&](Reader& e) {
                         tp.push_back(e.integer<int>("tp", {1, 64}));
                     }),
              2u);
    EXPECT_THAT(tp, ElementsAre(2, 4));
    double share = 0;
    r.named("tenants", [&](Reader& e) { share += e.number("share", {.min = 0, .max = 1}); });
    EXPECT_EQ(share, 1.0);
    EXPECT_THAT(r.numbers("weights", {}), ElementsAre(1.0, 2.5));
    EXPECT_THAT(r.texts("names"), ElementsAre("x", "y"));
    EXPECT_EQ(*findLabel(r.labels("labels"), "tier"), "batch");
    EXPECT_FALSE(r.has("nothing"));
    EXPECT_EQ(r.number("nothing", {}, 4.0), 4.0);
    r.finish();
    EXPECT_TRUE(problems.empty()) << problems.error().text();
}

TEST(Reader, reportsEveryMistakeWithItsPlaceItsValueAndWhatWouldBeRight) {
    const Document document = yaml("pool:\n"
                                   "  replicas:\n"
                                   "    - tp: -3\n"
                                   "      raet: 5\n"
                                   "  rate: fast\n"
                                   "  law: poison\n"
                                   "  wait: soon\n");
    Problems problems;
    Reader r = Reader::root(document, problems);
    r.object("pool", [](Reader& pool) {
        pool.list("replicas", [](Reader& replica) {
            replica.integer("tp", {1, 64});
            replica.number("rate", {.min = 0}, 1.0);
        });
        pool.number("rate", {.min = 0, .unit = "requests/s", .above = true});
        pool.choice("law", {"poisson", "gamma"});
        pool.duration("wait", {.min = 1s, .max = 10s});
        pool.integer("slots", {.min = 1});
    });
    r.finish();
    std::vector<std::string> texts;
    for (const Error& error : problems.all())
        texts.push_back(error.text());
    EXPECT_THAT(
        texts,
        ElementsAre(
            "s.yaml:3:11: pool.replicas[0].tp: -3 is out of range; it must be a whole number "
            "from 1 to 64",
            "s.yaml:4:7: pool.replicas[0]: unknown key \"raet\"; did you mean \"rate\"? "
            "Known here: rate, tp",
            "s.yaml:5:9: pool.rate: fast is not a number; it must be a number greater than 0 "
            "(requests/s)",
            "s.yaml:6:8: pool.law: poison is not known here; did you mean \"poisson\"? It "
            "must be one of poisson, gamma",
            "s.yaml:7:9: pool.wait: soon is not a duration; it must be a duration like "
            "250ms, 90s, 1m30s or a number of seconds, at least 1s, at most 10s",
            "s.yaml:2:3: pool.slots: missing; it must be a whole number of at least 1"));
    EXPECT_THAT(problems.error().text(), HasSubstr("\ns.yaml:4:7: "));
}

TEST(Reader, takesStringFormsOnlyWhereTheyAreAllowed) {
    const Document document = yaml("a: \"0.8\"\nb: {c: \"5\", d: \"true\"}\n");
    Problems problems;
    Reader r = Reader::root(document, problems);
    r.number("a", {});
    ASSERT_EQ(problems.all().size(), 1u);
    EXPECT_THAT(problems.error().text(), HasSubstr("without quotes"));
    r.allowStringForms();
    EXPECT_EQ(r.number("a", {}), 0.8);
    r.object("b", [](Reader& b) {
        EXPECT_EQ(b.integer("c", {}), 5);
        EXPECT_TRUE(b.boolean("d"));
    });
    r.finish();
    EXPECT_EQ(problems.all().size(), 1u);
}

TEST(Reader, aBrokenSectionIsReportedOnce) {
    const Document document = yaml("pool: 5\n");
    Problems problems;
    Reader r = Reader::root(document, problems);
    r.object("pool", [](Reader& pool) { pool.number("rate", {}); });
    r.finish();
    ASSERT_EQ(problems.all().size(), 1u);
    EXPECT_EQ(problems.error().text(), "s.yaml:1:7: pool: 5 is not a mapping of keys to values");
}

TEST(Document, jsonKeepsThePlaceOfEveryValue) {
    const auto document = Document::parse(
        "{\n  \"a\\\"b\": [1,\n   {\"c\": \"\\u00e9\"}],\n \"d\": null }", "d.json");
    ASSERT_TRUE(document) << document.error().text();
    const Node& list = *document->root().find("a\"b");
    EXPECT_EQ(list.at.line, 2);
    EXPECT_EQ(list.at.column, 11);
    EXPECT_EQ(list.items[0].at.column, 12);
    const Node& c = *list.items[1].find("c");
    EXPECT_EQ(c.text, "é");
    EXPECT_EQ(c.at.line, 3);
    EXPECT_EQ(c.at.column, 10);
    EXPECT_EQ(document->root().members[1].at.line, 4);
    EXPECT_EQ(document->root().find("d")->kind, Node::Kind::null);
}

TEST(Document, aliasesAreExpandedAndJsonIsTheSameTree) {
    const Document document = yaml("base: &b {x: 1}\nuse: [*b, *b]\n");
    EXPECT_EQ(document.root().find("use")->items[1].find("x")->text, "1");
}

struct Override {
    std::string_view assignment;
    std::string_view expected; // the value read back, or part of the error
    bool works = true;
};

TEST(Override, reachesAnyValueAndRefusesSlips) {
    const std::string_view text = "engine:\n"
                                  "  queues:\n"
                                  "    - {id: batch, gate_params: {threshold: 0.8}}\n"
                                  "    - {queue_name: bulk}\n"
                                  "  labels: {\"a.b\": x}\n"
                                  "seed: 1\n";
    const std::vector<Override> table{
        {"seed=7", "seed 7"},
        {"engine.queues[0].gate_params.threshold=0.9",
         "engine.queues[0].gate_params.threshold 0.9"},
        {"engine.queues[batch].gate_params.threshold=0.9",
         "engine.queues[0].gate_params.threshold 0.9"},
        {"engine.queues[bulk].weight=3", "engine.queues[1].weight 3"},
        {"engine.labels[\"a.b\"]=y", "engine.labels[\"a.b\"] y"},
        {"pool.router.weight=2", "pool.router.weight 2"},
        {"seed=", "seed "},
        {"engine.qeues[0].x=1", "has no key \"qeues\"; did you mean \"queues\"?", false},
        {"engine.queues[5].x=1", "has no element [5]; it has elements 0 to 1 (batch, bulk)", false},
        {"engine.queues[btach].x=1", "has no element [btach]", false},
        {"seed.x=1", "seed is 1, which has no parts", false},
        {"seed", "no \"=\"", false},
        {"=5", "the path is empty", false},
        {"a..b=5", "empty part", false},
        {"a[0=5", "no \"=\"", false},
        {"a.=5", "ends with a dot", false},
        {"seed={a: [}", "not YAML", false},
    };
    for (const Override& row : table) {
        Document document = yaml(text);
        const Status done = applyOverride(document, row.assignment);
        ASSERT_EQ(done.has_value(), row.works) << row.assignment;
        if (!row.works) {
            EXPECT_THAT(done.error().text(), HasSubstr(row.expected)) << row.assignment;
            EXPECT_THAT(done.error().text(),
                        HasSubstr(std::string("--set ").append(row.assignment)));
            continue;
        }
        const std::size_t space = row.expected.find(' ');
        const auto node = findPath(document, row.expected.substr(0, space));
        ASSERT_TRUE(node) << node.error().text();
        EXPECT_EQ((*node)->text, row.expected.substr(space + 1)) << row.assignment;
    }
}

TEST(Override, errorsInAValueComeFromTheCommandLine) {
    Document document = yaml("seed: 1\n");
    ASSERT_TRUE(applyOverride(document, "seed=one"));
    ASSERT_TRUE(applyOverride(document, "sedd=1"));
    Problems problems;
    Reader r = Reader::root(document, problems);
    r.integer("seed", {});
    r.finish();
    ASSERT_EQ(problems.all().size(), 2u);
    EXPECT_THAT(problems.all()[0].text(),
                HasSubstr("--set seed=one: seed: one is not a whole number"));
    EXPECT_THAT(problems.all()[1].text(),
                HasSubstr("--set sedd=1: unknown key \"sedd\"; did you mean"));
}

TEST(Override, reachesIntoIncludedFilesAndNamesThem) {
    const auto folder = std::filesystem::temp_directory_path() / "penstock-include";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "t.json") << "{\n \"queues\": [{\"id\": \"a\", \"bad\": 1}]}";
    std::ofstream(folder / "s.yaml") << "transport: {file: t.json}\nother: {file: gone.json}\n";
    auto document = Document::load((folder / "s.yaml").string());
    ASSERT_TRUE(document) << document.error().text();
    ASSERT_TRUE(includeFile(*document, "transport"));
    ASSERT_TRUE(includeFile(*document, "not.there"));
    const Status gone = includeFile(*document, "other");
    ASSERT_FALSE(gone);
    EXPECT_THAT(gone.error().text(), HasSubstr("s.yaml:2:15: other.file: "));
    EXPECT_THAT(gone.error().text(), HasSubstr("No such file"));
    ASSERT_TRUE(applyOverride(*document, "transport.queues[a].id=b"));
    Problems problems;
    Reader r = Reader::root(*document, problems);
    r.object("transport",
             [](Reader& t) { t.list("queues", [](Reader& q) { EXPECT_EQ(q.text("id"), "b"); }); });
    ASSERT_EQ(problems.all().size(), 1u);
    EXPECT_THAT(problems.error().text(),
                HasSubstr("t.json:2:25: transport.queues[0]: unknown key"));
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace penstock
