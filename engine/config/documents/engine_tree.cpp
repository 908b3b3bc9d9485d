// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/engine_tree.h"

#include "engine/config/text/override.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock {
namespace {

constexpr std::array<std::string_view, 4> kParts{"transport", "pools", "merge_policy",
                                                 "transforms"};

Node text(std::string value, const Position& at) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.quoted = true;
    node.text = std::move(value);
    node.at = at;
    return node;
}

// A string of JSON in place of a mapping or list becomes what it spells. The places within it are
// those of the string: its lines are not the file's.
Status expandString(const Document& document, Node& node) {
    if (node.kind != Node::Kind::scalar || !node.quoted) return {};
    const std::size_t first = node.text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || (node.text[first] != '{' && node.text[first] != '['))
        return {};
    auto parsed = Document::parse(node.text, "", Syntax::json);
    if (!parsed) {
        return fail(document.error(node.at, fmt::format("within this string of JSON, line {}, "
                                                        "column {}: {}",
                                                        parsed.error().line, parsed.error().column,
                                                        parsed.error().message)));
    }
    const Position at = node.at;
    node = std::move(parsed->root());
    stamp(node, at);
    return {};
}

Status expandGate(const Document& document, Node& owner, int depth) {
    Node* params = owner.find("gate_params");
    if (params == nullptr || depth > 16) return {};
    for (const std::string_view key :
         {"gates", "gate", "saturation_gate_params", "labels", "pods_labels"}) {
        Node* value = params->find(key);
        if (value == nullptr) continue;
        if (auto ok = expandString(document, *value); !ok) return ok;
        if (key == "gate") {
            if (auto ok = expandGate(document, *value, depth + 1); !ok) return ok;
        }
        for (Node& inner : value->items) {
            if (auto ok = expandGate(document, inner, depth + 1); !ok) return ok;
        }
    }
    return {};
}

Status expandGates(const Document& document, Node& engine) {
    std::vector<Node*> owners;
    if (Node* pools = engine.find("pools")) {
        for (Node& pool : pools->items)
            owners.push_back(&pool);
    }
    if (Node* transport = engine.find("transport")) {
        for (const std::string_view key : {"queues", "topics"}) {
            if (Node* queues = transport->find(key)) {
                for (Node& queue : queues->items)
                    owners.push_back(&queue);
            }
        }
    }
    for (Node* owner : owners) {
        if (auto ok = expandGate(document, *owner, 0); !ok) return ok;
    }
    return {};
}

Status graftFile(Document& tree, std::string_view key, const std::string& file) {
    if (file.empty()) return {};
    auto document = Document::load(file, Syntax::detect, {}, Irregular::kept);
    if (!document) return fail(document.error());
    tree.root().members.push_back({std::string(key), {}, {}});
    tree.graft(tree.root().members.back().value, std::move(*document));
    return {};
}

std::string_view transportTypeOf(const Node& transport) {
    if (transport.find("topics") != nullptr || transport.find("project_id") != nullptr) {
        return "gcp-pubsub";
    }
    return "redis-sortedset"; // redis-pubsub has no key of its own
}

} // namespace

Status completeEngine(Document& document, std::string_view path) {
    for (const std::string_view part : kParts) {
        const std::string at = path.empty() ? std::string(part) : fmt::format("{}.{}", path, part);
        if (auto ok = includeFile(document, at, {}, Irregular::kept); !ok) return ok;
    }
    Node* engine = &document.root();
    if (!path.empty()) {
        const auto found = findPath(document, path);
        if (!found) return {}; // its reader will miss it
        engine = *found;
    }
    return expandGates(document, *engine);
}

Result<Document> engineTree(const EngineFiles& files) {
    if (!files.transportText.empty() && !files.transportFile.empty()) {
        return fail("--transport-config and --transport-config-file are both given; keep one");
    }
    if (files.transportText.empty() && files.transportFile.empty()) {
        return fail("no transport document; give --transport-config-file FILE");
    }
    Document tree = Document::mapping("command line");
    Node& root = tree.root();
    root.members.reserve(kParts.size());
    if (files.transportText.empty()) {
        if (auto ok = graftFile(tree, "transport", files.transportFile); !ok)
            return fail(ok.error());
    } else {
        auto inline_ = Document::parse(files.transportText, "--transport-config", Syntax::json, {},
                                       1, Irregular::kept);
        if (!inline_) return fail(inline_.error());
        root.members.push_back({"transport", {}, {}});
        tree.graft(root.members.back().value, std::move(*inline_));
    }
    if (auto ok = graftFile(tree, "pools", files.poolFile); !ok) return fail(ok.error());
    if (auto ok = graftFile(tree, "merge_policy", files.mergeFile); !ok) return fail(ok.error());
    if (auto ok = graftFile(tree, "transforms", files.transformFile); !ok) return fail(ok.error());
    auto flags = files.flags;
    if (!files.transportType.empty()) flags.emplace_back("transport", files.transportType);
    for (const auto& [name, value] : flags) {
        if (name.find('_') != std::string::npos) {
            return fail(
                fmt::format("--{}: there is no such flag; flags are written with dashes", name));
        }
        std::string key = name == "transport" ? "transport_type" : name;
        std::replace(key.begin(), key.end(), '-', '_');
        const Position at{tree.addSource({fmt::format("--{}={}", name, value), true, false}), 0, 0};
        Node node = text(value, at);
        node.quoted = false;
        root.members.push_back({std::move(key), at, std::move(node)});
    }
    if (auto ok = completeEngine(tree, ""); !ok) return fail(ok.error());
    return tree;
}

