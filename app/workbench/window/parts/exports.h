// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What a run hands out, as files on the disk.
#include "app/session/view/run_view.h"
#include "engine/types/error.h"

#include <QString>
#include <QStringList>

namespace penstock::app {

// One kind of export, for menus and dialogs.
struct ExportChoice {
    ExportKind kind;
    QString id;   // "helm"
    QString text; // "&Helm values…"
    QString help;
    QString name;   // suggested file name; of documents: of the folder
    QString filter; // of the file dialog; empty: a folder is asked for
};
const std::vector<ExportChoice>& exportChoices();

// Writes the answer: a kind of one file into `target`, documents into the folder `target`, with the
// command line's flags in flags.txt beside them. Returns what was written.
Result<QStringList> writeExport(const ExportAnswer& answer, const QString& target);

} // namespace penstock::app
