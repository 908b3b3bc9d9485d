// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/charts/legend_entry.h"

#include "app/workbench/look/theme.h"

#include <QEvent>
#include <QPainter>

#include <cmath>

namespace penstock::app {
namespace {

constexpr int kEntrySwatch = 12, kEntryGap = 4, kEntryPad = 2;
constexpr int kSlack = 3; // advances are rounded, and a name must not be cut for want of a pixel

} // namespace

LegendEntry::LegendEntry(QString name, int color, Swatch swatch, QWidget* parent)
    : QAbstractButton(parent), name_(std::move(name)), color_(color), swatch_(swatch) {
    setCheckable(true);
    setChecked(true);
    setFocusPolicy(Qt::TabFocus);
    setFont(smallFont());
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAccessibleName(tr("Curve %1").arg(name_));
    setToolTip(tr("%1 – press to hide or show").arg(name_));
}

void LegendEntry::setValue(const QString& text) {
    if (text == value_) return;
    value_ = text;
    setAccessibleDescription(text);
    const int width = fontMetrics().horizontalAdvance(text) + kSlack;
    if (width > widest_) {
        widest_ = width; // grows only, so that headings stop moving
        updateGeometry();
    }
    update();
}

void LegendEntry::setOthers(int count, const QStringList& values) {
    const QString text = values.join(QLatin1Char(' '));
    if (count != otherCount_) {
        otherCount_ = count;
        updateGeometry();
    } else if (text == others_) {
        return;
    }
    others_ = text;
    update();
}

int LegendEntry::valueWidth() const {
    return std::max(widest_, fontMetrics().horizontalAdvance(QStringLiteral("0.000"))) *
           (1 + otherCount_);
}

QSize LegendEntry::sizeHint() const {
    const int name = fontMetrics().horizontalAdvance(name_);
    return {kEntryPad + kEntrySwatch + kEntryGap + name + kSlack + kEntryGap + valueWidth() +
                kEntryPad,
            fontMetrics().height() + 4};
}

QSize LegendEntry::minimumSizeHint() const {
    // As much of the name stays as tells whose value it is.
    const int name =
        kSlack + std::min(fontMetrics().horizontalAdvance(name_),
                          fontMetrics().horizontalAdvance(QStringLiteral("threshold")));
    const int value = valueWidth() / (1 + otherCount_); // other runs' values give way
    return {kEntryPad + kEntrySwatch + kEntryGap + name + kEntryGap + value + kEntryPad,
            sizeHint().height()};
}

bool LegendEntry::event(QEvent* event) {
    if (event->type() == QEvent::HoverEnter || event->type() == QEvent::HoverLeave) update();
    return QAbstractButton::event(event);
}

void LegendEntry::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = currentTheme();
    if (hasFocus()) {
        painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
    const QColor color = isChecked() ? theme.seriesColor(color_) : theme.frame;
    const int middle = height() / 2;
    if (swatch_ == Swatch::area) {
        QColor area = color;
        area.setAlpha(110);
        painter.fillRect(kEntryPad, middle - 4, kEntrySwatch, 8, area);
    } else if (swatch_ == Swatch::dashes) {
        painter.fillRect(kEntryPad, middle - 1, 5, 2, color);
        painter.fillRect(kEntryPad + 7, middle - 1, 5, 2, color);
    } else {
        painter.fillRect(kEntryPad, middle - 1, kEntrySwatch, 2, color);
    }
    const int left = kEntryPad + kEntrySwatch + kEntryGap;
    const int full = kSlack + fontMetrics().horizontalAdvance(name_) + kEntryGap + valueWidth();
    const bool others = !others_.isEmpty() && width() - left - kEntryPad >= full;
    const int values = others ? valueWidth() : valueWidth() / (1 + otherCount_);
    const int room = width() - left - kEntryPad - kEntryGap - values;
    painter.setPen(isChecked() ? theme.axisText : theme.frame);
    const QString shown = fontMetrics().elidedText(name_, Qt::ElideRight, room);
    painter.drawText(QRect(left, 0, std::max(0, room), height()), Qt::AlignVCenter, shown);
    if (!isChecked()) return;
    painter.setPen(palette().color(QPalette::WindowText));
    const int after = room > 0 ? left + fontMetrics().horizontalAdvance(shown) + kEntryGap : left;
    painter.drawText(QRect(after, 0, width() - after, height()), Qt::AlignVCenter, value_);
    if (!others) return;
    const int further = after + fontMetrics().horizontalAdvance(value_ + QLatin1Char(' '));
    painter.setPen(theme.weakText);
    painter.drawText(QRect(further, 0, width() - further, height()), Qt::AlignVCenter, others_);
}

ReasonEntry::ReasonEntry(QString name, int color, QWidget* parent)
    : QWidget(parent), name_(std::move(name)), color_(color) {
    setFont(smallFont());
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setToolTip(tr("Share of the visible time for which the gate was shut: %1").arg(name_));
    name_.replace(QLatin1Char('_'), QLatin1Char(' '));
    if (name_.startsWith(QStringLiteral("gate "))) name_.remove(0, 5); // it is the gate's chart
    setAccessibleName(text());
}

QString ReasonEntry::text() const {
    return percent_ == 0 ? name_ : QStringLiteral("%1 %2 %").arg(name_).arg(percent_);
}

void ReasonEntry::setShare(double share) {
    const int percent = static_cast<int>(std::lround(share * 100));
    if (percent == percent_) return;
    percent_ = percent;
    setAccessibleName(text());
    update();
}

QSize ReasonEntry::sizeHint() const {
    const int name = fontMetrics().horizontalAdvance(name_ + QStringLiteral(" 100 %")) + kSlack;
    return {kEntryPad + 10 + kEntryGap + name + kEntryPad, fontMetrics().height() + 4};
}

void ReasonEntry::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    QColor shade = currentTheme().reasonColor(color_);
    shade.setAlpha(110);
    painter.fillRect(kEntryPad, height() / 2 - 5, 10, 10, shade);
    painter.setPen(currentTheme().axisText);
    const int left = kEntryPad + 10 + kEntryGap;
    painter.drawText(QRect(left, 0, width() - left, height()), Qt::AlignVCenter,
                     fontMetrics().elidedText(text(), Qt::ElideRight, width() - left));
}

} // namespace penstock::app
