// SPDX-License-Identifier: GPL-3.0-only
// One QApplication for all tests of this program, on the offscreen platform unless told otherwise.
#include "app/workbench/look/theme.h"

#include <QApplication>
#include <QStandardPaths>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    if (qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR")) qputenv("XDG_RUNTIME_DIR", "/tmp");
    testing::InitGoogleTest(&argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("penstock-tests"));
    QApplication::setApplicationName(QStringLiteral("penstock-tests"));
    penstock::app::applyTheme(penstock::app::ThemeKind::light);
    return RUN_ALL_TESTS();
}
