// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/look/theme.h"

#include <QApplication>
#include <QStyleFactory>
#include <QToolTip>

#include <array>
#include <cmath>

namespace penstock::app {
namespace {

struct WidgetColors {
    const char *window, *windowText, *base, *alternate, *text, *button, *buttonText, *highlight,
        *highlightedText, *link, *toolTip, *toolTipText, *placeholder, *disabled, *mid, *dark;
};

QPalette makePalette(const WidgetColors& c) {
    QPalette p;
    p.setColor(QPalette::Window, QColor(c.window));
    p.setColor(QPalette::WindowText, QColor(c.windowText));
    p.setColor(QPalette::Base, QColor(c.base));
    p.setColor(QPalette::AlternateBase, QColor(c.alternate));
    p.setColor(QPalette::Text, QColor(c.text));
    p.setColor(QPalette::Button, QColor(c.button));
    p.setColor(QPalette::ButtonText, QColor(c.buttonText));
    p.setColor(QPalette::BrightText, Qt::white);
    p.setColor(QPalette::Highlight, QColor(c.highlight));
    p.setColor(QPalette::HighlightedText, QColor(c.highlightedText));
    p.setColor(QPalette::Link, QColor(c.link));
    p.setColor(QPalette::LinkVisited, QColor(c.link));
    p.setColor(QPalette::ToolTipBase, QColor(c.toolTip));
    p.setColor(QPalette::ToolTipText, QColor(c.toolTipText));
    p.setColor(QPalette::PlaceholderText, QColor(c.placeholder));
    p.setColor(QPalette::Light, QColor(c.base).lighter(105));
    p.setColor(QPalette::Midlight, QColor(c.button).lighter(103));
    p.setColor(QPalette::Mid, QColor(c.mid));
    p.setColor(QPalette::Dark, QColor(c.dark));
    p.setColor(QPalette::Shadow, Qt::black);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        p.setColor(QPalette::Disabled, role, QColor(c.disabled));
    }
    p.setColor(QPalette::Disabled, QPalette::Highlight, QColor(c.mid));
    return p;
}

Theme makeLight() {
    Theme t;
    t.kind = ThemeKind::light;
    t.palette = makePalette({"#f3f4f6", "#1c2127", "#ffffff", "#f7f8fa", "#1c2127", "#eceef1",
                             "#1c2127", "#1f5fa8", "#ffffff", "#1f5fa8", "#1c2127", "#f3f4f6",
                             "#5f6873", "#8d949c", "#c9ced4", "#a7aeb6"});
    t.plotBackground = QColor("#ffffff");
    t.grid = QColor("#e6e8eb");
    t.axisText = QColor("#4c545d");
    t.frame = QColor("#c9ced4");
    t.crosshair = QColor("#5f6873");
    t.cursorA = QColor("#0b6e4f");
    t.cursorB = QColor("#8a2f7c");
    t.brush = QColor(31, 95, 168, 38);
    t.decisionMark = QColor("#8d949c");
    t.moveMark = QColor("#b0480c");
    t.faultMark = QColor("#b3261e");
    t.series = {QColor("#0068a8"), QColor("#cf5500"), QColor("#00805d"), QColor("#a8437f"),
                QColor("#8a6a00"), QColor("#3f8fc4"), QColor("#3d4450"), QColor("#6b4fa3")};
    t.reasons = {QColor("#d55e00"), QColor("#0072b2"), QColor("#cc79a7"),
                 QColor("#009e73"), QColor("#e69f00"), QColor("#56b4e9")};
    t.good = QColor("#0b6e4f");
    t.warning = QColor("#8a5a00");
    t.bad = QColor("#b3261e");
    t.weakText = QColor("#5f6873");
    t.armed = QColor("#c62828");
    return t;
}

Theme makeDark() {
    Theme t;
    t.kind = ThemeKind::dark;
    t.palette = makePalette({"#20242a", "#e4e7eb", "#181b20", "#1d2126", "#e4e7eb", "#2b3038",
                             "#e4e7eb", "#3d7cc2", "#ffffff", "#7db4ec", "#e4e7eb", "#20242a",
                             "#99a1ab", "#6f7782", "#3a414a", "#14171b"});
    t.plotBackground = QColor("#181b20");
    t.grid = QColor("#2a2f36");
    t.axisText = QColor("#aab2bc");
    t.frame = QColor("#3a414a");
    t.crosshair = QColor("#aab2bc");
    t.cursorA = QColor("#4fd1a5");
    t.cursorB = QColor("#dd8fd0");
    t.brush = QColor(125, 180, 236, 48);
    t.decisionMark = QColor("#7b848f");
    t.moveMark = QColor("#ff9d5c");
    t.faultMark = QColor("#ff7b72");
    t.series = {QColor("#4ba3e3"), QColor("#f2853f"), QColor("#2fbf92"), QColor("#e08fbf"),
                QColor("#d9b233"), QColor("#9bd0f5"), QColor("#d5dae0"), QColor("#ab92e0")};
    t.reasons = {QColor("#f2853f"), QColor("#4ba3e3"), QColor("#e08fbf"),
                 QColor("#2fbf92"), QColor("#d9b233"), QColor("#9bd0f5")};
    t.good = QColor("#4fd1a5");
    t.warning = QColor("#e3b341");
    t.bad = QColor("#ff7b72");
    t.weakText = QColor("#99a1ab");
    t.armed = QColor("#ff5c5c");
    return t;
}

ThemeKind& kindInUse() {
    static ThemeKind kind = ThemeKind::light;
    return kind;
}

// Debian's desktops all have DejaVu; the others are nicer where they are installed.
const QStringList kTextFamilies = {QStringLiteral("Inter"), QStringLiteral("Noto Sans"),
                                   QStringLiteral("DejaVu Sans"), QStringLiteral("sans-serif")};
const QStringList kNumberFamilies = {QStringLiteral("Noto Sans Mono"),
                                     QStringLiteral("DejaVu Sans Mono"),
                                     QStringLiteral("monospace")};

constexpr qreal kPointSize = 9;

} // namespace

