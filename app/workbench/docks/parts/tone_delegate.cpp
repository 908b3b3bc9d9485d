// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/parts/tone_delegate.h"

#include <QAbstractItemView>
#include <QHelpEvent>
#include <QToolTip>

namespace penstock::app {

const QIcon& ToneDelegate::toneIcon(Tone tone) const {
    if (!drawn_ || drawnFor_ != currentTheme().kind) {
        icons_[warningTone] = icon(QStringLiteral("warning"));
        icons_[badTone] = icon(QStringLiteral("error"));
        drawnFor_ = currentTheme().kind;
        drawn_ = true;
    }
    return icons_[tone];
}

bool ToneDelegate::helpEvent(QHelpEvent* event, QAbstractItemView* view,
                             const QStyleOptionViewItem& option, const QModelIndex& index) {
    const bool silent = index.isValid() && index.data(Qt::ToolTipRole).isNull();
    if (event->type() == QEvent::ToolTip && silent &&
        sizeHint(option, index).width() > option.rect.width()) {
        QToolTip::showText(event->globalPos(), index.data().toString(), view);
        return true;
    }
    return QStyledItemDelegate::helpEvent(event, view, option, index);
}

void ToneDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
    QStyledItemDelegate::initStyleOption(option, index);
    const auto tone = static_cast<Tone>(index.data(ToneRole).toInt());
    const bool number = option->displayAlignment & Qt::AlignRight;
    // Or a column of numbers would touch the names that come after it.
    if (number && !option->text.isEmpty()) option->text += QChar(0x2002);
    // The chosen row is sign enough; a lone cell in a frame looks like a choice and is none.
    if (!(option->state & QStyle::State_Selected)) option->state &= ~QStyle::State_HasFocus;
    if (tone == plainTone) return;
    const Theme& theme = currentTheme();
    const QColor color = tone == goodTone      ? theme.good
                         : tone == warningTone ? theme.warning
                         : tone == badTone     ? theme.bad
                                               : theme.weakText;
    option->palette.setColor(QPalette::Text, color);
    if (tone != warningTone && tone != badTone) return;
    if (number) {
        option->font.setBold(true);
        return;
    }
    option->icon = toneIcon(tone);
    option->decorationSize = QSize(13, 13);
    option->features |= QStyleOptionViewItem::HasDecoration;
}

} // namespace penstock::app
