// SPDX-License-Identifier: Apache-2.0
#pragma once

// A YAML or JSON document as a tree that still knows where each value stood, so that every error
// can name its file, line and column. Both syntaxes give the same tree; JSON is held to JSON's own
// grammar. Everything is bounded: the size of a file, the length of a line, the depth, the number
// of values and what aliases may expand to. Nothing here throws across its boundary.
#include "engine/types/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

struct Limits {
    std::size_t fileBytes = std::size_t{16} << 20;
    std::size_t lineBytes = std::size_t{1} << 20;
    std::size_t values = 1'000'000; // after aliases are expanded
    std::size_t members = 4096;     // keys of one mapping
    int depth = 64;
};

// Where something stands, for a person.
struct Position {
    std::uint16_t source = 0; // index into Document::sources()
    int line = 0;             // 1-based; 0 when unknown
    int column = 0;
};

struct Member;

struct Node {
    enum class Kind : std::uint8_t { null, scalar, list, map };
    Kind kind = Kind::null;
    bool quoted = false; // a string for certain; an unquoted scalar may be a number or a boolean
    Position at;
    std::string text;            // scalar, unescaped
    std::vector<Node> items;     // list
    std::vector<Member> members; // map, in the order of the document, without duplicates

    const Node* find(std::string_view key) const;
    Node* find(std::string_view key);
};

struct Member {
    std::string key;
    Position at; // of the key
    Node value;
};

enum class Syntax : std::uint8_t {
    detect, // by the file's extension, else JSON when the text begins as JSON does
    yaml,
    json,
};

// What the JSON decoder of llm-d-async makes something of and a careful reader would refuse. Where
// it is kept, the reader of the document says what becomes of it.
struct Irregularity {
    enum class Kind : std::uint8_t {
        byteOrderMark, // before the text, which is then no JSON
        repeatedKey,   // later values laid over earlier ones
        trailingText,  // behind the end of the value
        loneSurrogate, // read as U+FFFD
    };
    Kind kind = Kind::repeatedKey;
    Position at;
    std::string message; // what it is
};
enum class Irregular : std::uint8_t { refused, kept };

class Document {
  public:
    // An input that values came from: a file, or a value given on the command line.
    struct Source {
        std::string name; // "scenario.yaml", or "--set pool.tp=3"
        bool commandLine = false;
        bool json = false;
    };

    // Reads a file as far as its limits allow: a line without end is noticed after lineBytes.
    // `irregular` is for JSON alone.
    static Result<Document> load(const std::string& path, Syntax syntax = Syntax::detect,
                                 const Limits& limits = {},
                                 Irregular irregular = Irregular::refused);
    // `name` stands for the file in errors. `firstLine`: the line at which the text begins there.
    static Result<Document> parse(std::string_view text, std::string name,
                                  Syntax syntax = Syntax::detect, const Limits& limits = {},
                                  int firstLine = 1, Irregular irregular = Irregular::refused);

    // An empty mapping, to be filled.
    static Document mapping(std::string name);

    const Node& root() const { return root_; }
    Node& root() { return root_; }
    const std::vector<Source>& sources() const { return sources_; }
    const Source& source(const Position& at) const { return sources_[at.source]; }

    Place place(const Position& at) const;

    // An error that names where `at` is. A value from the command line is named as it was given.
    Error error(const Position& at, std::string message) const;

    // `file` as seen from the document that names it: relative to its folder, or to the working
    // folder when it was given on the command line.
    std::string resolve(const Position& at, const std::string& file) const;

    // Puts the tree of another document in the place of `node`, which belongs to this document.
    // Positions go on naming the other document.
    void graft(Node& node, Document other);

    // Registers another input and returns its index.
    std::uint16_t addSource(Source source);

    // Of this document and all that was grafted into it.
    const std::vector<Irregularity>& irregularities() const { return irregularities_; }
    // The first of them as an error, for a document that must have none.
    Status regular() const;

  private:
    Node root_;
    std::vector<Source> sources_;
    std::vector<Irregularity> irregularities_;
};

// What an unquoted scalar is in JSON's terms, by YAML's core rules (numbers in decimal only); a
// quoted one is text.
enum class ScalarType : std::uint8_t { text, number, boolean };
ScalarType typeOf(const Node& scalar);

// The value as a person would recognise it in an error: quoted, shortened, control characters
// escaped; "a list of 3", "a mapping" for the others.
std::string describe(const Node& node);
std::string quoteForError(std::string_view text);

} // namespace penstock
