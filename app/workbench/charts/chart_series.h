// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What one curve of a chart is: where its samples are and how it is drawn. Values; the samples
// belong to the run's data and must outlive the chart, or be taken out with setSeries first.
#include "app/workbench/series/series_buffer.h"

#include <QString>

namespace penstock::app {

enum class CurveStyle {
    line, // samples of a continuous quantity, joined
    step, // each sample holds until the next: a limit, a budget, a reading
    band, // the area between `data` and `upper`, translucent
};

struct ChartSeries {
    QString name;
    const SeriesBuffer* data = nullptr;
    CurveStyle style = CurveStyle::line;
    int color = 0;       // index into the theme's series colours
    bool dashed = false; // thresholds, limits and the curves of a compared run
    bool dots = false;   // a dot at each sample while they are far apart: readings
    bool visible = true;
    // False: the value axis grows for it only to twice what the other curves need, and what lies
    // beyond is cut off. Of a load that runs to twenty times its threshold one must still see when
    // it was above.
    bool scales = true;
    const SeriesBuffer* upper = nullptr; // band only
    // At least 0: the same quantity of another run, laid over curve `overlayOf` of this chart;
    // drawn pale and dashed under it, hidden with it. Such curves come after all others.
    int overlayOf = -1;
};

// How a chart's value axis behaves.
struct ValueAxisSpec {
    bool logarithmic = false;
    double low = 0;  // always shown; for a logarithmic axis the smallest value shown, > 0
    double high = 0; // always shown; the axis grows beyond it when the data do
    QString unit;    // "ms", "requests", "per s"; empty for shares
};

} // namespace penstock::app
