// SPDX-License-Identifier: Apache-2.0
// Writer and parser of the text exposition format; see exposition.h. The grammar is that of
// github.com/prometheus/common/expfmt, which llm-d-async's endpoint-scrape uses.
#include "engine/metrics/exposition.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

namespace penstock::metrics {

namespace {

using Type = ExposedSample::Type;

bool isBlank(char c) {
    return c == ' ' || c == '\t';
}
bool isNameStart(char c, bool metric) {
    return c == '_' || (metric && c == ':') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isNamePart(char c, bool metric) {
    return isNameStart(c, metric) || (c >= '0' && c <= '9');
}

std::optional<double> parseValue(std::string_view text) {
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
        if (!text.empty() && (text.front() == '+' || text.front() == '-')) return std::nullopt;
    }
    // from_chars would take nan(...) as well.
    if (text.empty() || text.find('(') != std::string_view::npos) return std::nullopt;
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void writeValue(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        fmt::format_to(std::back_inserter(out), "{}", value);
    }
}

std::optional<Type> typeNamed(std::string_view name) {
    if (name == "gauge") return Type::gauge;
    if (name == "counter") return Type::counter;
    if (name == "untyped") return Type::untyped;
    if (name == "histogram") return Type::histogram;
    if (name == "summary") return Type::summary;
    return std::nullopt;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<std::vector<ExposedSample>> run() {
        while (position_ < text_.size()) {
            const std::size_t end = std::min(text_.find('\n', position_), text_.size());
            line_ = text_.substr(position_, end - position_);
            ++lineNumber_;
            at_ = 0;
            const Status status = parseLine();
            if (!status) return fail(status.error());
            position_ = end + 1;
        }
        return std::move(samples_);
    }

  private:
    char peek() const { return at_ < line_.size() ? line_[at_] : '\0'; }
    void skipBlanks() {
        while (at_ < line_.size() && isBlank(line_[at_]))
            ++at_;
    }
    tl::unexpected<Error> wrong(std::string message) const {
        Error error;
        error.message = "exposition text: " + std::move(message);
        error.line = lineNumber_;
        error.column = static_cast<int>(at_) + 1;
        return fail(std::move(error));
    }
    std::string_view name(bool metric) {
        const std::size_t start = at_;
        if (at_ < line_.size() && isNameStart(line_[at_], metric)) {
            while (at_ < line_.size() && isNamePart(line_[at_], metric))
                ++at_;
        }
        return line_.substr(start, at_ - start);
    }
    std::string_view word() {
        skipBlanks();
        const std::size_t start = at_;
        while (at_ < line_.size() && !isBlank(line_[at_]))
            ++at_;
        return line_.substr(start, at_ - start);
    }

    Status parseLine() {
        if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
        skipBlanks();
        if (at_ == line_.size()) return {};
        if (peek() == '#') return comment();
        return sampleLine();
    }

    Status comment() {
        ++at_;
        if (word() != "TYPE") return {};
        const std::string_view family = word();
        const std::string_view kind = word();
        const auto type = typeNamed(kind);
        if (family.empty() || !type) {
            return wrong(fmt::format("bad TYPE line; the type must be counter, gauge, histogram, "
                                     "summary or untyped, not '{}'",
                                     kind));
        }
        if (!types_.emplace(family, *type).second) {
            return wrong(fmt::format("a second TYPE line for {}", family));
        }
        return {};
    }

    Type typeOf(std::string_view metric) const {
        if (const auto it = types_.find(metric); it != types_.end()) return it->second;
        // The parts of a histogram or a summary belong to its family.
        for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
            if (!metric.ends_with(suffix)) continue;
            const auto it = types_.find(metric.substr(0, metric.size() - suffix.size()));
            if (it == types_.end()) continue;
            if (it->second == Type::histogram) return Type::histogram;
            if (it->second == Type::summary && suffix != "_bucket") return Type::summary;
        }
        return Type::untyped;
    }

