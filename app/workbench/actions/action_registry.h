// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Everything a person can do, once: the registry's QActions are what menus, the command palette,
// the cheat sheet and the tests are made from, so none of them can drift from the others.
// GUI thread only.
#include <QAction>
#include <QKeySequence>
#include <QObject>

#include <functional>
#include <vector>

class QMenuBar;
class QWidget;

namespace penstock::app {

struct ActionSpec {
    QString id;   // "run.pause": unique, stable, used by tests and saved layouts
    QString menu; // "Run": the menu it lives in, and its group in palette and cheat sheet
    QString text; // "&Pause"
    QString help; // a sentence without its full stop
    QString icon = {};
    QList<QKeySequence> shortcuts = {};
    bool checkable = false;
    bool separatorBefore = false;
    QWidget* scope = nullptr; // where the shortcut works; null: in the whole window
};

// A way to use mouse or keys that is no QAction: for the cheat sheet.
struct Gesture {
    QString area, keys, text;
};

class ActionRegistry : public QObject {
    Q_OBJECT
  public:
    // Shortcuts are bound to `window`, which must outlive the registry.
    explicit ActionRegistry(QWidget* window);

    // The registry owns the action. A second action of the same id, or a shortcut already taken in
    // the same scope, is our own bug.
    QAction* add(const ActionSpec& spec, std::function<void(bool checked)> run);
    void addGesture(Gesture gesture) { gestures_.push_back(std::move(gesture)); }

    // Null if there is none.
    QAction* find(const QString& id) const;
    const std::vector<QAction*>& all() const { return actions_; }
    std::vector<QAction*> inMenu(const QString& menu) const;
    // In order of first use, unless said otherwise.
    const QStringList& menus() const { return menus_; }
    // Those named come in this order; any other comes before the last of them.
    void setMenuOrder(const QStringList& order);
    const std::vector<Gesture>& gestures() const { return gestures_; }

    static QString menuOf(const QAction& action);
    // The text without its mnemonic mark.
    static QString plainText(const QAction& action);

    // Adds a menu for each of menus(), in that order.
    void fill(QMenuBar& bar) const;

  private:
    QWidget* window_;
    std::vector<QAction*> actions_;
    QStringList menus_;
    std::vector<Gesture> gestures_;
};

} // namespace penstock::app
