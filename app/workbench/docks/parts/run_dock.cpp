// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/parts/run_dock.h"

namespace penstock::app {

RunDock::RunDock(QString id, QString title, QString help, QWidget* parent)
    : QWidget(parent), id_(std::move(id)), title_(std::move(title)), help_(std::move(help)) {
    setObjectName(QStringLiteral("dock.") + id_);
    setAccessibleName(title_);
    setAccessibleDescription(help_);
}

} // namespace penstock::app
