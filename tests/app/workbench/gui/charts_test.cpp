// SPDX-License-Identifier: GPL-3.0-only
// Goal: what a chart shows is what was recorded, and mouse and keys do what the cheat sheet says,
// also while data stream in. Method: a made-up run, QTest events, and the pixels themselves.
#include "app/workbench/charts/chart_export.h"
#include "app/workbench/charts/curve_raster.h"
#include "tests/app/workbench/gui/chart_hand.h"
#include "tests/app/workbench/gui/synthetic.h"

#include <QAbstractButton>
#include <QApplication>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

struct ChartsUnderTest {
    SyntheticRun run;
    TimeAxis axis;
    QWidget window;
    std::vector<TimeChart*> charts;

    ChartsUnderTest() {
        run.play(Time{20min}, 1s);
        axis.reset(Time{}, Time{});
        axis.advance(run.head);
        window.resize(900, 140);
        charts = syntheticCharts(run, axis, &window);
        for (TimeChart* chart : charts) {
            chart->resize(900, 140);
            chart->hide();
        }
        chart().show();
        window.show();
        QApplication::processEvents();
        chart().refresh();
    }
    TimeChart& chart() { return *charts[1]; }
    PlotView& view() { return chart().view(); }
    ChartHand hand() { return ChartHand(chart()); }
    void stream() {
        run.play(run.head + 10s, 1s);
        axis.advance(run.head);
        chart().refresh();
        QApplication::processEvents();
    }
};

TEST(Charts, WheelZoomsWhileDataStreamAndFollowGoesOn) {
    ChartsUnderTest f;
    f.hand().wheel(Time{18min}, 3);
    EXPECT_TRUE(f.axis.following());
    const Duration span = f.axis.range().span();
    EXPECT_LT(span, 5min);
    f.stream();
    EXPECT_EQ(f.axis.range().to, f.run.head);
    EXPECT_EQ(f.axis.range().span(), span);
}

TEST(Charts, PanEndsFollowAndTheViewStandsStillWhileDataStream) {
    ChartsUnderTest f;
    f.hand().drag(Time{17min}, Time{18min}, Qt::MiddleButton);
    EXPECT_FALSE(f.axis.following());
    const TimeRange still = f.axis.range();
    EXPECT_NEAR(toSeconds(still.to.time_since_epoch()), 19 * 60, 2);
    f.stream();
    EXPECT_EQ(f.axis.range(), still);
    f.axis.follow();
    f.stream();
    EXPECT_EQ(f.axis.range().to, f.run.head);
    f.hand().wheel(Time{19min}, 1, Qt::ShiftModifier);
    EXPECT_FALSE(f.axis.following());
}

TEST(Charts, CrosshairReadsWhatWasRecorded) {
    ChartsUnderTest f;
    f.hand().hover(Time{17min + 30s});
    ASSERT_TRUE(f.axis.crosshair());
    f.chart().refresh();
    for (int i = 0; i < SyntheticRun::kCurves; ++i) {
        const double want =
            f.run.series[1][static_cast<std::size_t>(i)].at(*f.axis.crosshair())->value;
        EXPECT_NEAR(f.chart().shownValue(i).toDouble(), want, 0.0006) << i;
    }
    EXPECT_TRUE(f.chart().spoken().contains(QStringLiteral("threshold 0.8")));
    f.hand().click(Time{17min + 30s});
    EXPECT_TRUE(f.axis.crosshairLocked());
    const auto locked = f.axis.crosshair();
    f.hand().hover(Time{19min});
    EXPECT_EQ(f.axis.crosshair(), locked);
    f.hand().click(Time{19min});
    EXPECT_FALSE(f.axis.crosshairLocked());
}

TEST(Charts, BrushSelectsAndDoubleClickZoomsToIt) {
    ChartsUnderTest f;
    f.hand().drag(Time{16min}, Time{17min});
    ASSERT_TRUE(f.axis.brush());
    EXPECT_TRUE(f.axis.brushSettled());
    EXPECT_NEAR(toSeconds(f.axis.brush()->span()), 60, 1);
    EXPECT_TRUE(f.axis.following()) << "selecting is not panning";
    const TimeRange brush = *f.axis.brush();
    f.hand().doubleClick(Time{16min + 30s});
    EXPECT_EQ(f.axis.range(), brush);
    EXPECT_FALSE(f.axis.brush());
    EXPECT_TRUE(f.axis.back());
    EXPECT_TRUE(f.axis.following());
}

TEST(Charts, CursorsCanBeDragged) {
    ChartsUnderTest f;
    f.axis.setCursor(TimeAxis::Cursor::a, Time{16min});
    f.hand().drag(Time{16min}, Time{18min});
    EXPECT_NEAR(toSeconds(f.axis.cursor(TimeAxis::Cursor::a)->time_since_epoch()), 18 * 60, 1);
    EXPECT_FALSE(f.axis.brush());
}

TEST(Charts, LegendHidesACurve) {
    ChartsUnderTest f;
    const QImage with = f.view().grab().toImage();
    auto* entry = f.chart().findChildren<QAbstractButton*>().value(0);
    ASSERT_TRUE(entry);
    QTest::mouseClick(entry, Qt::LeftButton);
    EXPECT_FALSE(f.chart().scene().series()[0].visible);
    EXPECT_NE(f.view().grab().toImage(), with);
    QTest::keyClick(entry, Qt::Key_Space);
    EXPECT_TRUE(f.chart().scene().series()[0].visible);
}

TEST(Charts, NothingIsRedrawnWhenNothingChanged) {
    ChartsUnderTest f;
    f.chart().refresh();
    EXPECT_FALSE(f.view().scene().update());
    f.stream();
    f.view().scene().touch();
    EXPECT_TRUE(f.view().scene().update());
    EXPECT_FALSE(f.view().scene().update());
}