DocumentKind recognise(const Node& root) {
    if (root.kind == Node::Kind::list) {
        const bool pools = !root.items.empty() && root.items[0].find("id") != nullptr &&
                           root.items[0].find("workers") != nullptr;
        return pools ? DocumentKind::pools : DocumentKind::unknown;
    }
    const auto has = [&root](std::string_view key) { return root.find(key) != nullptr; };
    if (has("ap")) return DocumentKind::helmValues;
    if (has("requestTransforms")) return DocumentKind::transforms;
    if (has("scenario") || has("sources") || has("engine")) return DocumentKind::scenario;
    if (has("transport")) return DocumentKind::engine;
    if (has("queues") || has("topics")) return DocumentKind::transport;
    if (has("type")) return DocumentKind::mergePolicy;
    return DocumentKind::unknown;
}

Result<Document> engineTree(std::vector<Document> documents) {
    Document tree = Document::mapping("documents");
    Node& root = tree.root();
    for (Document& document : documents) {
        const DocumentKind kind = recognise(document.root());
        const Position at = document.root().at;
        std::string_view key;
        switch (kind) {
        case DocumentKind::transport:
            key = kParts[0];
            break;
        case DocumentKind::pools:
            key = kParts[1];
            break;
        case DocumentKind::mergePolicy:
            key = kParts[2];
            break;
        case DocumentKind::transforms:
            key = kParts[3];
            break;
        default:
            return fail(document.error(
                at, "this is none of llm-d-async's documents; expected a transport (queues or "
                    "topics), a list of pools, a merge policy (type), transforms "
                    "(requestTransforms) or Helm values (ap)"));
        }
        if (const Node* other = root.find(key)) {
            return fail(document.error(at, fmt::format("a second document for {}; the first is {}",
                                                       key, tree.place(other->at).file)));
        }
        if (kind == DocumentKind::transport) {
            root.members.push_back(
                {"transport_type", {}, text(std::string(transportTypeOf(document.root())), {})});
        }
        root.members.push_back({std::string(key), {}, {}});
        tree.graft(root.members.back().value, std::move(document));
    }
    if (root.find("transport") == nullptr) {
        std::string names;
        for (const auto& source : tree.sources()) {
            if (&source != &tree.sources().front()) names = source.name;
        }
        return fail(Error{"there is no transport document (the one with the queues) beside it; "
                          "name both",
                          names});
    }
    if (auto ok = completeEngine(tree, ""); !ok) return fail(ok.error());
    return tree;
}

Result<EngineDocument> readDeployment(std::vector<Document> documents,
                                      const std::vector<std::string>& overrides) {
    const bool values = std::all_of(documents.begin(), documents.end(), [](const Document& d) {
        return recognise(d.root()) == DocumentKind::helmValues;
    });
    EngineOptions options;
    std::vector<Finding> findings;
    Result<Document> tree = [&]() -> Result<Document> {
        if (!values) return engineTree(std::move(documents));
        Document layered = layerHelmValues(std::move(documents));
        for (const std::string& assignment : overrides) {
            if (!assignment.starts_with("ap.")) continue;
            if (auto done = setHelmValue(layered, assignment); !done) return fail(done.error());
        }
        auto helm = engineTreeFromHelm(std::move(layered));
        if (!helm) return fail(helm.error());
        options = std::move(helm->options);
        findings = std::move(helm->findings);
        return std::move(helm->tree);
    }();
    if (!tree) return fail(tree.error());
    for (const std::string& assignment : overrides) {
        if (values && assignment.starts_with("ap.")) continue; // laid over them above
        if (auto done = applyOverride(*tree, assignment); !done) return fail(done.error());
    }
    options.needAddresses = false;
    options.deployed = true;
    auto engine = readEngine(*tree, options);
    if (engine) {
        engine->findings.insert(engine->findings.end(), findings.begin(), findings.end());
    }
    return engine;
}

} // namespace penstock
