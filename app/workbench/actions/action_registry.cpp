// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/actions/action_registry.h"

#include "app/workbench/look/theme.h"
#include "engine/types/check.h"

#include <QMenu>
#include <QMenuBar>
#include <QWidget>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr const char* kMenu = "penstock.menu";
constexpr const char* kSeparator = "penstock.separator";

} // namespace

ActionRegistry::ActionRegistry(QWidget* window) : QObject(window), window_(window) {}

QAction* ActionRegistry::add(const ActionSpec& spec, std::function<void(bool)> run) {
    PENSTOCK_CHECK(!spec.id.isEmpty() && !spec.text.isEmpty() && !spec.menu.isEmpty());
    PENSTOCK_CHECK(find(spec.id) == nullptr);
    QWidget* const scope = spec.scope ? spec.scope : window_;
    for (const QAction* other : scope->actions()) {
        for (const QKeySequence& keys : spec.shortcuts) {
            PENSTOCK_CHECK(!other->shortcuts().contains(keys));
        }
    }
    auto* action = new QAction(spec.text, this);
    action->setObjectName(spec.id);
    action->setProperty(kMenu, spec.menu);
    action->setProperty(kSeparator, spec.separatorBefore);
    action->setCheckable(spec.checkable);
    action->setStatusTip(spec.help);
    if (!spec.icon.isEmpty()) action->setIcon(icon(spec.icon));
    action->setShortcuts(spec.shortcuts);
    action->setShortcutContext(spec.scope ? Qt::WidgetWithChildrenShortcut : Qt::WindowShortcut);
    QString tip = plainText(*action);
    if (!spec.shortcuts.isEmpty()) {
        tip +=
            QStringLiteral(" (%1)").arg(spec.shortcuts.first().toString(QKeySequence::NativeText));
    }
    if (!spec.help.isEmpty()) tip += QStringLiteral("\n") + spec.help;
    action->setToolTip(tip);
    connect(action, &QAction::triggered, this, [run = std::move(run)](bool on) { run(on); });
    scope->addAction(action);
    actions_.push_back(action);
    if (!menus_.contains(spec.menu)) menus_ << spec.menu;
    return action;
}

QAction* ActionRegistry::find(const QString& id) const {
    const auto it = std::find_if(actions_.begin(), actions_.end(),
                                 [&](const QAction* a) { return a->objectName() == id; });
    return it == actions_.end() ? nullptr : *it;
}

std::vector<QAction*> ActionRegistry::inMenu(const QString& menu) const {
    std::vector<QAction*> out;
    for (QAction* action : actions_) {
        if (menuOf(*action) == menu) out.push_back(action);
    }
    return out;
}

void ActionRegistry::setMenuOrder(const QStringList& order) {
    const auto rank = [&](const QString& menu) {
        const qsizetype at = order.indexOf(menu);
        return at < 0 ? 2 * order.size() - 3 : 2 * at;
    };
    std::stable_sort(menus_.begin(), menus_.end(),
                     [&](const QString& a, const QString& b) { return rank(a) < rank(b); });
}

QString ActionRegistry::menuOf(const QAction& action) {
    return action.property(kMenu).toString();
}

QString ActionRegistry::plainText(const QAction& action) {
    QString text = action.text();
    text.replace(QStringLiteral("&&"), QStringLiteral("\n"));
    text.remove(QLatin1Char('&'));
    text.replace(QLatin1Char('\n'), QLatin1Char('&'));
    return text;
}

void ActionRegistry::fill(QMenuBar& bar) const {
    for (const QString& name : menus_) {
        QMenu* menu = bar.addMenu(QLatin1Char('&') + name);
        menu->setToolTipsVisible(true);
        for (QAction* action : inMenu(name)) {
            if (action->property(kSeparator).toBool()) menu->addSeparator();
            menu->addAction(action);
        }
    }
}

} // namespace penstock::app
