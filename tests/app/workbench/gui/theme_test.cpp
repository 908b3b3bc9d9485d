// SPDX-License-Identifier: GPL-3.0-only
// Goal: every colour can be read in both themes, with and without full colour vision. Method: WCAG
// contrast against the ground it stands on, and distances in CIELAB after simulating deuteranopia
// and protanopia by the matrices of Machado, Oliveira and Fernandes (2009), severity 1.
#include "app/workbench/look/theme.h"

#include <QDir>
#include <QImage>
#include <QPainter>
#include <QSvgRenderer>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace penstock::app {
namespace {

using Vector = std::array<double, 3>;

Vector linear(const QColor& c) {
    Vector v{c.redF(), c.greenF(), c.blueF()};
    for (double& x : v)
        x = x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
    return v;
}

Vector multiply(const std::array<Vector, 3>& m, const Vector& v) {
    Vector out{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t k = 0; k < 3; ++k)
            out[i] += m[i][k] * v[k];
    }
    return out;
}

Vector lab(const Vector& rgb) {
    const Vector xyz = multiply(
        {{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}}, rgb);
    const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
    const double x = f(xyz[0] / 0.9505), y = f(xyz[1]), z = f(xyz[2] / 1.089);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double distance(const Vector& a, const Vector& b) {
    return std::sqrt(std::pow(a[0] - b[0], 2) + std::pow(a[1] - b[1], 2) +
                     std::pow(a[2] - b[2], 2));
}

// Contrast ratio of WCAG 2.1, from 1 to 21.
double contrast(const QColor& a, const QColor& b) {
    const auto luminance = [](const QColor& c) {
        const Vector v = linear(c);
        return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
    };
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

constexpr std::array<Vector, 3> kNormal = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr std::array<Vector, 3> kDeuteranopia = {{{0.367322, 0.860646, -0.227968},
                                                  {0.280085, 0.672501, 0.047413},
                                                  {-0.011820, 0.042940, 0.968881}}};
constexpr std::array<Vector, 3> kProtanopia = {{{0.152286, 1.052583, -0.204868},
                                                {0.114503, 0.786281, 0.099216},
                                                {-0.003882, -0.048116, 1.051998}}};

TEST(Theme, EverythingHasContrast) {
    for (const ThemeKind kind : {ThemeKind::light, ThemeKind::dark}) {
        const Theme& t = themeOf(kind);
        for (const QColor& c : t.series)
            EXPECT_GE(contrast(c, t.plotBackground), 3) << c.name().toStdString();
        const QColor window = t.palette.color(QPalette::Window),
                     base = t.palette.color(QPalette::Base);
        for (const QColor& ground : {window, base}) {
            EXPECT_GE(contrast(t.palette.color(QPalette::Text), ground), 7);
            EXPECT_GE(contrast(t.weakText, ground), 4.5);
            EXPECT_GE(contrast(t.axisText, ground), 4.5);
            EXPECT_GE(contrast(t.good, ground), 4.5);
            EXPECT_GE(contrast(t.warning, ground), 4.5);
            EXPECT_GE(contrast(t.bad, ground), 4.5);
        }
        EXPECT_GE(contrast(t.palette.color(QPalette::HighlightedText),
                           t.palette.color(QPalette::Highlight)),
                  4);
    }
}

TEST(Theme, TheFirstFourCurvesAreToldApartByEveryone) {
    for (const ThemeKind kind : {ThemeKind::light, ThemeKind::dark}) {
        const Theme& t = themeOf(kind);
        for (const auto& vision : {kNormal, kDeuteranopia, kProtanopia}) {
            for (std::size_t i = 0; i < 4; ++i) {
                for (std::size_t k = i + 1; k < 4; ++k) {
                    const double d = distance(lab(multiply(vision, linear(t.series[i]))),
                                              lab(multiply(vision, linear(t.series[k]))));
                    EXPECT_GT(d, 14)
                        << i << " and " << k << (kind == ThemeKind::dark ? " dark" : " light");
                }
            }
        }
    }
}

TEST(Theme, HeatRunsFromDarkToBright) {
    double before = -1;
    for (int i = 0; i <= 20; ++i) {
        const double l = lab(linear(QColor::fromRgb(heatColor(static_cast<float>(i) / 20))))[0];
        EXPECT_GT(l, before);
        before = l;
    }
    EXPECT_EQ(qAlpha(heatColor(std::nanf(""))), 0);
    EXPECT_EQ(heatColor(-1), heatColor(0));
    EXPECT_EQ(heatColor(9), heatColor(1));
}

TEST(Theme, EveryIconIsADrawingThatPaints) {
    applyTheme(ThemeKind::light);
    const QDir folder(QStringLiteral(PENSTOCK_SOURCE_DIR "/resources/icons"));
    const QStringList files = folder.entryList({QStringLiteral("*.svg")});
    EXPECT_GE(files.size(), 30);
    for (const QString& file : files) {
        EXPECT_TRUE(QSvgRenderer(folder.filePath(file)).isValid()) << file.toStdString();
        const QIcon drawn =
            file == QStringLiteral("penstock.svg") ? applicationIcon() : icon(file.chopped(4));
        const QImage image = drawn.pixmap(32, 32).toImage();
        bool any = false;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x)
                any = any || qAlpha(image.pixel(x, y)) > 0;
        }
        EXPECT_TRUE(any) << file.toStdString();
    }
}

} // namespace
} // namespace penstock::app
