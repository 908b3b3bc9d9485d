// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// All shortcuts and gestures on one page, made from the registry.
#include <QDialog>

namespace penstock::app {

class ActionRegistry;

class CheatSheet : public QDialog {
    Q_OBJECT
  public:
    CheatSheet(const ActionRegistry& registry, QWidget* parent);

    // The page, for tests and the clipboard.
    static QString html(const ActionRegistry& registry);
};

} // namespace penstock::app
