// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Paints a cell in the tone that its model gives it. Colour is never the only sign: a bad or a
// warning cell also has an icon, or, where numbers stand in columns, is bold.
#include "app/workbench/look/theme.h"
#include "app/workbench/models/row_model.h"

#include <QStyledItemDelegate>

namespace penstock::app {

class ToneDelegate : public QStyledItemDelegate {
    Q_OBJECT
  public:
    using QStyledItemDelegate::QStyledItemDelegate;

    // What is cut off is said in a tool tip.
    bool helpEvent(QHelpEvent* event, QAbstractItemView* view, const QStyleOptionViewItem& option,
                   const QModelIndex& index) override;

  protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;

  private:
    const QIcon& toneIcon(Tone tone) const;

    mutable QIcon icons_[5];
    mutable ThemeKind drawnFor_ = ThemeKind::light;
    mutable bool drawn_ = false;
};

} // namespace penstock::app
