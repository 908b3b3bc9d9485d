// SPDX-License-Identifier: GPL-3.0-only
// Icons are black line drawings in SVG; an engine of our own draws them in the text colour of the
// theme in use at the moment of painting, so that a change of theme needs no new icons.
#include "app/workbench/look/theme.h"

#include <QFile>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

static void initialiseResources() {
    Q_INIT_RESOURCE(workbench_icons);
}

namespace penstock::app {
namespace {

class LineIconEngine final : public QIconEngine {
  public:
    explicit LineIconEngine(QString name) : name_(std::move(name)) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QFile file(QStringLiteral(":/icons/%1.svg").arg(name_));
        if (!file.open(QIODevice::ReadOnly)) return;
        QByteArray drawing = file.readAll();
        const auto group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
        const auto role =
            mode == QIcon::Selected ? QPalette::HighlightedText : QPalette::ButtonText;
        drawing.replace("#000000", QGuiApplication::palette().color(group, role).name().toLatin1());
        QSvgRenderer renderer(drawing);
        renderer.render(painter, rect);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }

    QIconEngine* clone() const override { return new LineIconEngine(name_); }

  private:
    QString name_;
};

} // namespace

QIcon icon(const QString& name) {
    initialiseResources();
    return QIcon(new LineIconEngine(name));
}

QIcon applicationIcon() {
    initialiseResources();
    return QIcon(QStringLiteral(":/icons/penstock.svg"));
}

} // namespace penstock::app
