// SPDX-License-Identifier: Apache-2.0
// YAML through yaml-cpp's events, not its Node: events show aliases before they are expanded, so
// that a few lines of nested aliases cannot fill the memory, and keys before duplicates collapse.
#include "engine/config/text/syntax.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

namespace penstock::detail {
namespace {

struct Refused {
    Error error;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string message) {
    throw Refused{Error{std::move(message), {}, mark.line + 1, mark.column + 1}};
}

// yaml-cpp gives the escapes \N (U+0085) and \_ (U+00A0) as single bytes, which are not UTF-8. The
// text it read was valid, so that such a byte outside a character can be nothing else.
std::string withWholeCharacters(const std::string& value) {
    std::string out;
    out.reserve(value.size());
    int following = 0;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (following > 0) {
            --following;
        } else if (byte == 0x85 || byte == 0xa0) {
            out += '\xc2';
        } else {
            following = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
        }
        out += c;
    }
    return out;
}

class YamlBuilder final : public YAML::EventHandler {
  public:
    explicit YamlBuilder(const Limits& limits) : limits_(limits) {}

    Node take() { return std::move(root_); }
    const Position& lastQuoted() const { return lastQuoted_; }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        place(mark, make(mark, Node::Kind::null), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) refuse(mark, "an alias names a value that contains it");
        count(mark, found->second.values);
        Node copy = found->second.node;
        place(mark, std::move(copy), 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        checkTag(mark, tag);
        Node node = make(mark, Node::Kind::scalar);
        node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
        node.text = withWholeCharacters(value);
        if (node.quoted) lastQuoted_ = node.at;
        if (!node.quoted && (value.empty() || value == "~" || value == "null")) {
            node.kind = Node::Kind::null;
        }
        place(mark, std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::list);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::map);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        Node node;
        YAML::Mark mark;
        YAML::anchor_t anchor = 0;
        std::size_t valuesBefore = 0;
        bool keyPending = false; // a map whose next value belongs to `key`
        std::string key;
        Position keyAt;
    };
    struct Anchored {
        Node node;
        std::size_t values;
    };

    static void checkTag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:"))
            return;
        refuse(mark, fmt::format("the tag {} is not understood; leave it out", quoteForError(tag)));
    }

    void count(const YAML::Mark& mark, std::size_t values) {
        values_ += values;
        if (values_ > limits_.values) refuse(mark, tooMany(limits_.values));
    }

    Node make(const YAML::Mark& mark, Node::Kind kind) {
        count(mark, 1);
        Node node;
        node.kind = kind;
        node.at = {0, mark.line + 1, mark.column + 1};
        return node;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              Node::Kind kind) {
        checkTag(mark, tag);
        if (static_cast<int>(stack_.size()) >= limits_.depth) refuse(mark, tooDeep(limits_.depth));
        const bool isKey = !stack_.empty() && stack_.back().node.kind == Node::Kind::map &&
                           !stack_.back().keyPending;
        if (isKey) refuse(mark, "a key must be a plain name, not a list or a mapping");
        const std::size_t before = values_;
        stack_.push_back({make(mark, kind), mark, anchor, before, false, {}, {}});
    }

    void close() {
        Open done = std::move(stack_.back());
        stack_.pop_back();
        place(done.mark, std::move(done.node), done.anchor, values_ - done.valuesBefore);
    }

    void place(const YAML::Mark& mark, Node node, YAML::anchor_t anchor, std::size_t values = 1) {
        if (anchor != 0) {
            count(mark, values);
            anchors_.insert_or_assign(anchor, Anchored{node, values});
        }
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& into = stack_.back();
        if (into.node.kind == Node::Kind::list) {
            into.node.items.push_back(std::move(node));
        } else if (!into.keyPending) {
            takeKey(mark, into, node);
        } else {
            into.node.members.push_back({std::move(into.key), into.keyAt, std::move(node)});
            into.keyPending = false;
        }
    }

    void takeKey(const YAML::Mark& mark, Open& into, Node& node) {
        if (node.kind != Node::Kind::scalar && node.kind != Node::Kind::null) {
            refuse(mark, "a key must be a plain name, not a list or a mapping");
        }
        if (node.text == "<<" && !node.quoted) {
            refuse(mark, "merge keys (<<) are not part of this format; repeat the keys, or use an "
                         "alias for the whole mapping");
        }
        for (const Member& member : into.node.members) {
            if (member.key == node.text) refuse(mark, duplicateKey(node.text, member.at.line));
        }
        if (into.node.members.size() >= limits_.members) refuse(mark, tooManyKeys(limits_.members));
        into.key = std::move(node.text);
        into.keyAt = node.at;
        into.keyPending = true;
    }

    const Limits& limits_;
    std::vector<Open> stack_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::size_t values_ = 0;
    Position lastQuoted_;
    Node root_;
};

// yaml-cpp lets the end of the text close a quote, which swallows whatever followed a forgotten
// one. Only the last quoted scalar can be such.
bool quoteCloses(std::string_view text, const Position& at) {
    std::size_t start = 0;
    for (int line = 1; line < at.line && start != std::string_view::npos; ++line) {
        start = text.find('\n', start);
        if (start != std::string_view::npos) ++start;
    }
    if (start == std::string_view::npos) return true;
    start = text.find_first_of("\"'", start + static_cast<std::size_t>(at.column - 1));
    if (start == std::string_view::npos) return true; // a tagged plain scalar
    const char quote = text[start];
    for (std::size_t i = start + 1; i < text.size(); ++i) {
        if (text[i] == '\\' && quote == '"') {
            ++i;
        } else if (text[i] == quote) {
            const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
            if (!doubled) return true;
            ++i;
        }
    }
    return false;
}

} // namespace

Result<Node> parseYaml(std::string_view text, const Limits& limits) {
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        YamlBuilder builder(limits);
        if (!parser.HandleNextDocument(builder)) return Node{};
        Node root = builder.take();
        if (const Position quote = builder.lastQuoted();
            quote.line > 0 && !quoteCloses(text, quote)) {
            return fail(
                Error{"the quote that begins here is never closed", {}, quote.line, quote.column});
        }
        YamlBuilder second(limits);
        if (parser.HandleNextDocument(second)) {
            const Node extra = second.take();
            return fail(Error{"a second document begins here; one file holds one document",
                              {},
                              extra.at.line,
                              extra.at.column});
        }
        return root;
    } catch (const Refused& refused) {
        return fail(refused.error);
    } catch (const YAML::Exception& e) {
        return fail(Error{
            fmt::format("this is not YAML: {}", e.msg), {}, e.mark.line + 1, e.mark.column + 1});
    } catch (const std::exception& e) {
        return fail(Error{fmt::format("this is not YAML: {}", e.what())});
    }
}

} // namespace penstock::detail
