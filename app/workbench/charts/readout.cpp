// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/readout.h"

#include "app/workbench/look/theme.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr double kPad = 6, kGap = 12, kSwatch = 12;

} // namespace

void paintReadout(QPainter& painter, const QRectF& plot, double avoid, const Readout& readout) {
    if (readout.rows.empty()) return;
    const Theme& theme = currentTheme();
    const QFont font = smallFont();
    const QFontMetricsF metrics(font);
    const double line = metrics.height() + 1;
    std::vector<double> widths{metrics.horizontalAdvance(readout.title) - kSwatch};
    const auto fit = [&](std::size_t column, const QString& text) {
        if (widths.size() <= column) widths.resize(column + 1, 0);
        widths[column] = std::max(widths[column], metrics.horizontalAdvance(text));
    };
    for (qsizetype i = 0; i < readout.headings.size(); ++i) {
        fit(static_cast<std::size_t>(i) + 1, readout.headings[i]);
    }
    for (const auto& row : readout.rows) {
        for (qsizetype i = 0; i < row.cells.size(); ++i) {
            fit(static_cast<std::size_t>(i), row.cells[i]);
        }
    }
    double block = kSwatch + 2 * kPad - kGap;
    for (const double w : widths)
        block += w + kGap;
    const auto most =
        static_cast<std::size_t>(std::max(1.0, (plot.height() - kPad - 4) / line - 1));
    const auto blocks = std::clamp<std::size_t>(
        (readout.rows.size() + most - 1) / most, 1,
        static_cast<std::size_t>(std::max(1.0, (plot.width() - 8) / block)));
    const std::size_t perBlock = std::min(most, (readout.rows.size() + blocks - 1) / blocks);
    const std::size_t rows = std::min(readout.rows.size(), perBlock * blocks);
    const double width = block * static_cast<double>(blocks);
    const double height = line * static_cast<double>(perBlock + 1) + kPad;
    const bool left = avoid > plot.center().x();
    const QRectF box(left ? plot.left() + 4 : plot.right() - width - 4, plot.top() + 2, width,
                     std::min(height, plot.height() - 4));

    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    QColor ground = theme.palette.color(QPalette::Base);
    ground.setAlpha(235);
    painter.setPen(QPen(theme.frame, 1));
    painter.setBrush(ground);
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    painter.setFont(font);
    const double top = box.top() + kPad / 2 + metrics.ascent();
    const auto right = [&](double x, double y, const QString& text) {
        painter.drawText(QPointF(x - metrics.horizontalAdvance(text), y), text);
    };
    for (std::size_t i = 0; i < blocks; ++i) {
        const double start = box.left() + static_cast<double>(i) * block + kPad;
        if (i == 0) {
            painter.setPen(theme.palette.color(QPalette::Text));
            painter.drawText(QPointF(start, top), readout.title);
        }
        painter.setPen(theme.weakText);
        double x = start + kSwatch + widths[0];
        for (qsizetype k = 0; k < readout.headings.size(); ++k) {
            x += kGap + widths[static_cast<std::size_t>(k) + 1];
            right(x, top, readout.headings[k]);
        }
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const Readout::Row& row = readout.rows[r];
        const double start = box.left() + static_cast<double>(r / perBlock) * block + kPad;
        const double y = top + line * static_cast<double>(r % perBlock + 1);
        if (row.color.isValid()) {
            painter.fillRect(QRectF(start, y - metrics.xHeight() / 2 - 1.5, 8, 3), row.color);
        }
        painter.setPen(theme.palette.color(QPalette::Text));
        double x = start + kSwatch;
        painter.drawText(QPointF(x, y), row.cells.value(0));
        x += widths[0];
        for (qsizetype k = 1; k < row.cells.size(); ++k) {
            x += kGap + widths[static_cast<std::size_t>(k)];
            right(x, y, row.cells[k]);
        }
    }
    painter.restore();
}

} // namespace penstock::app
