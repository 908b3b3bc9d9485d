// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A line across the window for what the user must not miss: what is wrong and what to do about it,
// or an offer with its answers as buttons. One at a time; a graver one is not pushed away by a
// lighter one. GUI thread only.
#include "app/session/view/rows.h"

#include <QFrame>

#include <functional>
#include <vector>

class QHBoxLayout;
class QLabel;
class QPushButton;
class QToolButton;

namespace penstock::app {

class Banner : public QFrame {
    Q_OBJECT
  public:
    struct Answer {
        QString text;
        std::function<void()> run; // the banner is closed before; may be empty
    };

    explicit Banner(QWidget* parent = nullptr);

    // False if a graver one stays.
    bool say(Severity severity, const QString& words, std::vector<Answer> answers = {});
    void close();
    bool shown() const { return isVisibleTo(parentWidget()); }
    QString words() const;
    const std::vector<QPushButton*>& answers() const { return buttons_; }

  protected:
    void changeEvent(QEvent*) override;

  private:
    void dress();

    Severity severity_ = Severity::info;
    QHBoxLayout* row_;
    QLabel *image_, *words_;
    std::vector<QPushButton*> buttons_;
    QToolButton* close_;
};

} // namespace penstock::app
