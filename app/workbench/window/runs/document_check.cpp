// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/document_check.h"

#include "app/session/view/advice_rows.h"
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"
#include "engine/record/report/report.h"

#include <array>
#include <fstream>
#include <iterator>

namespace penstock::app {
namespace {

constexpr std::string_view kStoreMagic = "SQLite format 3";
constexpr std::size_t kHead = 4096;

} // namespace

FileKind fileKind(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    std::string head(kHead, '\0');
    in.read(head.data(), kHead);
    head.resize(static_cast<std::size_t>(in.gcount()));
    if (head.starts_with(kStoreMagic)) return FileKind::store;
    // Documents of our own name their schema at their beginning.
    if (head.find("\"penstock.report/") != std::string::npos) return FileKind::report;
    if (head.find("\"penstock.moves/") != std::string::npos) return FileKind::moves;
    // A scenario that does not parse is still one: opening it says what is wrong.
    const bool yaml = file.ends_with(".yaml") || file.ends_with(".yml");
    const auto document = Document::load(file);
    if (!document) return yaml ? FileKind::scenario : FileKind::unknown;
    switch (recognise(document->root())) {
    case DocumentKind::scenario:
        return FileKind::scenario;
    case DocumentKind::unknown:
        return FileKind::unknown;
    default:
        return FileKind::documents;
    }
}

Result<std::vector<AdviceRow>> checkFiles(const std::vector<std::string>& files) {
    std::vector<Document> documents;
    for (const std::string& file : files) {
        auto document = Document::load(file, Syntax::detect, {}, Irregular::kept);
        if (!document) return fail(document.error());
        documents.push_back(std::move(*document));
    }
    auto engine = readDeployment(std::move(documents));
    if (!engine) return fail(engine.error());
    if (auto gates = checkGates(*engine); !gates) return fail(gates.error());
    std::vector<AdviceRow> out;
    for (const Finding& f : advise(*engine))
        out.push_back(rowOf(f));
    return out;
}

} // namespace penstock::app
