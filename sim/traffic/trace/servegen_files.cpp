// SPDX-License-Identifier: Apache-2.0
// The two files of a ServeGen client, as they lie there.
#include "sim/traffic/trace/csv.h"
#include "sim/traffic/trace/servegen.h"
#include "sim/traffic/trace/text_value.h"
#include "sim/traffic/trace/trace_row.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::sim {
namespace {

constexpr std::size_t kMostWindows = 1'000'000; // 19 years of them

class WindowReader {
  public:
    explicit WindowReader(CsvReader csv) : csv_(std::move(csv)) {}

    bool failed() const { return failed_; }
    const Error& error() const { return error_; }
    const std::string& path() const { return csv_.path(); }

    bool next(ServegenWindow& out) {
        const std::vector<CsvField>* record = nullptr;
        if (!csv_.next(record)) {
            if (csv_.failed()) {
                failed_ = true;
                error_ = csv_.error();
            }
            return false;
        }
        const std::vector<CsvField>& f = *record;
        const auto number = [&](std::size_t i) {
            return i < f.size() ? parseDouble(f[i].text) : std::nullopt;
        };
        out = ServegenWindow{};
        if (!number(0) || *number(0) < 0 || *number(0) > 1e9) {
            return complain(f, 0, "a start in seconds");
        }
        out.start = *number(0);
        if (!number(1) || *number(1) < 0 || *number(1) > 1e6) {
            return complain(f, 1, "a rate, 0 or more requests a second");
        }
        out.perSecond = *number(1);
        const std::string_view law = f.size() > 3 ? trimmed(f[3].text) : std::string_view{};
        if (law == "Gamma" || law == "Weibull" || law == "gamma" || law == "weibull") {
            const auto shape = number(4);
            if (!shape || !(*shape > 1e-3) || *shape > 1e3) {
                return complain(f, 4, "a shape, 0.001 to 1000");
            }
            out.gap = law == "Gamma" || law == "gamma" ? GapLaw::gamma(1.0 / std::sqrt(*shape))
                                                       : GapLaw::weibull(std::max(0.05, *shape));
        } else if (!law.empty() && out.perSecond > 0 && law != "Exponential" &&
                   law != "exponential" && law != "Poisson") {
            return complain(f, 3, "Gamma, Weibull, Exponential or empty");
        }
        if (seen_ && out.start <= lastStart_) {
            return complain(f, 0, "later than the window before it");
        }
        seen_ = true;
        lastStart_ = out.start;
        return true;
    }

  private:
    bool complain(const std::vector<CsvField>& fields, std::size_t at, const char* wanted) {
        failed_ = true;
        const bool there = at < fields.size();
        error_ = {
            fmt::format("{} is not {}; a ServeGen window is: start, rate, cv, law, shape, scale",
                        quotedText(there ? fields[at].text : ""), wanted),
            csv_.path(), csv_.line(), there ? fields[at].column : fields.back().column};
        return false;
    }

    CsvReader csv_;
    double lastStart_ = 0;
    bool seen_ = false;
    bool failed_ = false;
    Error error_;
};

} // namespace

Result<EmpiricalLength> parsePythonHistogram(std::string_view text) {
    EmpiricalLength law;
    std::size_t at = 0;
    const auto blanks = [&] {
        while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'))
            ++at;
    };
    const auto wrong = [&](const char* wanted) {
        return fail(Error{fmt::format("expected {} at position {}, found {}", wanted, at + 1,
                                      quotedText(text.substr(std::min(at, text.size()), 20))),
                          "", 0, static_cast<int>(at) + 1});
    };
    const auto number = [&]() -> std::optional<double> {
        blanks();
        std::size_t end = at;
        while (end < text.size() && text[end] != ':' && text[end] != ',' && text[end] != '}')
            ++end;
        std::string_view word = trimmed(text.substr(at, end - at));
        const std::size_t open = word.find('(');
        if (open != std::string_view::npos && word.back() == ')') {
            word = word.substr(open + 1, word.size() - open - 2);
        }
        if (word.size() >= 2 && (word.front() == '\'' || word.front() == '"')) {
            word = word.substr(1, word.size() - 2);
        }
        const std::optional<double> value = parseDouble(word);
        if (value) at = end;
        return value;
    };
    blanks();
    if (at >= text.size() || text[at] != '{') return wrong("{");
    ++at;
    while (true) {
        blanks();
        if (at < text.size() && text[at] == '}') return law;
        const auto tokens = number();
        if (!tokens || *tokens < 0 || *tokens > kMostTraceTokens)
            return wrong("a number of tokens, 0 to 1e8");
        if (at >= text.size() || text[at] != ':') return wrong("a colon");
        ++at;
        const auto weight = number();
        if (!weight || *weight < 0 || *weight > 1e15) return wrong("a weight of 0 or more");
        const double whole = std::max(1.0, std::floor(*tokens + 0.5));
        if (*weight > 0) law.bins.push_back({whole, whole, *weight});
        blanks();
        if (at < text.size() && text[at] == ',') {
            ++at;
        } else if (at >= text.size() || text[at] != '}') {
            return wrong("a comma or }");
        }
    }
}

Result<std::vector<ServegenWindow>> readServegenWindows(LineReader lines) {
    WindowReader reader(CsvReader(std::move(lines)));
    std::vector<ServegenWindow> windows;
    for (ServegenWindow window; reader.next(window);) {
        if (windows.size() == kMostWindows) {
            return fail(Error{
                fmt::format("has more than {} windows; this is not a ServeGen trace", kMostWindows),
                reader.path()});
        }
        windows.push_back(window);
    }
    if (reader.failed()) return fail(reader.error());
    if (windows.empty()) {
        return fail(Error{"trace is empty; expected windows: start, rate, cv, law, shape, scale",
                          reader.path(), 1});
    }
    return windows;
}

Result<ServegenDataset> loadServegenDataset(const std::string& path) {
    Result<LineReader> lines = LineReader::open(path, kMostServegenBytes);
    if (!lines) return fail(lines.error());
    std::string text;
    for (std::string_view line; lines->next(line);) {
        text += line;
        text += '\n';
        if (text.size() > kMostServegenBytes) {
            return fail(Error{"is larger than 512 MiB; this is not a ServeGen dataset", path});
        }
    }
    if (lines->failed()) return fail(lines->error());
    simdjson::dom::parser parser;
    simdjson::dom::object windows;
    if (const auto code = parser.parse(text).get(windows); code != simdjson::SUCCESS) {
        return fail(
            Error{fmt::format("is not a JSON object of windows: {}", simdjson::error_message(code)),
                  path, 1});
    }
    ServegenDataset dataset;
    for (const auto field : windows) {
        const std::optional<double> start = parseDouble(field.key);
        if (!start) continue; // metadata beside the windows
        ServegenLengths lengths;
        for (const char* name : {"input_tokens", "output_tokens"}) {
            std::string_view histogram;
            if (field.value.at_key(name).get(histogram) != simdjson::SUCCESS) continue;
            Result<EmpiricalLength> law = parsePythonHistogram(histogram);
            if (!law) {
                return fail(Error{
                    fmt::format("window {}: \"{}\": {}", field.key, name, law.error().message),
                    path, 1});
            }
            if (law->bins.empty()) continue;
            (std::string_view(name) == "input_tokens" ? lengths.prompt : lengths.output)
                .emplace(*law);
        }
        if (lengths.prompt) dataset.emplace(*start, std::move(lengths));
    }
    if (dataset.empty()) {
        return fail(Error{"has no window with an \"input_tokens\" histogram", path, 1});
    }
    return dataset;
}

} // namespace penstock::sim
