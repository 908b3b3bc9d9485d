// SPDX-License-Identifier: Apache-2.0
#include "engine/config/text/document.h"

#include "engine/config/text/input_text.h"
#include "engine/config/text/syntax.h"
#include "engine/types/check.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

namespace penstock {
namespace {

constexpr std::size_t kShownBytes = 60;

std::string bytes(std::uintmax_t count) {
    if (count >= 1u << 30)
        return fmt::format("{:.1f} GiB", static_cast<double>(count) / (1u << 30));
    if (count >= 1u << 20)
        return fmt::format("{:.1f} MiB", static_cast<double>(count) / (1u << 20));
    return fmt::format("{} bytes", count);
}

// Looks at bytes as they arrive, so that junk is refused long before it has all been read.
class TextCheck {
  public:
    TextCheck(std::string name, const Limits& limits, int firstLine)
        : name_(std::move(name)), limits_(limits), line_(firstLine) {}

    Status look(std::string_view chunk) {
        for (const char c : chunk) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte == '\n') {
                ++line_;
                column_ = 0;
                continue;
            }
            ++column_;
            if (column_ > limits_.lineBytes) {
                return fail(
                    Error{fmt::format("this line is longer than {}; this does not look like "
                                      "a document written for this program",
                                      bytes(limits_.lineBytes)),
                          name_, line_, 0});
            }
            if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f) {
                return fail(bad(fmt::format("byte 0x{:02x} does not belong in a text file", byte)));
            }
            if (!utf8(byte)) return fail(bad("this is not UTF-8 text"));
        }
        return {};
    }
    Status end() const {
        if (following_ > 0) return fail(bad("the text ends within a UTF-8 character"));
        return {};
    }

  private:
    Error bad(std::string what) const {
        return Error{std::move(what) + "; a document is YAML or JSON in UTF-8", name_, line_,
                     static_cast<int>(column_)};
    }
    bool utf8(unsigned char byte) {
        if (following_ > 0) {
            const bool fits = byte >= low_ && byte <= high_;
            low_ = 0x80;
            high_ = 0xbf;
            --following_;
            return fits;
        }
        if (byte < 0x80) return true;
        if (byte < 0xc2 || byte > 0xf4) return false;
        following_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        low_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
        high_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
        return true;
    }

    std::string name_;
    const Limits& limits_;
    int line_;
    std::size_t column_ = 0;
    int following_ = 0;
    unsigned char low_ = 0x80;
    unsigned char high_ = 0xbf;
};

Syntax detect(std::string_view name, std::string_view text) {
    if (name.ends_with(".json")) return Syntax::json;
    if (name.ends_with(".yaml") || name.ends_with(".yml")) return Syntax::yaml;
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return Syntax::yaml;
    if (text[first] != '{' && text[first] != '[') return Syntax::yaml;
    const std::size_t second = text.find_first_not_of(kBlank, first + 1);
    const std::string_view begins = text[first] == '{' ? "\"}" : "\"{}[]-0123456789tfn";
    const bool json = second == std::string_view::npos || begins.find(text[second]) != begins.npos;
    return json ? Syntax::json : Syntax::yaml;
}

void shift(Node& node, int lines, std::uint16_t source) {
    if (node.at.line > 0) node.at.line += lines;
    node.at.source = static_cast<std::uint16_t>(node.at.source + source);
    for (Node& item : node.items)
        shift(item, lines, source);
    for (Member& member : node.members) {
        if (member.at.line > 0) member.at.line += lines;
        member.at.source = static_cast<std::uint16_t>(member.at.source + source);
        shift(member.value, lines, source);
    }
}

} // namespace

const Node* Node::find(std::string_view key) const {
    for (const Member& member : members) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}
Node* Node::find(std::string_view key) {
    return const_cast<Node*>(std::as_const(*this).find(key));
}

Result<Document> Document::load(const std::string& path, Syntax syntax, const Limits& limits,
                                Irregular irregular) {
    TextCheck check(path, limits, 1);
    const auto text =
        readText(path, limits.fileBytes, [&](std::string_view part) { return check.look(part); });
    if (!text) return fail(text.error());
    return parse(*text, path, syntax, limits, 1, irregular);
}

