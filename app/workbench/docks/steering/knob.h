// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One parameter to be moved: name, slider, value with unit, reset. A choice is a list, a flag a
// check box. Bold: moved from its default; "…": asked for, not yet in force.
#include "app/workbench/docks/steering/knob_scale.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QSlider;
class QToolButton;

namespace penstock::app {

class Knobs;

class Knob : public QWidget {
    Q_OBJECT
  public:
    static constexpr int kSteps = 200;

    // `knobs` must outlive the widget; a path that it does not have is our own bug.
    Knob(Knobs& knobs, const QString& path, QWidget* parent = nullptr);

    // "From 0 to 1. Default: 0.8."
    static QString rangeText(const ParameterRow& row);

    const QString& path() const { return path_; }
    // Takes value, pending and locked state from the knobs.
    void refresh();
    // In a column of knobs the names take this much room.
    int nameWidth() const;
    void setNameWidth(int width);

    QSlider* slider() const { return slider_; }
    QLineEdit* editor() const { return editor_; }

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void typed();
    void showProblem(bool problem);

    Knobs& knobs_;
    QString path_;
    KnobScale scale_;
    QLabel* name_;
    QSlider* slider_ = nullptr;
    QLineEdit* editor_ = nullptr;
    QComboBox* choice_ = nullptr;
    QCheckBox* flag_ = nullptr;
    QToolButton* reset_;
    int nameRoom_ = 0; // pixels; 0: as much as it needs
    bool refreshing_ = false;
};

} // namespace penstock::app
