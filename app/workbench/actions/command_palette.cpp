// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/actions/command_palette.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/actions/fuzzy.h"
#include "app/workbench/look/theme.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr int kWidth = 560, kRows = 12;
constexpr qsizetype kRecent = 8;

// Title with the matched letters in bold, what kind of thing it is, and its keys at the right.
class EntryDelegate final : public QStyledItemDelegate {
  public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override {
        return {kWidth, option.fontMetrics.height() + 12};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const bool selected = option.state & QStyle::State_Selected;
        const bool enabled = index.flags() & Qt::ItemIsEnabled;
        const QPalette& p = option.palette;
        if (selected) painter->fillRect(option.rect, p.color(QPalette::Highlight));
        const auto group = enabled ? QPalette::Active : QPalette::Disabled;
        const QColor strong = p.color(group, selected ? QPalette::HighlightedText : QPalette::Text);
        const QColor weak = selected ? strong : currentTheme().weakText;
        QRect r = option.rect.adjusted(10, 0, -10, 0);
        const QIcon icon = index.data(Qt::DecorationRole).value<QIcon>();
        icon.paint(painter, QRect(r.left(), r.center().y() - 7, 16, 16), Qt::AlignCenter,
                   selected  ? QIcon::Selected
                   : enabled ? QIcon::Normal
                             : QIcon::Disabled);
        r.setLeft(r.left() + 26);
        const QString keys = index.data(PaletteModel::KeysRole).toString();
        painter->setFont(option.font);
        painter->setPen(weak);
        painter->drawText(r, Qt::AlignRight | Qt::AlignVCenter, keys);
        r.setRight(r.right() - option.fontMetrics.horizontalAdvance(keys) - 16);

        const QString title = index.data(Qt::DisplayRole).toString();
        const QVariantList positions = index.data(PaletteModel::PositionsRole).toList();
        QFont bold = option.font;
        bold.setBold(true);
        painter->setPen(strong);
        int x = r.left();
        for (qsizetype i = 0; i < title.size();) {
            const bool matched = positions.contains(static_cast<int>(i));
            qsizetype end = i + 1;
            while (end < title.size() && positions.contains(static_cast<int>(end)) == matched)
                ++end;
            const QString part = title.mid(i, end - i);
            painter->setFont(matched ? bold : option.font);
            painter->drawText(QRect(x, r.top(), r.right() - x, r.height()), Qt::AlignVCenter, part);
            x += QFontMetrics(painter->font()).horizontalAdvance(part);
            i = end;
        }
        painter->setFont(option.font);
        painter->setPen(weak);
        painter->drawText(QRect(x + 12, r.top(), std::max(0, r.right() - x - 12), r.height()),
                          Qt::AlignVCenter, index.data(PaletteModel::DetailRole).toString());
    }
};

} // namespace

void PaletteModel::setEntries(std::vector<PaletteEntry> entries, QStringList recent) {
    beginResetModel();
    entries_ = std::move(entries);
    recent_ = std::move(recent);
    shown_.clear();
    endResetModel();
    setPattern({});
}

void PaletteModel::setPattern(const QString& pattern) {
    beginResetModel();
    shown_.clear();
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const PaletteEntry& e = entries_[i];
        auto match = fuzzyMatch(pattern, e.title);
        if (!match) {
            // The kind of thing may be typed too: "run stop" finds "Stop" in "Run".
            match = fuzzyMatch(pattern, e.detail + QLatin1Char(' ') + e.title);
            if (!match) continue;
            match->positions.clear();
            match->score -= 6;
        }
        const qsizetype recent = recent_.indexOf(e.id);
        int score = match->score;
        if (recent >= 0) score += 6 - static_cast<int>(std::min<qsizetype>(recent, 5));
        if (!e.enabled) score -= 1000;
        QVariantList positions;
        for (const int p : match->positions)
            positions << p;
        shown_.push_back({i, score, positions});
    }
    std::stable_sort(shown_.begin(), shown_.end(),
                     [](const Shown& a, const Shown& b) { return a.score > b.score; });
    endResetModel();
}

const PaletteEntry& PaletteModel::entry(int row) const {
    return entries_[shown_[static_cast<std::size_t>(row)].entry];
}

int PaletteModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const PaletteEntry& e = entry(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return e.title;
    case Qt::DecorationRole:
        return e.icon;
    case Qt::ToolTipRole:
        return e.help;
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1, %2 %3").arg(e.title, e.detail, e.keys);
    case DetailRole:
        return e.detail;
    case KeysRole:
        return e.keys;
    case IdRole:
        return e.id;
    case PositionsRole:
        return shown_[static_cast<std::size_t>(index.row())].positions;
    default:
        return {};
    }
}

