// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Edits a parameter in its tree cell: a line that takes what the parameter's kind takes, a list for
// a choice or a flag. What is no value of the parameter is said and not taken.
#include <QStyledItemDelegate>

namespace penstock::app {

class Knobs;

class ValueEditor : public QStyledItemDelegate {
    Q_OBJECT
  public:
    // `knobs` must outlive the delegate.
    ValueEditor(Knobs& knobs, QObject* parent) : QStyledItemDelegate(parent), knobs_(knobs) {}

    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const override;
    void setEditorData(QWidget* editor, const QModelIndex& index) const override;
    void setModelData(QWidget* editor, QAbstractItemModel* model,
                      const QModelIndex& index) const override;

  protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;

  private:
    Knobs& knobs_;
};

} // namespace penstock::app