TEST(Charts, ACurveIsWhereItsValueIs) {
    QImage image(100, 50, QImage::Format_RGB32);
    image.fill(Qt::white);
    CurveRaster raster(image, QRect(10, 10, 80, 30), 1);
    const ValueMap map(0, 1, false, 10, 30);
    // A step from 0 to 1 in the middle, one short dip in column 60.
    const std::vector<Column> columns{{0, 0, 0, 0, 0}, {40, 1, 1, 1, 1}, {60.5f, 1, 0.5f, 1, 1}};
    raster.step(columns, map, Qt::black, 1, false, 80);
    const auto dark = [&](int x, int y) { return qGray(image.pixel(x, y)) < 160; };
    EXPECT_TRUE(dark(20, 39));
    EXPECT_FALSE(dark(20, 11));
    EXPECT_TRUE(dark(50, 20)) << "the rise";
    EXPECT_TRUE(dark(60, 10));
    EXPECT_FALSE(dark(60, 30));
    EXPECT_TRUE(dark(70, 20)) << "the dip";
    EXPECT_FALSE(dark(71, 20));
    EXPECT_EQ(qGray(image.pixel(5, 39)), 255) << "nothing outside the plot";
}

TEST(Charts, TheGridIsWhereTheValuesAreAfterAChangeOfSize) {
    ChartsUnderTest f;
    for (const int height : {140, 300, 90}) {
        f.window.resize(900, height);
        f.chart().resize(900, height);
        QApplication::processEvents();
        f.chart().refresh();
        const PlotScene& scene = f.chart().scene();
        const QImage image = f.view().grab().toImage();
        // A column at the left edge that no curve and no vertical line touches: 0.5 has a grid line
        // at some heights, 1 or 0 always.
        const int y = qRound(scene.yAt(1));
        int found = -100;
        for (int dy = -2; dy <= 2; ++dy) {
            const int row = std::clamp(y + dy, 0, image.height() - 1);
            if (image.pixelColor(PlotScene::kLeft - 3, row) != image.pixelColor(2, 2)) found = dy;
        }
        EXPECT_NE(found, -100) << "the tick of 1 at height " << height;
    }
}

TEST(Charts, AnyColumnsStayInsideThePlot) {
    // Values far off the scale, gaps, and times outside the plot must not touch other pixels.
    const float nan = std::nanf("");
    const std::vector<Column> columns{{-1e6f, 5, 5, 5, 5},     {1, -1e30f, -1e30f, 1e30f, 3},
                                      {2, nan, nan, nan, nan}, {3.5f, 0.5f, 0.5f, 0.5f, nan},
                                      {50, 0, 0, 0, 0},        {1e7f, 1e9f, 1e9f, 1e9f, 1e9f}};
    QImage image(60, 60, QImage::Format_RGB32);
    image.fill(Qt::white);
    const QRect plot(20, 20, 20, 20);
    CurveRaster raster(image, plot, 1);
    const ValueMap map(0, 1, false, 20, 20);
    raster.step(columns, map, Qt::black, 1.25, true, 1e9);
    raster.line(columns, map, Qt::black, 1.25, false);
    raster.band(columns, columns, map, QColor(0, 0, 0, 90), 1e9);
    raster.dots(columns, map, Qt::black, 4);
    raster.shade(-1e9, 1e9, QColor(255, 0, 0, 20));
    raster.stroke(-3, 5, 100, Qt::black, 2);
    for (int y = 0; y < 60; ++y) {
        for (int x = 0; x < 60; ++x) {
            if (plot.contains(x, y)) continue;
            ASSERT_EQ(image.pixel(x, y), qRgb(255, 255, 255)) << x << ',' << y;
        }
    }
}

TEST(Charts, ExportsTheVisibleRange) {
    ChartsUnderTest f;
    f.axis.zoomTo({Time{15min}, Time{20min}});
    f.chart().refresh();
    QTemporaryDir folder;
    const QString csv = folder.filePath(QStringLiteral("gate.csv"));
    const QString svg = folder.filePath(QStringLiteral("gate.svg"));
    const QString png = folder.filePath(QStringLiteral("gate.png"));
    ASSERT_TRUE(exportChart(f.chart(), ChartFile::csv, csv));
    ASSERT_TRUE(exportChart(f.chart(), ChartFile::svg, svg));
    ASSERT_TRUE(exportChart(f.chart(), ChartFile::png, png));

    QFile file(csv);
    ASSERT_TRUE(file.open(QIODevice::ReadOnly));
    const QStringList lines = QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'));
    EXPECT_EQ(lines[0], QStringLiteral("time_s,true load,read,threshold,budget"));
    EXPECT_EQ(lines[1].section(QLatin1Char(','), 0, 0), QStringLiteral("900.000000"));
    EXPECT_EQ(lines.size(), 302) << "a heading, 300 samples, and the end of the last line";
    EXPECT_EQ(lines[5].section(QLatin1Char(','), 3, 3), QStringLiteral("0.8"));

    QFile drawing(svg);
    ASSERT_TRUE(drawing.open(QIODevice::ReadOnly));
    QXmlStreamReader xml(&drawing);
    int paths = 0;
    while (!xml.atEnd()) {
        if (xml.readNext() == QXmlStreamReader::StartElement && xml.name() == u"path") ++paths;
    }
    EXPECT_FALSE(xml.hasError()) << xml.errorString().toStdString();
    EXPECT_GE(paths, 4);
    EXPECT_GT(QImage(png).width(), 1700);

    const auto failed = exportChart(f.chart(), ChartFile::csv, QStringLiteral("/nowhere/x.csv"));
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().text().find("/nowhere/x.csv"), std::string::npos);
}

} // namespace
} // namespace penstock::app