    Status sampleLine() {
        const std::string_view metric = name(true);
        if (metric.empty()) return wrong("a metric name was expected");
        ExposedSample sample;
        sample.labels.set(kMetricName, metric);
        sample.type = typeOf(metric);
        skipBlanks();
        if (peek() == '{') {
            const Status status = labels(sample.labels);
            if (!status) return status;
        }
        const std::string_view value = word();
        const auto number = parseValue(value);
        if (!number) {
            return wrong(
                fmt::format("a number was expected as the value of {}, not '{}'", metric, value));
        }
        sample.value = *number;
        const std::string_view stamp = word();
        if (!stamp.empty()) {
            std::int64_t ms = 0;
            const auto [end, error] =
                std::from_chars(stamp.data(), stamp.data() + stamp.size(), ms);
            if (error != std::errc{} || end != stamp.data() + stamp.size()) {
                return wrong(
                    fmt::format("a time stamp in milliseconds was expected, not '{}'", stamp));
            }
        }
        if (!word().empty()) return wrong("the line goes on after value and time stamp");
        samples_.push_back(std::move(sample));
        return {};
    }

    Status labels(Labels& out) {
        ++at_;
        while (true) {
            skipBlanks();
            if (peek() == '}') {
                ++at_;
                return {};
            }
            const std::string_view label = name(false);
            if (label.empty()) return wrong("a label name or '}' was expected");
            if (label == kMetricName) return wrong("__name__ must not stand among the labels");
            skipBlanks();
            if (peek() != '=') return wrong(fmt::format("'=' was expected after {}", label));
            ++at_;
            skipBlanks();
            if (peek() != '"')
                return wrong(fmt::format("a quoted value was expected for {}", label));
            ++at_;
            std::string value;
            while (true) {
                if (at_ >= line_.size()) return wrong("unterminated label value");
                const char c = line_[at_++];
                if (c == '"') break;
                if (c != '\\') {
                    value += c;
                    continue;
                }
                const char escaped = peek();
                if (escaped != '\\' && escaped != '"' && escaped != 'n') {
                    return wrong("after a backslash only a backslash, a quote or n may stand");
                }
                value += escaped == 'n' ? '\n' : escaped;
                ++at_;
            }
            if (out.has(label)) return wrong(fmt::format("the label {} is given twice", label));
            out.set(label, value);
            skipBlanks();
            if (peek() == ',') {
                ++at_;
            } else if (peek() != '}') {
                return wrong("',' or '}' was expected");
            }
        }
    }

    std::string_view text_;
    std::size_t position_ = 0;
    std::string_view line_;
    int lineNumber_ = 0;
    std::size_t at_ = 0;
    std::unordered_map<std::string_view, Type> types_;
    std::vector<ExposedSample> samples_;
};

} // namespace

void writeExposition(const std::vector<ExposedSample>& samples, std::string& out) {
    // Lines of one family must stand together.
    std::vector<std::string_view> order;
    std::unordered_map<std::string_view, std::vector<const ExposedSample*>> families;
    for (const ExposedSample& sample : samples) {
        auto& family = families[sample.labels.get(kMetricName)];
        if (family.empty()) order.push_back(sample.labels.get(kMetricName));
        family.push_back(&sample);
    }
    for (const std::string_view metric : order) {
        fmt::format_to(std::back_inserter(out), "# TYPE {} gauge\n", metric);
        for (const ExposedSample* sample : families[metric]) {
            out += metric;
            bool open = false;
            for (const Label& label : sample->labels) {
                if (label.name == kMetricName) continue;
                out += open ? ',' : '{';
                open = true;
                out += label.name + "=\"" + escapeLabelValue(label.value) + "\"";
            }
            if (open) out += '}';
            out += ' ';
            writeValue(out, sample->value);
            out += '\n';
        }
    }
}

Result<std::vector<ExposedSample>> parseExposition(std::string_view text) {
    return Parser(text).run();
}

std::vector<const ExposedSample*> findExposed(const std::vector<ExposedSample>& samples,
                                              std::string_view metric, const Labels& labels) {
    std::vector<const ExposedSample*> found;
    for (const ExposedSample& sample : samples) {
        if (sample.labels.get(kMetricName) != metric) continue;
        if (sample.type == Type::histogram || sample.type == Type::summary) continue;
        bool all = true;
        for (const Label& wanted : labels) {
            all = all && sample.labels.get(wanted.name) == wanted.value;
        }
        if (all) found.push_back(&sample);
    }
    return found;
}

Labels filterLabels(std::string_view text) {
    Labels labels;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view pair = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        if (const auto equals = pair.find('='); equals != std::string_view::npos) {
            labels.set(pair.substr(0, equals), pair.substr(equals + 1));
        }
    }
    return labels;
}

} // namespace penstock::metrics
