// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/settings.h"

#include <QFileInfo>
#include <QUrl>

namespace penstock::app {
namespace {

// Names of layouts and stores may hold a slash, which QSettings takes for a group.
QString key(const char* group, const QString& name) {
    return QString::fromLatin1(group) + QLatin1Char('/') +
           (name.isEmpty()
                ? QStringLiteral("last")
                : QStringLiteral("named.") + QString::fromLatin1(QUrl::toPercentEncoding(name)));
}

} // namespace

ThemeKind Settings::theme() const {
    return settings_.value(QStringLiteral("theme")).toString() == QStringLiteral("dark")
               ? ThemeKind::dark
               : ThemeKind::light;
}

void Settings::setTheme(ThemeKind kind) {
    settings_.setValue(QStringLiteral("theme"),
                       kind == ThemeKind::dark ? QStringLiteral("dark") : QStringLiteral("light"));
}

QByteArray Settings::geometry() const {
    return settings_.value(QStringLiteral("geometry")).toByteArray();
}

void Settings::setGeometry(const QByteArray& geometry) {
    settings_.setValue(QStringLiteral("geometry"), geometry);
}

Layout Settings::layout(const QString& name) const {
    Layout out;
    const QVariantMap map = settings_.value(key("layouts", name)).toMap();
    for (auto it = map.begin(); it != map.end(); ++it) {
        if (it.key() == QStringLiteral("docks")) {
            out.docks = it.value().toByteArray();
        } else if (it.key().startsWith(QStringLiteral("view."))) {
            out.views[it.key().mid(5)] = it.value().toByteArray();
        }
    }
    return out;
}

void Settings::setLayout(const QString& name, const Layout& layout) {
    QVariantMap map{{QStringLiteral("docks"), layout.docks}};
    for (auto it = layout.views.begin(); it != layout.views.end(); ++it)
        map[QStringLiteral("view.") + it.key()] = it.value();
    settings_.setValue(key("layouts", name), map);
}

void Settings::removeLayout(const QString& name) {
    settings_.remove(key("layouts", name));
}

QStringList Settings::layouts() const {
    QSettings settings;
    settings.beginGroup(QStringLiteral("layouts"));
    QStringList out;
    for (const QString& entry : settings.childKeys()) {
        if (entry.startsWith(QStringLiteral("named.")))
            out << QUrl::fromPercentEncoding(entry.mid(6).toLatin1());
    }
    out.sort(Qt::CaseInsensitive);
    return out;
}

QStringList Settings::recent() const {
    QStringList out;
    for (const QString& file : settings_.value(QStringLiteral("recent")).toStringList()) {
        if (QFileInfo::exists(file)) out << file;
    }
    return out;
}

void Settings::addRecent(const QString& file) {
    QStringList files = recent();
    const QString path = QFileInfo(file).absoluteFilePath();
    files.removeAll(path);
    files.prepend(path);
    settings_.setValue(QStringLiteral("recent"), QStringList(files.mid(0, kRecent)));
}

bool Settings::toured() const {
    return settings_.value(QStringLiteral("toured")).toBool();
}

void Settings::setToured() {
    settings_.setValue(QStringLiteral("toured"), true);
}

qint64 Settings::offeredUpTo(const QString& store) const {
    return settings_.value(key("offered", store)).toLongLong();
}

void Settings::setOfferedUpTo(const QString& store, qint64 run) {
    settings_.setValue(key("offered", store), run);
}

} // namespace penstock::app
