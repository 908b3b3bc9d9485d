// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Where the docks stand in the window: charts in the middle, the others around them; saved, brought
// back, and put back to one of the arrangements that come with the program. GUI thread only.
#include "app/workbench/window/parts/settings.h"

#include <QHash>
#include <QObject>
#include <QTimer>

class QDockWidget;
class QMainWindow;

namespace penstock::app {

class DockSet;
class RunDock;

class LayoutKeeper : public QObject {
    Q_OBJECT
  public:
    // Puts every dock but the charts into a QDockWidget of `window`. Both must outlive the keeper.
    LayoutKeeper(QMainWindow& window, DockSet& docks);

    // Names of the arrangements that come with the program, in order.
    static QStringList shipped();
    void arrange(const QString& shipped);

    Layout save() const;
    // False, and nothing is changed, if the layout is empty or of another version of the window.
    bool restore(const Layout& layout);

    // Shows a dock, brings its tab to the front, and gives it the focus.
    void bringUp(RunDock* dock, bool focus = true);
    // Hides the panel with the focus; false if none has it.
    bool closeFocused();
    // Moves the focus to the next panel that is in view.
    void focusNext(int by);
    QDockWidget* holder(const RunDock* dock) const { return holders_.value(dock); }
    void setTitle(const RunDock* dock, const QString& title);

  private:
    void chartsOnly();
    void standard();
    void tables();
    // A dock that stands behind a tab has its name there: a title bar would only repeat it.
    void showTitles();
    RunDock* focused() const;

    QMainWindow& window_;
    DockSet& docks_;
    QHash<const RunDock*, QDockWidget*> holders_;
    QTimer titlesSoon_; // not at once: Qt is in the middle of moving a dock when it tells
};

} // namespace penstock::app
