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
    double width = kSwatch + 2 * kPad - kGap;
    for (const double w : widths)
        width += w + kGap;
    const auto most =
        static_cast<std::size_t>(std::max(1.0, (plot.height() - kPad - 4) / line - 1));
    const std::size_t rows = std::min(readout.rows.size(), most);
    const double height = line * static_cast<double>(rows + 1) + kPad;
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
    double y = box.top() + kPad / 2 + metrics.ascent();
    painter.setPen(theme.palette.color(QPalette::Text));
    painter.drawText(QPointF(box.left() + kPad, y), readout.title);
    const auto right = [&](double x, const QString& text) {
        painter.drawText(QPointF(x - metrics.horizontalAdvance(text), y), text);
    };
    painter.setPen(theme.weakText);
    double x = box.left() + kPad + kSwatch + widths[0];
    for (qsizetype i = 0; i < readout.headings.size(); ++i) {
        x += kGap + widths[static_cast<std::size_t>(i) + 1];
        right(x, readout.headings[i]);
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const Readout::Row& row = readout.rows[r];
        y += line;
        if (row.color.isValid()) {
            painter.fillRect(QRectF(box.left() + kPad, y - metrics.xHeight() / 2 - 1.5, 8, 3),
                             row.color);
        }
        painter.setPen(theme.palette.color(QPalette::Text));
        x = box.left() + kPad + kSwatch;
        painter.drawText(QPointF(x, y), row.cells.value(0));
        x += widths[0];
        for (qsizetype i = 1; i < row.cells.size(); ++i) {
            x += kGap + widths[static_cast<std::size_t>(i)];
            right(x, row.cells[i]);
        }
    }
    painter.restore();
}

} // namespace penstock::app