Qt::ItemFlags PaletteModel::flags(const QModelIndex& index) const {
    if (!index.isValid()) return Qt::NoItemFlags;
    return entry(index.row()).enabled ? Qt::ItemIsEnabled | Qt::ItemIsSelectable
                                      : Qt::ItemIsSelectable;
}

CommandPalette::CommandPalette(const ActionRegistry& registry, QWidget* window)
    : QFrame(window), registry_(registry), model_(this) {
    setObjectName(QStringLiteral("commandPalette"));
    setFrameShape(QFrame::StyledPanel);
    setAutoFillBackground(true);
    setAccessibleName(tr("Command palette"));
    input_ = new QLineEdit(this);
    input_->setPlaceholderText(tr("Type a command, a parameter, a scenario…"));
    input_->setAccessibleName(tr("Command"));
    input_->setClearButtonEnabled(true);
    list_ = new QListView(this);
    list_->setModel(&model_);
    list_->setItemDelegate(new EntryDelegate(list_));
    list_->setFocusPolicy(Qt::NoFocus);
    list_->setFrameShape(QFrame::NoFrame);
    list_->setUniformItemSizes(true);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list_->setAccessibleName(tr("Matching commands"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->addWidget(input_);
    layout->addWidget(list_);
    input_->installEventFilter(this);
    window->installEventFilter(this);
    connect(input_, &QLineEdit::textChanged, this, [this](const QString& text) {
        model_.setPattern(text);
        list_->setCurrentIndex(model_.index(0));
    });
    connect(list_, &QListView::clicked, this, [this](const QModelIndex& index) {
        list_->setCurrentIndex(index);
        runCurrent();
    });
    hide();
}

std::vector<PaletteEntry> CommandPalette::collect() const {
    std::vector<PaletteEntry> entries;
    for (QAction* action : registry_.all()) {
        const QKeySequence keys = action->shortcut();
        entries.push_back({action->objectName(), ActionRegistry::plainText(*action),
                           ActionRegistry::menuOf(*action), keys.toString(QKeySequence::NativeText),
                           action->statusTip(), action->icon(), action->isEnabled(),
                           [action] { action->trigger(); }});
    }
    for (const Source& source : sources_) {
        for (PaletteEntry& entry : source())
            entries.push_back(std::move(entry));
    }
    return entries;
}

void CommandPalette::place() {
    const QWidget* window = parentWidget();
    const int width = std::min(kWidth, window->width() - 20);
    const int row = fontMetrics().height() + 12;
    const int height =
        std::min(input_->sizeHint().height() + kRows * row + 26, window->height() - 20);
    setGeometry((window->width() - width) / 2, std::min(60, window->height() - height - 10), width,
                height);
}

void CommandPalette::open() {
    model_.setEntries(collect(), recent_);
    input_->clear();
    place();
    show();
    raise();
    input_->setFocus(Qt::ShortcutFocusReason);
    list_->setCurrentIndex(model_.index(0));
}

void CommandPalette::move(int by) {
    const int rows = model_.rowCount();
    if (rows == 0) return;
    const int row = std::clamp(list_->currentIndex().row() + by, 0, rows - 1);
    list_->setCurrentIndex(model_.index(row));
}

void CommandPalette::runCurrent() {
    const QModelIndex index = list_->currentIndex();
    if (!index.isValid()) return;
    const PaletteEntry entry = model_.entry(index.row());
    if (!entry.enabled) return;
    hide();
    recent_.removeAll(entry.id);
    recent_.prepend(entry.id);
    while (recent_.size() > kRecent)
        recent_.removeLast();
    entry.run();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible()) place();
    if (watched != input_) return false;
    if (event->type() == QEvent::FocusOut) {
        hide();
        return false;
    }
    if (event->type() != QEvent::KeyPress) return false;
    switch (static_cast<QKeyEvent*>(event)->key()) {
    case Qt::Key_Down:
        move(1);
        return true;
    case Qt::Key_Up:
        move(-1);
        return true;
    case Qt::Key_PageDown:
        move(kRows);
        return true;
    case Qt::Key_PageUp:
        move(-kRows);
        return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        runCurrent();
        return true;
    case Qt::Key_Escape:
        hide();
        parentWidget()->setFocus();
        return true;
    default:
        return false;
    }
}

void CommandPalette::focusOutEvent(QFocusEvent*) {
    hide();
}

} // namespace penstock::app
