// SPDX-License-Identifier: Apache-2.0
// A broken trace or spec gets a message with file, line, column, value and remedy, early and in
// bounded memory. Method: tables of broken inputs and of words that their messages must contain.
#include "support.h"

#include <limits>

namespace penstock::sim {
namespace {

using test::readRows;
using test::TempDir;

TEST(BadTraces, SayWhereAndWhat) {
    struct Case {
        const char* name;
        std::string content;
        int line;
        int column; // 0: any
        std::vector<std::string> words;
    };
    const std::string azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    const std::vector<Case> cases = {
        {"empty", "", 1, 0, {"empty"}},
        {"blank lines only", "\n\n  \n", 1, 0, {"empty"}},
        {"header only", azure, 1, 0, {"empty"}},
        {"unknown header", "a,b,c\n1,2,3\n", 1, 1, {"\"a,b,c\"", "azure"}},
        {"missing column",
         "ContextTokens,GeneratedTokens\n1,2\n",
         1,
         0,
         {"TIMESTAMP", "ContextTokens"}},
        {"bad time",
         azure + "2023-11-16 18:17:03,1,1\nnoon,1,1\n",
         3,
         1,
         {"\"noon\"", "TIMESTAMP"}},
        {"bad tokens", azure + "2023-11-16 18:17:03,12x,1\n", 2, 21, {"\"12x\"", "ContextTokens"}},
        {"negative tokens", azure + "2023-11-16 18:17:03,1,-4\n", 2, 23, {"\"-4\""}},
        {"NaN tokens", azure + "2023-11-16 18:17:03,nan,4\n", 2, 21, {"\"nan\""}},
        {"short row", azure + "2023-11-16 18:17:03,1\n", 2, 0, {"2 fields", "cut off"}},
        {"all rows unusable",
         azure + "2023-11-16 18:17:03,0,1\n",
         0,
         0,
         {"none of the 1", "no prompt"}},
        {"not JSON", "{\"timestamp\": 1, \"input_length\n", 1, 1, {"not JSON"}},
        {"JSON cut later",
         "{\"timestamp\":1,\"input_length\":1,\"output_length\":1}\n{\"timest",
         2,
         1,
         {"not JSON"}},
        {"JSON of no format", "{\"a\":1}\n", 1, 0, {"no known trace", "mooncake"}},
        {"a bare number", "[1,2]\n", 1, 0, {"object"}},
        {"JSON value of a wrong kind",
         "{\"timestamp\":1,\"input_length\":\"many\",\"output_length\":1}\n",
         1,
         16,
         {"many"}},
        {"JSON key missing",
         "{\"timestamp\":1,\"input_length\":5}\n{\"timestamp\":2}\n",
         2,
         0,
         {"input_length"}},
        {"fraction of a token", "{\"timestamp\":1,\"input_length\":1.5}\n", 1, 16, {"1.5"}},
        {"hash list of a wrong kind",
         "{\"timestamp\":1,\"input_length\":1,\"hash_ids\":7}\n",
         1,
         33,
         {"hash_ids"}},
        {"an array over many lines", "[\n  {\n", 1, 1, {"not JSON", "jq"}},
        {"an object over many lines", "{\n  \"timestamp\": 1\n}\n", 1, 1, {"whole on a line"}},
        {"tokens that no int32 holds twice",
         azure + "2023-11-16 18:17:03,2147483648,1\n",
         2,
         21,
         {"\"2147483648\"", "1e8"}},
        {"JSON tokens beyond a scenario's",
         "{\"timestamp\":1,\"input_length\":100000001,\"output_length\":1}\n",
         1,
         16,
         {"100000001", "1e+08"}},
        {"a time in milliseconds",
         "time,prompt_tokens\n17001586239799,1\n",
         2,
         1,
         {"too large for a time in seconds", "time_unit", "1ms"}},
        {"a JSON time in milliseconds",
         "{\"time\":17001586239799,\"prompt_tokens\":1}\n",
         1,
         2,
         {"too large for a time in seconds", "1ms"}},
        {"escapes of a terminal", azure + "\x1b[31m,1,1\n", 2, 1, {"\\x1b[31m"}},
        {"a header that is no text", "\x1b\x07,b\n1,2\n", 1, 1, {"\\x1b\\x07"}},
        {"windows without a dataset", "0,1,1,Gamma,1,1\n", 0, 0, {"chunk-N-trace.csv"}},
    };
    const TempDir dir;
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const auto rows = readRows(dir.write("trace", c.content));
        ASSERT_NE(rows.error, "");
        EXPECT_EQ(rows.raw.file, dir.file("trace"));
        if (c.line > 0) {
            EXPECT_EQ(rows.raw.line, c.line) << rows.error;
        }
        if (c.column > 0) {
            EXPECT_EQ(rows.raw.column, c.column) << rows.error;
        }
        for (const std::string& word : c.words) {
            EXPECT_NE(rows.error.find(word), std::string::npos) << rows.error;
        }
        // A stream built on it fails too: at once, or before its end.
        TrafficSpec spec;
        spec.process = TraceProcess{TraceSource{dir.file("trace"), {}, {}, {}}, 0};
        auto stream = makeStream(spec, 1, 0);
        if (stream) {
            test::drain(**stream);
            EXPECT_FALSE((*stream)->status().has_value());
            Arrival a;
            EXPECT_FALSE((*stream)->next(a));
        }
    }
}

TEST(BadTraces, ServegenWindows) {
    const TempDir dir;
    const std::string good =
        "{\"0\": {\"input_tokens\": \"{1: 1}\", \"output_tokens\": \"{1: 1}\"}}";
    const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
        {"0,1,1,Gamma,1,1\n", "", "not a JSON"},
        {"0,1,1,Gamma,1,1\n", "{}", "no window"},
        {"0,1,1,Gamma,1,1\n", "{\"0\": {\"input_tokens\": \"{1 1}\"}}", "window 0"},
        {"0,1,1,Gamma,0,1\n", good, "shape"},
        {"0,-1,1,Gamma,1,1\n", good, "rate"},
        {"0,1,1,Pareto,1,1\n", good, "Pareto"},
        {"600,1,1,Gamma,1,1\n0,1,1,Gamma,1,1\n", good, "later"},
        {"0,1,1,Gamma,1,1\nx,1,1,Gamma,1,1\n", good, "start"},
    };
    for (const auto& [trace, dataset, word] : cases) {
        dir.write("chunk-1-dataset.json", dataset);
        const auto rows = readRows(dir.write("chunk-1-trace.csv", trace));
        EXPECT_NE(rows.error.find(word), std::string::npos) << rows.error;
    }
}

