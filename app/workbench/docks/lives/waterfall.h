// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One request's life: a bar for every stage, one below the other, over the time from its arrival to
// its end, with how long each took.
#include "app/session/view/rows.h"

#include <QWidget>

namespace penstock::app {

class Waterfall : public QWidget {
    Q_OBJECT
  public:
    explicit Waterfall(QWidget* parent = nullptr);

    void setRequest(const RequestRow& request);
    void clear() { setRequest({}); }
    const RequestRow& request() const { return request_; }
    // The stages in words, one a line: for screen readers and the clipboard.
    QString spoken() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent*) override;
    bool event(QEvent*) override;

  private:
    QString nameOf(const StageRow& stage) const;
    QColor colorOf(Stage stage) const;
    int rowHeight() const;
    int nameWidth() const;

    RequestRow request_;
    Time from_{};
    Duration whole_{};
};

} // namespace penstock::app
