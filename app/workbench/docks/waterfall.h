// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One request's life: a bar for every stage, one below the other, over the time from its arrival to
// its end, with how long each took.
#include "app/session/rows.h"

#include <QWidget>

namespace penstock::app {

class Waterfall : public QWidget {
    Q_OBJECT
  public:
    explicit Waterfall(QWidget* parent = nullptr);

    // Without stages: what is missing is said instead.
    void setRequest(const RequestRow& request);
    void clear();
    const RequestRow& request() const { return request_; }
    // The stages in words, one a line: for screen readers and the clipboard.
    QString spoken() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent*) override;
    bool event(QEvent*) override;

  private:
    struct Bar {
        double left, width; // shares of the whole
        int row;
    };
    int rowHeight() const;
    QColor colorOf(Stage stage) const;

    RequestRow request_;
    std::vector<Bar> bars_;
    Duration whole_{};
};

} // namespace penstock::app
