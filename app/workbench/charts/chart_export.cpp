// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/chart_export.h"

#include "app/workbench/charts/value_text.h"
#include "app/workbench/series/time_ticks.h"
#include "engine/types/csv_text.h"

#include <QPainter>
#include <QSaveFile>
#include <QSvgGenerator>

#include <cmath>
#include <map>

namespace penstock::app {
namespace {

constexpr std::size_t kMostRows = 200000;
constexpr int kHeading = 24, kAxis = 22;

// Heading, plot and time labels as one drawing of its own, without the screen's buttons.
void paintChart(TimeChart& chart, QPainter& painter, bool vectors) {
    PlotScene& scene = chart.view().scene();
    const QSize size = chart.view().size();
    const Theme& theme = currentTheme();
    painter.fillRect(QRect(0, 0, size.width(), size.height() + kHeading + kAxis),
                     theme.palette.color(QPalette::Window));
    QFont bold = chart.font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(theme.palette.color(QPalette::WindowText));
    painter.drawText(QRect(8, 0, size.width(), kHeading), Qt::AlignVCenter, chart.title());
    double x = 8 + QFontMetricsF(bold).horizontalAdvance(chart.title()) + 10;
    painter.setFont(smallFont());
    const QFontMetricsF metrics(smallFont());
    const auto write = [&](const QString& text, QColor color) {
        painter.setPen(color);
        painter.drawText(QRectF(x, 0, size.width(), kHeading), Qt::AlignVCenter, text);
        x += metrics.horizontalAdvance(text) + 14;
    };
    if (!scene.valueAxis().unit.isEmpty()) write(scene.valueAxis().unit, theme.axisText);
    for (const ChartSeries& s : scene.series()) {
        if (!s.visible) continue;
        painter.fillRect(QRectF(x, kHeading / 2.0 - 1, 14, 2), PlotScene::colorOf(s));
        x += 19;
        write(s.name, theme.axisText);
    }
    painter.save();
    painter.translate(0, kHeading);
    if (vectors) {
        scene.render(painter);
    } else {
        chart.view().paintPicture(painter);
    }
    painter.restore();
    painter.setPen(theme.axisText);
    for (const TimeTick& tick : scene.scale().ticks()) {
        const QString text = QString::fromStdString(tick.text);
        const double width = metrics.horizontalAdvance(text);
        painter.drawText(QRectF(PlotScene::kLeft + tick.x - width / 2, kHeading + size.height(),
                                width + 2, kAxis),
                         Qt::AlignTop, text);
    }
}

Status cannotWrite(const QString& path, const QString& why) {
    return fail(Error{"cannot write the chart: " + why.toStdString() +
                          "; choose another folder or free some space",
                      path.toStdString()});
}

} // namespace

Status exportChart(TimeChart& chart, ChartFile kind, const QString& path) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return cannotWrite(path, file.errorString());
    const QSize size = chart.view().size() + QSize(0, kHeading + kAxis);
    PlotScene& scene = chart.view().scene();
    switch (kind) {
    case ChartFile::csv:
        file.write(chartCsv(chart).toUtf8());
        break;
    case ChartFile::svg: {
        QSvgGenerator generator;
        generator.setOutputDevice(&file);
        generator.setSize(size);
        generator.setViewBox(QRect(QPoint(), size));
        generator.setTitle(chart.title());
        QPainter painter(&generator);
        paintChart(chart, painter, true);
        break;
    }
    case ChartFile::png: {
        constexpr qreal kRatio = 2;
        const qreal before = chart.view().devicePixelRatioF();
        QImage image(size * kRatio, QImage::Format_RGB32);
        image.setDevicePixelRatio(kRatio);
        scene.setGeometry(chart.view().size(), kRatio);
        {
            QPainter painter(&image);
            paintChart(chart, painter, false);
        }
        scene.setGeometry(chart.view().size(), before);
        chart.view().update();
        if (!image.save(&file, "PNG")) return cannotWrite(path, file.errorString());
        break;
    }
    }
    if (!file.commit()) return cannotWrite(path, file.errorString());
    return {};
}

