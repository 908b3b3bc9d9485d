// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/readout.h"

#include "app/workbench/look/theme.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <tuple>

namespace penstock::app {
namespace {

constexpr double kReadoutPad = 6, kReadoutGap = 12, kReadoutSwatch = 12;

} // namespace

ReadoutFit fitReadout(const QRectF& plot, const Readout& readout) {
    const QFontMetricsF metrics(smallFont());
    ReadoutFit fit;
    fit.line = metrics.height() + 1;
    fit.widths = {metrics.horizontalAdvance(readout.title) - kReadoutSwatch};
    const auto take = [&](std::size_t column, const QString& text) {
        if (fit.widths.size() <= column) fit.widths.resize(column + 1, 0);
        fit.widths[column] = std::max(fit.widths[column], metrics.horizontalAdvance(text));
    };
    for (qsizetype i = 0; i < readout.headings.size(); ++i)
        take(static_cast<std::size_t>(i) + 1, readout.headings[i]);
    for (const auto& row : readout.rows) {
        for (qsizetype i = 0; i < row.cells.size(); ++i)
            take(static_cast<std::size_t>(i), row.cells[i]);
    }
    fit.blockWidth = kReadoutSwatch + 2 * kReadoutPad - kReadoutGap;
    for (const double w : fit.widths)
        fit.blockWidth += w + kReadoutGap;
    const std::size_t count = readout.rows.size();
    const auto most =
        static_cast<std::size_t>(std::max(1.0, (plot.height() - kReadoutPad - 4) / fit.line - 1));
    const auto room = static_cast<std::size_t>(std::max(1.0, (plot.width() - 8) / fit.blockWidth));
    fit.blocks = std::clamp<std::size_t>((count + most - 1) / most, 1, room);
    fit.perBlock = std::max<std::size_t>(1, std::min(most, (count + fit.blocks - 1) / fit.blocks));
    fit.complete = fit.perBlock * fit.blocks >= count;
    return fit;
}

void paintReadout(QPainter& painter, const QRectF& plot, double avoid, const Readout& readout) {
    if (readout.rows.empty()) return;
    const Theme& theme = currentTheme();
    const QFont font = smallFont();
    const QFontMetricsF metrics(font);
    const ReadoutFit fit = fitReadout(plot, readout);
    const auto& widths = fit.widths;
    const auto [blocks, perBlock, block, line] =
        std::tuple(fit.blocks, fit.perBlock, fit.blockWidth, fit.line);
    const std::size_t rows = std::min(readout.rows.size(), perBlock * blocks);
    const double width = fit.width();
    const double height = line * static_cast<double>(perBlock + 1) + kReadoutPad;
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
    const double top = box.top() + kReadoutPad / 2 + metrics.ascent();
    const auto right = [&](double x, double y, const QString& text) {
        painter.drawText(QPointF(x - metrics.horizontalAdvance(text), y), text);
    };
    for (std::size_t i = 0; i < blocks; ++i) {
        const double start = box.left() + static_cast<double>(i) * block + kReadoutPad;
        if (i == 0) {
            painter.setPen(theme.palette.color(QPalette::Text));
            painter.drawText(QPointF(start, top), readout.title);
        }
        painter.setPen(theme.weakText);
        double x = start + kReadoutSwatch + widths[0];
        for (qsizetype k = 0; k < readout.headings.size(); ++k) {
            x += kReadoutGap + widths[static_cast<std::size_t>(k) + 1];
            right(x, top, readout.headings[k]);
        }
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const Readout::Row& row = readout.rows[r];
        const double start = box.left() + static_cast<double>(r / perBlock) * block + kReadoutPad;
        const double y = top + line * static_cast<double>(r % perBlock + 1);
        if (row.color.isValid()) {
            painter.fillRect(QRectF(start, y - metrics.xHeight() / 2 - 1.5, 8, 3), row.color);
        }
        painter.setPen(theme.palette.color(QPalette::Text));
        double x = start + kReadoutSwatch;
        painter.drawText(QPointF(x, y), row.cells.value(0));
        x += widths[0];
        for (qsizetype k = 1; k < row.cells.size(); ++k) {
            x += kReadoutGap + widths[static_cast<std::size_t>(k)];
            right(x, y, row.cells[k]);
        }
    }
    painter.restore();
}

} // namespace penstock::app
