// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/time_chart.h"

#include "app/workbench/charts/legend_entry.h"
#include "app/workbench/charts/value_text.h"
#include "app/workbench/series/time_ticks.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

constexpr qint64 kValuesEveryMs = 100;

} // namespace

TimeChart::TimeChart(QString id, QString title, ValueAxisSpec values, TimeAxis& axis,
                     QWidget* parent)
    : QWidget(parent), id_(std::move(id)), title_(std::move(title)), axis_(axis) {
    setObjectName(QStringLiteral("chart.") + id_);
    titleLabel_ = new QLabel(this);
    titleLabel_->setTextFormat(Qt::RichText);
    unit_ = values.unit;
    heading_ = new QHBoxLayout;
    heading_->setContentsMargins(8, 2, PlotScene::kRight, 0);
    heading_->setSpacing(4);
    heading_->addWidget(titleLabel_);
    heading_->addStretch(1);
    view_ = new PlotView(axis, std::move(values), this);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(heading_);
    layout->addWidget(view_, 1);
    setFocusProxy(view_);
    setTitle(title_);
    sinceValues_.start();
}

void TimeChart::setTitle(const QString& title) {
    title_ = title;
    const QString unit = unit_.isEmpty() ? QString() : QStringLiteral(" · ") + unit_;
    titleLabel_->setText(
        QStringLiteral("<b>%1</b>%2").arg(title_.toHtmlEscaped(), unit.toHtmlEscaped()));
    view_->setAccessibleName(tr("Chart %1").arg(title_));
}

void TimeChart::addTool(QWidget* tool, bool atEnd) {
    if (atEnd) {
        tools_.push_back(tool);
        heading_->addWidget(tool);
    } else {
        heading_->insertWidget(1, tool);
    }
}

void TimeChart::setSeries(std::vector<ChartSeries> series) {
    view_->scene().series() = std::move(series);
    view_->scene().touch();
    buildLegend();
    view_->update();
}

void TimeChart::setTracks(const MarkTrack* marks, const SpanTrack* spans) {
    view_->scene().setTracks(marks, spans);
    buildLegend();
    view_->update();
}

void TimeChart::buildLegend() {
    for (LegendEntry* entry : entries_)
        delete entry;
    for (ReasonEntry* entry : reasons_)
        delete entry;
    entries_.clear();
    reasons_.clear();
    auto& series = view_->scene().series();
    for (std::size_t i = 0; i < series.size(); ++i) {
        const ChartSeries& s = series[i];
        if (s.overlayOf >= 0) break;
        const auto swatch = s.style == CurveStyle::band ? LegendEntry::Swatch::area
                            : s.dashed                  ? LegendEntry::Swatch::dashes
                                                        : LegendEntry::Swatch::line;
        auto* entry = new LegendEntry(s.name, s.color, swatch, this);
        entry->setChecked(s.visible);
        connect(entry, &QAbstractButton::toggled, this,
                [this, i](bool on) { setCurveVisible(static_cast<int>(i), on); });
        heading_->addWidget(entry);
        entries_.push_back(entry);
    }
    if (const SpanTrack* spans = view_->scene().spans()) {
        for (std::size_t i = 0; i < spans->reasons().size(); ++i) {
            auto* entry = new ReasonEntry(QString::fromStdString(spans->reasons()[i]),
                                          static_cast<int>(i), this);
            heading_->addWidget(entry);
            reasons_.push_back(entry);
        }
    }
    for (QWidget* tool : tools_)
        heading_->addWidget(tool); // again at the right end
    shownAt_.reset();
    sinceValues_.invalidate();
}

void TimeChart::setCurveVisible(int series, bool visible) {
    const auto i = static_cast<std::size_t>(series);
    auto& all = view_->scene().series();
    all[i].visible = visible;
    for (ChartSeries& s : all) {
        if (s.overlayOf == series) s.visible = visible;
    }
    if (i < entries_.size()) entries_[i]->setChecked(visible);
    view_->scene().touch();
    view_->update();
}

void TimeChart::refresh() {
    view_->refresh();
    const SpanTrack* spans = view_->scene().spans();
    if (spans && spans->reasons().size() != reasons_.size()) buildLegend();
    const bool moved = axis_.crosshair() != shownAt_;
    if (!moved && sinceValues_.isValid() && sinceValues_.elapsed() < kValuesEveryMs) return;
    sinceValues_.start();
    showValues();
}

QString TimeChart::shownValue(int series) const {
    return entries_[static_cast<std::size_t>(series)]->value();
}

QString TimeChart::spoken() const {
    QStringList parts;
    const Time at = axis_.crosshair().value_or(axis_.head());
    for (const ChartSeries& s : view_->scene().series()) {
        if (s.visible)
            parts << QStringLiteral("%1 %2").arg(s.name, valueText(PlotScene::reading(s, at)));
    }
    return parts.join(QStringLiteral(", "));
}

void TimeChart::showValues() {
    shownAt_ = axis_.crosshair();
    const Time at = shownAt_.value_or(axis_.head());
    const auto& series = view_->scene().series();
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        QString text = valueText(PlotScene::reading(series[i], at));
        if (series[i].style == CurveStyle::band && series[i].upper) {
            const auto top = series[i].upper->at(at);
            if (top) text += QStringLiteral("–") + valueText(top->value);
        }
        entries_[i]->setValue(text);
        QStringList others;
        for (const ChartSeries& s : series) {
            if (s.overlayOf == static_cast<int>(i)) others << valueText(PlotScene::reading(s, at));
        }
        entries_[i]->setOthers(static_cast<int>(others.size()), others);
    }
    if (view_->hasFocus()) view_->setAccessibleDescription(spoken());
    const SpanTrack* spans = view_->scene().spans();
    if (!spans) return;
    TimeRange view = view_->scene().scale().view();
    view = {std::max(view.from, axis_.start()), std::min(view.to, axis_.head())};
    if (view.span().count() <= 0) return;
    const auto seconds = spans->secondsByReason(view);
    for (std::size_t i = 0; i < reasons_.size(); ++i) {
        reasons_[i]->setShare(seconds[i] / toSeconds(view.span()));
    }
}

} // namespace penstock::app
