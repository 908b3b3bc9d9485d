// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// How the window looks: one light and one dark set of colours, for widgets and for charts, over
// the Fusion style, which honours a palette on every desktop. Qt 6.4 cannot ask the desktop for
// its colour scheme, so the choice is the user's. GUI thread only.
#include <QColor>
#include <QFont>
#include <QIcon>
#include <QPalette>

#include <vector>

namespace penstock::app {

enum class ThemeKind { light, dark };

struct Theme {
    ThemeKind kind = ThemeKind::light;
    QPalette palette;

    // Chart surfaces.
    QColor plotBackground, grid, axisText, frame;
    QColor crosshair, cursorA, cursorB, brush;
    QColor decisionMark, moveMark, faultMark;

    // Curves, in order of use. The hues follow Okabe and Ito (2008), told apart by people with
    // deuteranopia and protanopia, with a lightness of their own in each theme so that each has a
    // contrast of at least 3:1 to the plot's background.
    std::vector<QColor> series;
    // Shades of closed time by reason, to be laid translucently under curves.
    std::vector<QColor> reasons;

    QColor good, warning, bad, weakText;
    QColor armed; // the frame around live knobs that will act on a real system

    // A colour of `series`, wrapping around.
    QColor seriesColor(int index) const;
    QColor reasonColor(int index) const;
};

const Theme& themeOf(ThemeKind kind);

// The theme in use; light until applyTheme is called.
const Theme& currentTheme();

// Sets style, palette and fonts of the application; widgets hear of it by their PaletteChange.
void applyTheme(ThemeKind kind);

// Digits of one width, for readings that change many times a second.
QFont numberFont();
// A little smaller than the application's font, for chart labels.
QFont smallFont();

// A drawing of resources/icons by its file name without ".svg", in the text colour of the theme
// in use (the drawings are black). Sharp at any scale.
QIcon icon(const QString& name);
// The program's own icon, in its own colours.
QIcon applicationIcon();

// Cividis (Nuñez, Anderton and Renslow 2018), made for readers with and without colour vision
// deficiency: 0 dark blue, 1 yellow. NaN is transparent.
QRgb heatColor(float share);

} // namespace penstock::app