TEST(BadTraces, AGiantLineCostsNoMemory) {
    const TempDir dir;
    // The reader gives up at 16 MiB, however much more there is.
    gzFile out = gzopen(dir.file("giant.gz").c_str(), "wb1");
    const std::string chunk(1 << 20, '7');
    for (int i = 0; i < 64; ++i)
        gzwrite(out, chunk.data(), static_cast<unsigned>(chunk.size()));
    gzclose(out);
    const auto rows = readRows(dir.file("giant.gz"));
    EXPECT_NE(rows.error.find("longer than 16777216 bytes"), std::string::npos) << rows.error;
    EXPECT_EQ(rows.raw.line, 1);
}

TEST(BadTraces, ATruncatedArchiveIsAnErrorEvenAtTheEnd) {
    const TempDir dir;
    std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    for (int i = 0; i < 20'000; ++i)
        text += std::to_string(i * 37 % 1000 + i) + ",100,10\n";
    const std::string packed = test::readFile(dir.writeGz("whole.gz", text));
    for (const std::size_t cut : {packed.size() - 1, packed.size() - 9, packed.size() / 2}) {
        TraceSource source;
        source.path = dir.write("cut.gz", packed.substr(0, cut));
        const auto rows = readRows(source);
        EXPECT_NE(rows.error.find("cut off"), std::string::npos) << cut << " " << rows.error;
    }
}

// Archives may stand behind each other, as `cat a.gz b.gz` makes them; anything else is no part of
// one.
TEST(BadTraces, NothingBehindAnArchiveIsPassedOver) {
    const TempDir dir;
    const std::string head = "TIMESTAMP,ContextTokens,GeneratedTokens\n1,100,10\n";
    const std::string first = test::readFile(dir.writeGz("first.gz", head));
    const std::string second = test::readFile(dir.writeGz("second.gz", "2,200,20\n3,300,30\n"));
    TraceSource source;
    source.path = dir.write("both.gz", first + second);
    EXPECT_EQ(readRows(source).rows.size(), 3u);
    source.path = dir.write("padded.gz", first + second + std::string(512, '\0'));
    EXPECT_EQ(readRows(source).rows.size(), 3u);
    for (const std::string& behind : {std::string("2,200,20\n"), std::string("x")}) {
        source.path = dir.write("more.gz", first + behind);
        const auto rows = readRows(source);
        EXPECT_NE(rows.error.find("behind the compressed text"), std::string::npos) << rows.error;
    }
    source.path = dir.write("cut.gz", first + second.substr(0, second.size() / 2));
    EXPECT_NE(readRows(source).error.find("cut off"), std::string::npos);
}

TEST(BadSpecs, SayWhichFieldAndWhatWouldBeRight) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    struct Case {
        const char* name;
        void (*spoil)(TrafficSpec&);
        std::vector<std::string> words;
    };
    static double notANumber;
    notANumber = nan;
    const std::vector<Case> cases = {
        {"negative rate",
         [](TrafficSpec& s) { s.process = PoissonProcess{-1}; },
         {"process.rate", "-1", "above 0"}},
        {"zero rate",
         [](TrafficSpec& s) {
             s.process = GammaProcess{0, 1};
         },
         {"process.rate"}},
        {"NaN rate", [](TrafficSpec& s) { s.process = PoissonProcess{notANumber}; }, {"nan"}},
        {"NaN cv",
         [](TrafficSpec& s) {
             s.process = GammaProcess{1, notANumber};
         },
         {"process.cv"}},
        {"shape",
         [](TrafficSpec& s) {
             s.process = WeibullProcess{1, 0};
         },
         {"process.shape"}},
        {"on of no time",
         [](TrafficSpec& s) {
             s.process = OnOffProcess{1, ConstantSeconds{0}, ConstantSeconds{1}, 1};
         },
         {"process.on"}},
        {"no states", [](TrafficSpec& s) { s.process = MmppProcess{}; }, {"process.states"}},
        {"weights",
         [](TrafficSpec& s) {
             s.process = MmppProcess{{{1, 1, {1, 2}}}};
         },
         {"next", "2 weights for 1"}},
        {"silent steps",
         [](TrafficSpec& s) {
             s.process = StepsProcess{{{0, 5}}, true};
         },
         {"every rate is 0"}},
        {"lump period",
         [](TrafficSpec& s) {
             s.process = LumpProcess{{{20, 1}}, 10};
         },
         {"process.every"}},
        {"no users",
         [](TrafficSpec& s) {
             s.process = ClosedLoopProcess{0, ConstantSeconds{0}, 0};
         },
         {"process.users"}},
        {"no file", [](TrafficSpec& s) { s.process = TraceProcess{}; }, {"process.file"}},
        {"thin above 1",
         [](TrafficSpec& s) {
             TraceProcess p;
             p.source.path = "x";
             p.source.transforms = {ScaleTransform{ScaleMode::thin, 2}};
             s.process = p;
         },
         {"transforms[0].factor", "superpose"}},
        {"min above max",
         [](TrafficSpec& s) {
             s.lengths = DrawnLengths{UniformLength{9, 3}, ConstantLength{1}, 0};
         },
         {"lengths.prompt.min", "swap"}},
        {"correlation",
         [](TrafficSpec& s) {
             s.lengths = DrawnLengths{ConstantLength{1}, ConstantLength{1}, 2};
         },
         {"rank_correlation"}},
        {"empty histogram",
         [](TrafficSpec& s) {
             s.lengths = DrawnLengths{EmpiricalLength{}, ConstantLength{1}, 0};
         },
         {"no bins"}},
        {"hours",
         [](TrafficSpec& s) {
             s.modulations = {DiurnalModulation{{1, 2, 3}, 1, 1, 0, true}};
         },
         {"modulations[0].hourly", "24"}},
        {"modulated lump",
         [](TrafficSpec& s) {
             s.process = LumpProcess{{{0, 1}}, 0};
             s.modulations = {RampModulation{}};
         },
         {"no rate to modulate"}},
        {"atom without cap", [](TrafficSpec& s) { s.maxTokensAtom = 0.5; }, {"needs max_tokens"}},
        {"probability",
         [](TrafficSpec& s) { s.poisonProbability = 1.5; },
         {"poison_probability", "1.5"}},
        {"negative deadline",
         [](TrafficSpec& s) { s.deadlineAfter = ConstantSeconds{-5}; },
         {"deadline.after", "-5"}},
        {"job and sessions",
         [](TrafficSpec& s) {
             s.job = Job{};
             s.sessions = Sessions{};
         },
         {"not both"}},
        {"stop before start", [](TrafficSpec& s) { s.stopSeconds = -1; }, {"stop"}},
        {"weights of nothing",
         [](TrafficSpec& s) {
             s.tenants = {{"a", 0}};
         },
         {"tenants", "0"}},
    };
    EXPECT_TRUE(validate(TrafficSpec{}).has_value());
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        TrafficSpec spec;
        spec.name = "web";
        c.spoil(spec);
        const Status status = validate(spec);
        ASSERT_FALSE(status.has_value());
        EXPECT_NE(status.error().message.find("source \"web\""), std::string::npos);
        for (const std::string& word : c.words) {
            EXPECT_NE(status.error().message.find(word), std::string::npos)
                << status.error().message;
        }
        EXPECT_FALSE(makeStream(spec, 1, 0).has_value());
    }
}

} // namespace
} // namespace penstock::sim