Result<Document> Document::parse(std::string_view text, std::string name, Syntax syntax,
                                 const Limits& limits, int firstLine, Irregular irregular) {
    if (text.size() > limits.fileBytes) {
        return fail(
            Error{fmt::format("larger than {}, the limit for a document", bytes(limits.fileBytes)),
                  name});
    }
    TextCheck check(name, limits, firstLine);
    if (auto ok = check.look(text); !ok) return fail(ok.error());
    if (auto ok = check.end(); !ok) return fail(ok.error());
    const bool marked = text.starts_with("\xef\xbb\xbf");
    if (marked) text.remove_prefix(3);

    const Syntax as = syntax == Syntax::detect ? detect(name, text) : syntax;
    std::vector<Irregularity> found;
    if (marked && as == Syntax::json) {
        found.push_back({Irregularity::Kind::byteOrderMark, {0, 1, 1}, "a byte-order mark"});
    }
    const bool kept = irregular == Irregular::kept;
    auto root = as == Syntax::json ? detail::parseJson(text, limits, kept ? &found : nullptr)
                                   : detail::parseYaml(text, limits);
    if (!root) {
        Error error = std::move(root.error());
        error.file = std::move(name);
        if (error.line > 0) error.line += firstLine - 1;
        return fail(std::move(error));
    }
    Document document;
    document.sources_.push_back({std::move(name), false, as == Syntax::json});
    document.root_ = std::move(*root);
    shift(document.root_, firstLine - 1, 0);
    if (kept) document.irregularities_ = std::move(found);
    for (Irregularity& irregularity : document.irregularities_)
        irregularity.at.line += firstLine - 1;
    return document;
}

Document Document::mapping(std::string name) {
    Document document;
    document.sources_.push_back({std::move(name), false, false});
    document.root_.kind = Node::Kind::map;
    return document;
}

Place Document::place(const Position& at) const {
    const Source& from = source(at);
    return from.commandLine ? Place{from.name} : Place{from.name, at.line, at.column};
}

Error Document::error(const Position& at, std::string message) const {
    Place where = place(at);
    return Error{std::move(message), std::move(where.file), where.line, where.column};
}

std::string Document::resolve(const Position& at, const std::string& file) const {
    const std::filesystem::path path(file);
    const Source& from = source(at);
    if (path.is_absolute() || from.commandLine) return path.lexically_normal().string();
    return (std::filesystem::path(from.name).parent_path() / path).lexically_normal().string();
}

std::uint16_t Document::addSource(Source source) {
    PENSTOCK_CHECK(sources_.size() < UINT16_MAX);
    sources_.push_back(std::move(source));
    return static_cast<std::uint16_t>(sources_.size() - 1);
}

void Document::graft(Node& node, Document other) {
    const auto offset = static_cast<std::uint16_t>(sources_.size());
    for (Source& source : other.sources_)
        addSource(std::move(source));
    shift(other.root_, 0, offset);
    for (Irregularity& irregularity : other.irregularities_) {
        irregularity.at.source = static_cast<std::uint16_t>(irregularity.at.source + offset);
        irregularities_.push_back(std::move(irregularity));
    }
    node = std::move(other.root_);
}

Status Document::regular() const {
    if (irregularities_.empty()) return {};
    return fail(error(irregularities_.front().at, irregularities_.front().message));
}

ScalarType typeOf(const Node& scalar) {
    if (scalar.quoted) return ScalarType::text;
    std::string_view text = scalar.text;
    if (text == "true" || text == "false") return ScalarType::boolean;
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = end == text.data() + text.size() && code != std::errc::invalid_argument;
    const bool digits = text.find_first_of("0123456789") != std::string_view::npos;
    return whole && digits ? ScalarType::number : ScalarType::text;
}

std::string quoteForError(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, kShownBytes)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += byte == '\n' ? std::string("\\n") : fmt::format("\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    return out + (text.size() > kShownBytes ? "…\"" : "\"");
}

std::string describe(const Node& node) {
    switch (node.kind) {
    case Node::Kind::null:
        return "nothing";
    case Node::Kind::scalar:
        return node.quoted || node.text.size() > kShownBytes ? quoteForError(node.text) : node.text;
    case Node::Kind::list:
        return fmt::format("a list of {}", node.items.size());
    case Node::Kind::map:
        return "a mapping";
    }
    return "";
}

namespace detail {

std::string duplicateKey(std::string_view key, int firstLine) {
    return fmt::format("the key {} is given twice (first at line {}); keep one", quoteForError(key),
                       firstLine);
}
std::string tooDeep(int depth) {
    return fmt::format("nested deeper than {} levels, the limit for a document", depth);
}
std::string tooMany(std::size_t values) {
    return fmt::format("more than {} values once aliases are expanded, the limit for a document",
                       values);
}

std::string tooManyKeys(std::size_t members) {
    return fmt::format("more than {} keys in one mapping, the limit for a document", members);
}

} // namespace detail
} // namespace penstock
