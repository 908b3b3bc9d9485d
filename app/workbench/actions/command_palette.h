// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Type what you want, press Enter: every action of the registry, and whatever else a part of the
// window offers by name (parameters, scenarios, runs). Those used last come first.
#include <QAbstractListModel>
#include <QFrame>
#include <QIcon>

#include <functional>
#include <vector>

class QLineEdit;
class QListView;

namespace penstock::app {

class ActionRegistry;

struct PaletteEntry {
    QString id;     // unique among all entries
    QString title;  // what is searched
    QString detail; // "Run", "Parameter": what kind of thing it is
    QString keys;   // its shortcut, if any
    QString help;
    QIcon icon;
    bool enabled = true;
    std::function<void()> run;
};

class PaletteModel : public QAbstractListModel {
    Q_OBJECT
  public:
    enum Role { DetailRole = Qt::UserRole, KeysRole, PositionsRole, IdRole };

    using QAbstractListModel::QAbstractListModel;

    void setEntries(std::vector<PaletteEntry> entries, QStringList recent);
    void setPattern(const QString& pattern);
    const PaletteEntry& entry(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

  private:
    struct Shown {
        std::size_t entry;
        int score;
        QVariantList positions;
    };

    std::vector<PaletteEntry> entries_;
    QStringList recent_;
    std::vector<Shown> shown_;
};

class CommandPalette : public QFrame {
    Q_OBJECT
  public:
    using Source = std::function<std::vector<PaletteEntry>()>;

    // A child of `window`, hidden until open().
    CommandPalette(const ActionRegistry& registry, QWidget* window);

    // Asked for its entries each time the palette opens.
    void addSource(Source source) { sources_.push_back(std::move(source)); }

    void open();
    PaletteModel& model() { return model_; }
    QLineEdit& input() { return *input_; }

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void focusOutEvent(QFocusEvent*) override;

  private:
    std::vector<PaletteEntry> collect() const;
    void runCurrent();
    void move(int by);
    void place();

    const ActionRegistry& registry_;
    std::vector<Source> sources_;
    PaletteModel model_;
    QLineEdit* input_;
    QListView* list_;
    QStringList recent_;
};

} // namespace penstock::app
