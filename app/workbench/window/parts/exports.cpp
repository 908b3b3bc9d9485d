// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/exports.h"

#include "app/workbench/models/text.h"

#include <QCoreApplication>
#include <QDir>
#include <QSaveFile>

namespace penstock::app {
namespace {

QString exportText(const char* words) {
    return QCoreApplication::translate("Exports", words);
}

Status write(const QString& path, const std::string& contents) {
    QSaveFile file(path);
    const QByteArray bytes = QByteArray::fromStdString(contents);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        return fail(exportText("%1 was not written: %2. Choose another place.")
                        .arg(path, file.errorString())
                        .toStdString());
    }
    return {};
}

} // namespace

const std::vector<ExportChoice>& exportChoices() {
    static const std::vector<ExportChoice> all{
        {ExportKind::reportHtml, QStringLiteral("html"), exportText("Report with charts (&HTML)…"),
         exportText("The report so far as one page that needs nothing else"),
         QStringLiteral("report.html"), exportText("HTML pages (*.html)")},
        {ExportKind::reportJson, QStringLiteral("json"), exportText("Report as &JSON…"),
         exportText("The report so far, as penstock run --json writes it"),
         QStringLiteral("report.json"), exportText("JSON (*.json)")},
        {ExportKind::documents,
         QStringLiteral("documents"),
         exportText("llm-d-async &documents…"),
         exportText("The policy with its parameters as they are now, ready to be deployed"),
         QStringLiteral("llm-d-async"),
         {}},
        {ExportKind::helm, QStringLiteral("helm"), exportText("Helm &values…"),
         exportText("The policy with its parameters as they are now, for llm-d-async's chart"),
         QStringLiteral("values.yaml"), exportText("YAML (*.yaml)")},
        {ExportKind::moves, QStringLiteral("moves"), exportText("&Moves made by hand…"),
         exportText("With them, penstock run --replay makes this run again, move by move"),
         QStringLiteral("moves.json"), exportText("JSON (*.json)")}};
    return all;
}

Result<QStringList> writeExport(const ExportAnswer& answer, const QString& target) {
    if (!answer.error.empty()) return fail(answer.error);
    QStringList written;
    if (answer.kind != ExportKind::documents) {
        if (answer.files.empty())
            return fail(exportText("There is nothing to write yet.").toStdString());
        if (auto done = write(target, answer.files.front().text); !done) return fail(done.error());
        return QStringList{target};
    }
    const QDir folder(target);
    if (!folder.mkpath(QStringLiteral("."))) {
        return fail(exportText("The folder %1 cannot be made. Choose another place.")
                        .arg(target)
                        .toStdString());
    }
    for (const ExportAnswer::File& file : answer.files) {
        const QString path = folder.filePath(text(file.name));
        if (auto done = write(path, file.text); !done) return fail(done.error());
        written << path;
    }
    if (!answer.flags.empty()) {
        std::string flags;
        for (const std::string& flag : answer.flags)
            flags += flag + "\n";
        const QString path = folder.filePath(QStringLiteral("flags.txt"));
        if (auto done = write(path, flags); !done) return fail(done.error());
        written << path;
    }
    return written;
}

} // namespace penstock::app
