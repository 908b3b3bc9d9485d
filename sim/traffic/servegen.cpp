// SPDX-License-Identifier: Apache-2.0
// The windows of one ServeGen client, and the requests drawn from them.
#include "sim/traffic/servegen.h"

#include "sim/traffic/csv.h"
#include "sim/traffic/json_rows.h"
#include "sim/traffic/readers.h"
#include "sim/traffic/sampler.h"
#include "sim/traffic/start_times.h"
#include "sim/traffic/text_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace penstock::sim {
namespace {

constexpr double kWindowSeconds = 600;
constexpr std::uint32_t kMostDatasetBytes = 1U << 29;

struct WindowLengths {
    std::optional<LengthSampler> prompt;
    std::optional<LengthSampler> output;
};
using Dataset = std::map<double, WindowLengths>; // by the window's start, in seconds

std::string datasetPath(const std::string& tracePath) {
    std::string path = tracePath;
    const std::size_t at = path.rfind("-trace.csv");
    if (at == std::string::npos) return {};
    return path.replace(at, std::string("-trace.csv").size(), "-dataset.json");
}

Result<Dataset> loadDataset(const std::string& path) {
    Result<LineReader> lines = LineReader::open(path, kMostDatasetBytes);
    if (!lines) return fail(lines.error());
    std::string text;
    for (std::string_view line; lines->next(line);) {
        text += line;
        text += '\n';
        if (text.size() > kMostDatasetBytes) {
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
    Dataset dataset;
    for (const auto field : windows) {
        const std::optional<double> start = parseDouble(field.key);
        if (!start) continue; // metadata beside the windows
        WindowLengths lengths;
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

class ServegenWindows final : public RowSource {
  public:
    ServegenWindows(CsvReader csv, Dataset dataset, TraceCounters& counters, const DrawKey& key)
        : csv_(std::move(csv)), dataset_(std::move(dataset)), counters_(counters), key_(key),
          gaps_(key.sequence(Purpose::windowGaps)) {}

    // Reads the first window; an empty file is an error.
    Status start() {
        if (readWindow(ahead_)) return {};
        if (failed_) return fail(error_);
        return fail(Error{"trace is empty; expected windows: start, rate, cv, law, shape, scale",
                          csv_.path(), 1});
    }

    Pull next(TraceRow& row) override {
        while (!failed_) {
            if (inWindow_) {
                const double at = nowSeconds_ + pendingGap_ / window_.perSecond;
                if (at < endSeconds_) {
                    nowSeconds_ = at;
                    pendingGap_ = window_.gap.draw(gaps_);
                    fill(row);
                    return Pull::row;
                }
                // What is left of the gap goes on in the next window, at that window's rate.
                pendingGap_ -= (endSeconds_ - nowSeconds_) * window_.perSecond;
                inWindow_ = false;
            }
            if (!openWindow()) break;
        }
        return failed_ ? Pull::failed : Pull::end;
    }

    const Error& error() const override { return error_; }

  private:
    struct Window {
        double start = 0;
        double perSecond = 0;
        GapLaw gap = GapLaw::poisson();
    };

    bool complain(const std::vector<CsvField>& fields, std::size_t at, const char* wanted) {
        failed_ = true;
        const bool there = at < fields.size();
        error_ = {
            fmt::format("\"{}\" is not {}; a ServeGen window is: start, rate, cv, law, shape, "
                        "scale",
                        there ? std::string(fields[at].text.substr(0, 60)) : "", wanted),
            csv_.path(), csv_.line(), there ? fields[at].column : fields.back().column};
        return false;
    }

    bool readWindow(Window& out) {
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
        out = Window{};
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

    bool openWindow() {
        if (endOfFile_) return false;
        window_ = ahead_;
        if (readWindow(ahead_)) {
            endSeconds_ = ahead_.start;
            length_ = ahead_.start - window_.start;
        } else {
            if (failed_) return false;
            endOfFile_ = true;
            endSeconds_ = window_.start + length_;
        }
        if (window_.perSecond <= 0) return true;
        // Lengths hold from their window's start until the next one that has any.
        auto lengths = dataset_.upper_bound(window_.start);
        lengths_ = lengths == dataset_.begin() ? &lengths->second : &std::prev(lengths)->second;
        if (!started_) {
            pendingGap_ = window_.gap.draw(gaps_);
            started_ = true;
        }
        nowSeconds_ = window_.start;
        inWindow_ = true;
        return true;
    }

    void fill(TraceRow& row) {
        row.clear();
        ++counters_.rowsRead;
        row.timeNs = static_cast<std::int64_t>(nowSeconds_ * 1e9);
        const NormalPair z = normals(key_.uniforms(Purpose::windowLengths, number_++));
        row.promptTokens = lengths_->prompt->fromNormal(z.first);
        if (lengths_->output) row.outputTokens = lengths_->output->fromNormal(z.second);
    }

    CsvReader csv_;
    Dataset dataset_;
    TraceCounters& counters_;
    DrawKey key_;
    RandomSequence gaps_;
    Window window_;
    Window ahead_;
    const WindowLengths* lengths_ = nullptr;
    double endSeconds_ = 0;
    double length_ = kWindowSeconds;
    double nowSeconds_ = 0;
    double pendingGap_ = 0; // in mean gaps
    double lastStart_ = 0;
    std::uint64_t number_ = 0;
    bool seen_ = false;
    bool started_ = false;
    bool inWindow_ = false;
    bool endOfFile_ = false;
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
        return fail(Error{fmt::format("expected {} at position {}, found \"{}\"", wanted, at + 1,
                                      std::string(text.substr(std::min(at, text.size()), 20))),
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
        if (!tokens || *tokens < 0 || *tokens > 1e9) return wrong("a number of tokens");
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

Result<RowSourcePtr> openServegenWindows(const std::string& path, LineReader lines,
                                         TraceCounters& counters, const DrawKey& key) {
    const std::string beside = datasetPath(path);
    if (beside.empty()) {
        return fail(Error{"a ServeGen trace is called chunk-N-trace.csv, with chunk-N-dataset.json "
                          "beside it; keep those names",
                          path});
    }
    Result<Dataset> dataset = loadDataset(beside);
    if (!dataset) return fail(dataset.error());
    auto windows = std::make_unique<ServegenWindows>(CsvReader(std::move(lines)),
                                                     std::move(*dataset), counters, key);
    if (Status status = windows->start(); !status) return fail(status.error());
    return windows;
}

} // namespace penstock::sim
