// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/actions/cheat_sheet.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/look/theme.h"

#include <QDialogButtonBox>
#include <QTextBrowser>
#include <QVBoxLayout>

#include <utility>

namespace penstock::app {
namespace {

constexpr int kColumns = 3;

struct Group {
    QString name;
    std::vector<std::pair<QString, QString>> rows; // keys, what they do
};

std::vector<Group> groups(const ActionRegistry& registry) {
    std::vector<Group> out;
    for (const QString& menu : registry.menus()) {
        Group group{menu, {}};
        for (const QAction* action : registry.inMenu(menu)) {
            QStringList keys;
            for (const QKeySequence& k : action->shortcuts()) {
                keys << k.toString(QKeySequence::NativeText);
            }
            if (keys.isEmpty()) continue;
            group.rows.emplace_back(keys.join(QStringLiteral(", ")),
                                    ActionRegistry::plainText(*action));
        }
        if (!group.rows.empty()) out.push_back(std::move(group));
    }
    for (const Gesture& gesture : registry.gestures()) {
        if (out.empty() || out.back().name != gesture.area) out.push_back({gesture.area, {}});
        out.back().rows.emplace_back(gesture.keys, gesture.text);
    }
    return out;
}

} // namespace

QString CheatSheet::html(const ActionRegistry& registry) {
    const auto all = groups(registry);
    std::size_t lines = 0;
    for (const Group& g : all)
        lines += g.rows.size() + 2;
    const QString weak = currentTheme().weakText.name();
    QString page = QStringLiteral("<table width='100%' cellspacing='0' cellpadding='0'><tr>");
    std::size_t next = 0;
    for (int column = 0; column < kColumns; ++column) {
        // One table a column, so that its keys stand under each other.
        page += QStringLiteral("<td width='33%' valign='top' style='padding-right:18px'>"
                               "<table width='100%' cellspacing='0' cellpadding='2'>");
        std::size_t used = 0;
        const bool lastColumn = column == kColumns - 1;
        while (next < all.size() &&
               (used == 0 || lastColumn || used + all[next].rows.size() / 2 < lines / kColumns)) {
            const Group& g = all[next++];
            page +=
                QStringLiteral("<tr><td colspan='2' style='padding-top:8px'><b>%1</b></td></tr>")
                    .arg(g.name.toHtmlEscaped());
            for (const auto& [keys, text] : g.rows) {
                page += QStringLiteral("<tr><td width='42%' style='color:%1;padding-right:10px'>%2"
                                       "</td><td>%3</td></tr>")
                            .arg(weak, keys.toHtmlEscaped(), text.toHtmlEscaped());
            }
            used += g.rows.size() + 2;
        }
        page += QStringLiteral("</table></td>");
    }
    return page + QStringLiteral("</tr></table>");
}

CheatSheet::CheatSheet(const ActionRegistry& registry, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Keys and gestures"));
    resize(960, 620);
    auto* page = new QTextBrowser(this);
    page->setFrameShape(QFrame::NoFrame);
    page->setHtml(html(registry));
    page->setAccessibleName(tr("Keys and gestures"));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(page);
    layout->addWidget(buttons);
}

} // namespace penstock::app
