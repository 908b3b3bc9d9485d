// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What the linter found in documents that were opened or dropped, apart from any run.
#include "app/session/view/rows.h"

#include <QDialog>

#include <vector>

namespace penstock::app {

class AdviceDock;

class FindingsDialog : public QDialog {
    Q_OBJECT
  public:
    FindingsDialog(const QStringList& files, const std::vector<AdviceRow>& findings,
                   QWidget* parent);

    AdviceDock& advice() { return *advice_; }

  private:
    AdviceDock* advice_;
};

} // namespace penstock::app