QColor Theme::seriesColor(int index) const {
    return series[static_cast<std::size_t>(index) % series.size()];
}

QColor Theme::reasonColor(int index) const {
    return reasons[static_cast<std::size_t>(index) % reasons.size()];
}

const Theme& themeOf(ThemeKind kind) {
    static const Theme light = makeLight(), dark = makeDark();
    return kind == ThemeKind::light ? light : dark;
}

const Theme& currentTheme() {
    return themeOf(kindInUse());
}

void applyTheme(ThemeKind kind) {
    kindInUse() = kind;
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QFont font;
    font.setFamilies(kTextFamilies);
    font.setPointSizeF(kPointSize);
    QApplication::setFont(font);
    QApplication::setPalette(themeOf(kind).palette);
    // Tool tips have a palette of their own. (A style sheet for them would hold the colours that
    // other widgets have been given on their own.)
    QToolTip::setPalette(themeOf(kind).palette);
}

QFont numberFont() {
    QFont font;
    font.setFamilies(kNumberFamilies);
    font.setPointSizeF(kPointSize);
    return font;
}

QFont smallFont() {
    QFont font;
    font.setFamilies(kTextFamilies);
    font.setPointSizeF(kPointSize - 1);
    return font;
}

QRgb heatColor(float share) {
    // Seventeen stops of the published table, joined by straight lines: at most 2/255 off.
    static constexpr std::array<std::array<int, 3>, 17> kStops = {{{0, 34, 78},
                                                                   {0, 46, 108},
                                                                   {27, 57, 111},
                                                                   {49, 68, 108},
                                                                   {66, 79, 107},
                                                                   {81, 89, 109},
                                                                   {95, 101, 112},
                                                                   {109, 112, 115},
                                                                   {123, 123, 120},
                                                                   {138, 135, 121},
                                                                   {153, 147, 118},
                                                                   {169, 160, 114},
                                                                   {185, 173, 108},
                                                                   {203, 187, 100},
                                                                   {220, 201, 88},
                                                                   {238, 216, 71},
                                                                   {254, 232, 56}}};
    if (std::isnan(share)) return qRgba(0, 0, 0, 0);
    const float position = std::clamp(share, 0.0f, 1.0f) * 16;
    const auto i = std::min<std::size_t>(15, static_cast<std::size_t>(position));
    const float f = position - static_cast<float>(i);
    const auto mix = [&](std::size_t channel) {
        const auto a = static_cast<float>(kStops[i][channel]);
        const auto b = static_cast<float>(kStops[i + 1][channel]);
        return static_cast<int>(std::lround(a + (b - a) * f));
    };
    return qRgb(mix(0), mix(1), mix(2));
}

} // namespace penstock::app
