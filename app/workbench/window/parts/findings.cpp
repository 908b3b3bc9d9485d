// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/findings.h"

#include "app/workbench/docks/runs/advice_dock.h"

#include <QDialogButtonBox>
#include <QFileInfo>
#include <QLabel>
#include <QVBoxLayout>

namespace penstock::app {

FindingsDialog::FindingsDialog(const QStringList& files, const std::vector<AdviceRow>& findings,
                               QWidget* parent)
    : QDialog(parent), advice_(new AdviceDock(this)) {
    setWindowTitle(tr("Check of documents"));
    resize(820, 420);
    QStringList names;
    for (const QString& file : files)
        names << QFileInfo(file).fileName();
    auto* about = new QLabel(
        findings.empty()
            ? tr("Nothing was found wrong with %1. What depends on the pool and its traffic can "
                 "only be told with a scenario.")
                  .arg(names.join(QStringLiteral(", ")))
            : tr("%n finding(s) in %1, as penstock check tells them.", nullptr,
                 static_cast<int>(findings.size()))
                  .arg(names.join(QStringLiteral(", "))),
        this);
    about->setWordWrap(true);
    // The dock is made for a run; of one it needs the advice alone.
    RunInfo info;
    info.scenario = names.join(QStringLiteral(", ")).toStdString();
    info.advice = findings;
    advice_->begin(info);
    advice_->setVisible(!findings.empty());
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* column = new QVBoxLayout(this);
    column->addWidget(about);
    column->addWidget(advice_, 1);
    column->addWidget(buttons);
}

} // namespace penstock::app