QString chartCsv(const TimeChart& chart) {
    const PlotScene& scene = chart.scene();
    const auto& series = scene.series();
    const TimeRange view = scene.scale().view();
    std::map<Time, std::vector<double>> rows;
    QString out = QStringLiteral("time_s");
    for (std::size_t i = 0; i < series.size(); ++i) {
        out += QLatin1Char(',') + QString::fromStdString(csvText(series[i].name.toStdString()));
        if (!series[i].data) continue;
        for (const Sample& s : series[i].data->samples(view, kMostRows / series.size())) {
            auto& row = rows[s.t];
            row.resize(series.size(), std::nan(""));
            row[i] = s.value;
        }
    }
    out += QLatin1Char('\n');
    const Time start = chart.axis().start();
    for (const auto& [t, values] : rows) {
        out += QString::number(toSeconds(t - start), 'f', 6);
        for (std::size_t i = 0; i < series.size(); ++i) {
            double v = i < values.size() ? values[i] : std::nan("");
            if (std::isnan(v) && series[i].style == CurveStyle::step) {
                v = PlotScene::reading(series[i], t);
            }
            out += QLatin1Char(',');
            if (!std::isnan(v)) out += QString::number(v, 'g', 12);
        }
        out += QLatin1Char('\n');
    }
    return out;
}

ChartTableModel::ChartTableModel(const TimeChart& chart, QObject* parent)
    : QAbstractTableModel(parent), chart_(chart) {
    refresh();
}

void ChartTableModel::refresh() {
    std::vector<QStringList> rows;
    QStringList names;
    const TimeRange view = chart_.scene().scale().view();
    const Time head = chart_.axis().head();
    const TimeRange known{view.from, std::min(view.to, head)};
    rows.resize(kSummaries + kParts);
    const QString titles[kSummaries] = {tr("Lowest"), tr("Mean"), tr("95th percentile"),
                                        tr("Highest")};
    for (int i = 0; i < kSummaries; ++i)
        rows[static_cast<std::size_t>(i)] << titles[i];
    const Duration part = view.span() / kParts;
    from_ = view.from;
    part_ = part;
    for (int i = 0; i < kParts; ++i) {
        rows[static_cast<std::size_t>(kSummaries + i)]
            << QString::fromStdString(chart_.scene().scale().label(view.from + part * (i + 1)));
    }
    for (const ChartSeries& s : chart_.scene().series()) {
        if (!s.data) continue;
        names << s.name;
        const auto all = s.data->statistics(known);
        rows[0] << (all ? valueText(all->min) : QString());
        rows[1] << (all ? valueText(all->mean) : QString());
        rows[2] << (all ? valueText(all->p95) : QString());
        rows[3] << (all ? valueText(all->max) : QString());
        for (int i = 0; i < kParts; ++i) {
            const TimeRange stretch{view.from + part * i, view.from + part * (i + 1)};
            QString text;
            if (stretch.from < head) {
                const auto st = s.data->statistics({stretch.from, std::min(stretch.to, head)});
                text = valueText(PlotScene::reading(s, stretch.to));
                if (st && st->max > st->min) {
                    text += tr(" (%1 to %2)").arg(valueText(st->min), valueText(st->max));
                }
            }
            rows[static_cast<std::size_t>(kSummaries + i)] << text;
        }
    }
    if (names != names_) {
        beginResetModel();
        names_ = names;
        rows_ = std::move(rows);
        endResetModel();
        return;
    }
    rows_ = std::move(rows);
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

std::optional<Time> ChartTableModel::timeOf(int row) const {
    if (row < kSummaries || row >= rowCount()) return std::nullopt;
    return from_ + part_ * (row - kSummaries + 1);
}

int ChartTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int ChartTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(names_.size()) + 1;
}

QVariant ChartTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    if (role == Qt::TextAlignmentRole && index.column() > 0) {
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) return {};
    return rows_[static_cast<std::size_t>(index.row())].value(index.column());
}

QVariant ChartTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
    return section == 0 ? tr("Time") : names_.value(section - 1);
}

} // namespace penstock::app
