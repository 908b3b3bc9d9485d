// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/runs/compare_dock.h"

#include "app/workbench/docks/parts/empty_state.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"

#include <QCheckBox>
#include <QDataStream>
#include <QIODevice>
#include <QLabel>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr quint32 kCompareState = 1;

QString nameOf(const RunRow& run) {
    QString name = QObject::tr("%1, seed %2").arg(text(run.scenario)).arg(run.seed);
    if (!run.tags.empty()) name += QStringLiteral(" (%1)").arg(text(run.tags));
    return name.toHtmlEscaped();
}

} // namespace

CompareDock::CompareDock(QWidget* parent)
    : RunDock(QStringLiteral("compare"), tr("Compare A/B"),
              tr("Two runs side by side: what was set differently and what came of it"), parent),
      heading_(new QLabel), noise_(new QLabel), only_(new QCheckBox(tr("Beyond noise only"))),
      splitter_(new QSplitter), metrics_(new TableView(tr("Metrics of both runs"))),
      differences_(new TableView(tr("Parameters that differ"))), content_(new QWidget(this)) {
    metricRows_.setSourceModel(&metricModel_);
    differenceRows_.setSourceModel(&differenceModel_);
    filter_ = new FilterBar(metricRows_, tr("Filter: metric:ttft"), nullptr, this);
    only_->setToolTip(tr("Leave out differences that chance would make"));
    filter_->addTool(only_);
    metrics_->setModel(&metricRows_);
    metrics_->setSortingEnabled(true);
    metrics_->sortByColumn(-1, Qt::AscendingOrder);
    metrics_->setColumnWidths({34, 9, 9, 9, 9, 12});
    metrics_->setEmptyText(tr("No such metric"), tr("Clear the filter, or show all differences."));
    differences_->setModel(&differenceRows_);
    differences_->setSortingEnabled(true);
    differences_->sortByColumn(-1, Qt::AscendingOrder);
    differences_->setColumnWidths({20, 18, 14, 14});
    differences_->setEmptyText(tr("Same parameters"),
                               tr("Nothing was set differently; the seed or the traffic may be."));
    heading_->setWordWrap(true);
    heading_->setMargin(6);
    noise_->setWordWrap(true);
    noise_->setFont(smallFont());
    noise_->setContentsMargins(6, 2, 6, 4);
    auto* right = new QWidget;
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    rightColumn->setSpacing(0);
    rightColumn->addWidget(filter_);
    rightColumn->addWidget(metrics_, 1);
    rightColumn->addWidget(noise_);
    auto* left = new QWidget;
    auto* leftColumn = new QVBoxLayout(left);
    leftColumn->setContentsMargins(0, 0, 0, 0);
    leftColumn->setSpacing(0);
    leftColumn->addWidget(heading_);
    leftColumn->addWidget(differences_, 1);
    splitter_->addWidget(left);
    splitter_->addWidget(right);
    splitter_->setChildrenCollapsible(false);
    splitter_->setStretchFactor(0, 2);
    splitter_->setStretchFactor(1, 3);
    auto* column = new QVBoxLayout(content_);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(splitter_);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(content_);
    empty_ = new EmptyState(tr("Nothing to compare yet"),
                            tr("Choose a run in the list of runs and press A, then another and "
                               "press B."),
                            this);
    empty_->cover(this);
    connect(only_, &QCheckBox::toggled, this, [this](bool on) {
        metricRows_.setOnly(on ? std::optional(int{MetricModel::noise}) : std::nullopt);
        filter_->showCounts();
    });
    connect(differences_, &TableView::rowEntered, this, [this](int row) {
        Q_EMIT parameterChosen(differenceRows_.index(row, 0).data(KeyRole).toString());
    });
    clear();
}

void CompareDock::setComparison(Comparison c) {
    const auto beyond = std::count_if(c.metrics.begin(), c.metrics.end(),
                                      [](const CompareRow& r) { return r.beyondNoise; });
    heading_->setText(tr("<b>A</b> %1<br><b>B</b> %2").arg(nameOf(c.a), nameOf(c.b)));
    noise_->setText(tr("%1 of %2 metrics differ beyond the noise (%3).")
                        .arg(beyond)
                        .arg(c.metrics.size())
                        .arg(text(c.noise)));
    metricModel_.setRows(std::move(c.metrics));
    differenceModel_.setRows(std::move(c.parameters));
    content_->show();
    empty_->hide();
}

void CompareDock::clear() {
    metricModel_.clear();
    differenceModel_.clear();
    content_->hide();
    empty_->show();
}

QByteArray CompareDock::viewState() const {
    QByteArray state;
    QDataStream out(&state, QIODevice::WriteOnly);
    out << kCompareState << metrics_->columnState() << differences_->columnState()
        << splitter_->saveState();
    return state;
}

void CompareDock::setViewState(const QByteArray& state) {
    QDataStream in(state);
    quint32 version = 0;
    QByteArray metrics, differences, sizes;
    in >> version >> metrics >> differences >> sizes;
    if (in.status() != QDataStream::Ok || version != kCompareState) return;
    metrics_->setColumnState(metrics);
    differences_->setColumnState(differences);
    splitter_->restoreState(sizes);
}

} // namespace penstock::app
