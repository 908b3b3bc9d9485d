// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The rows that a run hands out are plain C++ (app/session/view/rows.h); this is the one door from
// their words to Qt's. Everything in them is UTF-8.
#include "app/workbench/series/time_ticks.h"

#include <QLatin1String>
#include <QString>

#include <string>

namespace penstock::app {

inline QString text(const std::string& s) {
    return QString::fromStdString(s);
}
inline QString text(const char* s) {
    return QString::fromUtf8(s);
}
// A value as a person reads it, to three or four digits.
inline QString number(double v) {
    return text(numberLabel(v));
}

// Paths and names of metrics have no spaces. Where a label wraps, places to break keep them from
// being cut, or from making the label as wide as themselves. Not for text that is copied.
inline QString breakable(const QString& words) {
    QString out;
    for (const QChar c : words) {
        out += c;
        if (QStringLiteral("_{}(),=/.[]").contains(c)) out += QChar(0x200b);
    }
    return out;
}

} // namespace penstock::app
