// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/value_editor.h"

#include "app/workbench/docks/steering/knobs.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"

#include <QComboBox>
#include <QLineEdit>

namespace penstock::app {
namespace {

QString pathOf(const QModelIndex& index) {
    return index.siblingAtColumn(0).data(ParameterModel::PathRole).toString();
}

} // namespace

QWidget* ValueEditor::createEditor(QWidget* parent, const QStyleOptionViewItem&,
                                   const QModelIndex& index) const {
    const ParameterRow* row = knobs_.model().find(pathOf(index));
    if (!row) return nullptr;
    const QString name = tr("%1 of %2").arg(text(row->name), text(row->group));
    if (row->kind == ParameterKind::choice || row->kind == ParameterKind::flag) {
        auto* list = new QComboBox(parent);
        list->setAccessibleName(name);
        if (row->kind == ParameterKind::flag) {
            list->addItems(
                {ParameterModel::valueText(*row, 0), ParameterModel::valueText(*row, 1)});
        }
        for (const std::string& choice : row->choices)
            list->addItem(text(choice));
        return list;
    }
    auto* line = new QLineEdit(parent);
    line->setAccessibleName(name);
    line->setFrame(false);
    connect(line, &QLineEdit::textChanged, this, [this, line, path = pathOf(index)] {
        const ParameterRow* r = knobs_.model().find(path);
        const bool fine = r && ParameterModel::parse(*r, line->text());
        QPalette colors;
        if (!fine) colors.setColor(QPalette::Text, currentTheme().bad);
        line->setPalette(colors);
        line->setToolTip(fine || !r ? QString()
                                    : tr("From %1 to %2")
                                          .arg(ParameterModel::valueText(*r, r->min),
                                               ParameterModel::valueText(*r, r->max)));
    });
    return line;
}

void ValueEditor::setEditorData(QWidget* editor, const QModelIndex& index) const {
    const ParameterRow* row = knobs_.model().find(pathOf(index));
    if (!row) return;
    const double now = knobs_.model().shown(pathOf(index));
    if (auto* list = qobject_cast<QComboBox*>(editor)) {
        list->setCurrentIndex(static_cast<int>(now));
    } else if (auto* line = qobject_cast<QLineEdit*>(editor)) {
        if (!line->isModified()) line->setText(ParameterModel::valueText(*row, now));
    }
}

void ValueEditor::setModelData(QWidget* editor, QAbstractItemModel*,
                               const QModelIndex& index) const {
    const QString path = pathOf(index);
    const ParameterRow* row = knobs_.model().find(path);
    if (!row) return;
    knobs_.endGesture();
    if (const auto* list = qobject_cast<QComboBox*>(editor)) {
        knobs_.move(path, list->currentIndex());
    } else if (const auto* line = qobject_cast<QLineEdit*>(editor)) {
        const auto value = ParameterModel::parse(*row, line->text());
        if (line->isModified() && value) knobs_.move(path, *value);
    }
    knobs_.endGesture();
}

void ValueEditor::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
    QStyledItemDelegate::initStyleOption(option, index);
    const QModelIndex first = index.siblingAtColumn(0);
    if (!index.parent().isValid()) {
        option->font.setBold(true);
        return;
    }
    if (index.column() != ParameterModel::value) {
        if (index.column() != ParameterModel::name) {
            option->palette.setColor(QPalette::Text, currentTheme().weakText);
        }
        return;
    }
    if (first.data(ParameterModel::PendingRole).toBool()) {
        option->text += QStringLiteral(" …");
        option->font.setItalic(true);
    }
    if (!(index.flags() & Qt::ItemIsEditable)) {
        option->palette.setColor(QPalette::Text, currentTheme().weakText);
    }
}

} // namespace penstock::app
