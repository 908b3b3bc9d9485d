// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A small table painted over a plot: the statistics of a brushed range, or what lies between the
// A and B cursors.
#include <QColor>
#include <QRectF>
#include <QString>
#include <QStringList>

#include <vector>

class QPainter;

namespace penstock::app {

struct Readout {
    struct Row {
        QColor color; // of the curve; invalid for none
        QStringList cells;
    };
    QString title;
    QStringList headings; // beside the title, above the cells after the first
    std::vector<Row> rows;
};

// How a readout would lie in `plot`: in how many columns, and how many rows each.
struct ReadoutFit {
    std::size_t blocks = 1, perBlock = 1;
    double blockWidth = 0, line = 0;
    bool complete = true; // no row is left out
    std::vector<double> widths;

    double width() const { return blockWidth * static_cast<double>(blocks); }
};
ReadoutFit fitReadout(const QRectF& plot, const Readout& readout);

// Paints in the corner of `plot` that leaves `avoid` (in x) free, as far as one does. Rows that do
// not fit in the plot's height go on in a further column, and are left out where that has no room.
void paintReadout(QPainter& painter, const QRectF& plot, double avoid, const Readout& readout);

} // namespace penstock::app
