// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/charts/chart_table.h"

#include "app/workbench/docks/parts/table_view.h"

#include <QLabel>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

constexpr qint64 kRefreshMs = 250;

} // namespace

ChartTable::ChartTable(TimeChart& chart, QWidget* parent)
    : QDialog(parent), chart_(chart), model_(chart), view_(nullptr) {
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("%1 as a table").arg(chart.title()));
    view_ = new TableView(windowTitle(), this);
    view_->setModel(&model_);
    auto* hint = new QLabel(tr("What the chart shows now, in %1 equal parts: the value at the end "
                               "of each, and in brackets how far it went. Choosing a row moves "
                               "the crosshair there.")
                                .arg(ChartTableModel::kParts),
                            this);
    hint->setWordWrap(true);
    hint->setContentsMargins(8, 8, 8, 4);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(hint);
    layout->addWidget(view_, 1);
    std::vector<int> widths(static_cast<std::size_t>(model_.columnCount()), 23);
    widths[0] = 16;
    view_->setColumnWidths(widths);
    connect(view_, &TableView::rowChosen, this, [this](int row) {
        if (const auto at = model_.timeOf(row)) chart_.axis().lockCrosshair(*at);
    });
    resize(std::min(1100, 160 + 210 * (model_.columnCount() - 1)), 520);
    since_.start();
}

void ChartTable::refresh() {
    if (!isVisible() || since_.elapsed() < kRefreshMs) return;
    since_.start();
    model_.refresh();
}

} // namespace penstock::app
