// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What the window remembers from one start to the next: how it looks, never what was run. GUI
// thread only.
#include "app/workbench/look/theme.h"

#include <QByteArray>
#include <QMap>
#include <QSettings>
#include <QStringList>

namespace penstock::app {

// An arrangement of the window: places of its docks, and how each dock was left.
struct Layout {
    QByteArray docks;
    QMap<QString, QByteArray> views; // by dock id

    bool empty() const { return docks.isEmpty(); }
};

class Settings {
  public:
    static constexpr int kRecent = 8;

    // Of the application's own organisation and name.
    Settings() = default;

    ThemeKind theme() const;
    void setTheme(ThemeKind kind);

    QByteArray geometry() const;
    void setGeometry(const QByteArray& geometry);

    // The one in use when the window was closed: an empty name. Others by the user's names.
    Layout layout(const QString& name = {}) const;
    void setLayout(const QString& name, const Layout& layout);
    void removeLayout(const QString& name);
    QStringList layouts() const;

    // Files, newest first; those that are gone are left out.
    QStringList recent() const;
    void addRecent(const QString& file);

    // The guided tour has been offered.
    bool toured() const;
    void setToured();

    // Recovered runs that have been offered once; a store's numbers only grow.
    qint64 offeredUpTo(const QString& store) const;
    void setOfferedUpTo(const QString& store, qint64 run);

  private:
    QSettings settings_;
};

} // namespace penstock::app
