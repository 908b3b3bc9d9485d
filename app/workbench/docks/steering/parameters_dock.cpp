// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/steering/parameters_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/parts/empty_state.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/knobs.h"
#include "app/workbench/docks/steering/value_editor.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"

#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

// Keeps parameters whose name, path or help has every word, with the groups they are in.
class SearchProxy : public QSortFilterProxyModel {
  public:
    SearchProxy(const ParameterModel& model, QObject* parent)
        : QSortFilterProxyModel(parent), model_(model) {
        setRecursiveFilteringEnabled(true);
    }
    void search(const QStringList& words, bool onlyMoved) {
        words_ = words;
        onlyMoved_ = onlyMoved;
        invalidateFilter();
    }

  protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override {
        const QModelIndex at = sourceModel()->index(row, 0, parent);
        const QString path = at.data(ParameterModel::PathRole).toString();
        if (path.isEmpty()) return words_.isEmpty() && !onlyMoved_; // groups by their children
        const ParameterRow& p = *model_.find(path);
        if (onlyMoved_ && model_.shown(path) == p.fallback) return false;
        const QString all =
            path + QLatin1Char(' ') + text(p.group) + QLatin1Char(' ') + text(p.help);
        for (const QString& word : words_) {
            if (!all.contains(word, Qt::CaseInsensitive)) return false;
        }
        return true;
    }

  private:
    const ParameterModel& model_;
    QStringList words_;
    bool onlyMoved_ = false;
};

} // namespace

ParametersDock::ParametersDock(Knobs& knobs, QWidget* parent)
    : RunDock(QStringLiteral("parameters"), tr("Parameters"),
              tr("Every parameter of the run: search, change, reset"), parent),
      knobs_(knobs), proxy_(new SearchProxy(knobs.model(), this)), search_(new QLineEdit(this)),
      moved_(new QToolButton(this)), reset_(new QToolButton(this)), tree_(new QTreeView(this)),
      help_(new QLabel(this)) {
    proxy_->setSourceModel(&knobs_.model());
    search_->setPlaceholderText(tr("Search name, path, help"));
    search_->setClearButtonEnabled(true);
    search_->setAccessibleName(tr("Search parameters"));
    moved_->setText(tr("Moved"));
    moved_->setCheckable(true);
    moved_->setAutoRaise(true);
    moved_->setToolTip(tr("Only those that differ from their default"));
    moved_->setAccessibleName(moved_->toolTip());
    reset_->setIcon(icon(QStringLiteral("reset")));
    reset_->setAutoRaise(true);
    reset_->setToolTip(tr("Back to the default (Delete)"));
    reset_->setAccessibleName(tr("Reset the chosen parameter to its default"));
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(4, 3, 4, 3);
    bar->addWidget(search_, 1);
    bar->addWidget(moved_);
    bar->addWidget(reset_);

    tree_->setModel(proxy_);
    tree_->setAccessibleName(tr("Parameters"));
    tree_->setUniformRowHeights(true);
    tree_->setAlternatingRowColors(true);
    tree_->setFrameShape(QFrame::NoFrame);
    tree_->setIndentation(14);
    tree_->setAllColumnsShowFocus(true);
    tree_->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed |
                           QAbstractItemView::AnyKeyPressed);
    tree_->setItemDelegate(new ValueEditor(knobs_, tree_));
    tree_->setMinimumSize(120, 60);
    tree_->viewport()->installEventFilter(this);
    tree_->header()->setStretchLastSection(true);
    tree_->header()->setHighlightSections(false);
    help_->setWordWrap(true);
    help_->setMargin(6);
    help_->setMinimumHeight(3 * fontMetrics().height() + 12);
    help_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    help_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(bar);
    column->addWidget(tree_, 1);
    column->addWidget(help_);
    empty_ = new EmptyState({}, {}, tree_);
    empty_->cover(tree_->viewport());

    connect(search_, &QLineEdit::textChanged, this, &ParametersDock::filter);
    connect(search_, &QLineEdit::returnPressed, this,
            [this] { tree_->setFocus(Qt::ShortcutFocusReason); });
    connect(moved_, &QToolButton::toggled, this, &ParametersDock::filter);
    connect(reset_, &QToolButton::clicked, this, &ParametersDock::resetCurrent);
    connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &ParametersDock::showCurrent);
    connect(&knobs_, &Knobs::changed, this, &ParametersDock::showCurrent);
    connect(&knobs_, &Knobs::moved, this, [this](const QString& path) {
        if (path == current()) showCurrent();
    });
    begin({});
}

// Range and default are below the tree too, for the chosen parameter: they give way first.
void ParametersDock::fitColumns() {
    const int room = tree_->viewport()->width();
    int needed = 0;
    for (const int column : {ParameterModel::name, ParameterModel::value, ParameterModel::unit,
                             ParameterModel::standard, ParameterModel::range}) {
        needed += widths_[static_cast<std::size_t>(column)];
        tree_->setColumnHidden(column, needed > room && column != ParameterModel::name &&
                                           column != ParameterModel::value);
    }
}

bool ParametersDock::eventFilter(QObject* watched, QEvent* event) {
    if (watched == tree_->viewport() && event->type() == QEvent::Resize) fitColumns();
    return RunDock::eventFilter(watched, event);
}

void ParametersDock::begin(const RunInfo&) {
    tree_->expandAll();
    const int character = fontMetrics().averageCharWidth();
    const int widths[] = {22, 12, 10, 20, 11};
    for (int i = 0; i < ParameterModel::columns; ++i) {
        widths_[static_cast<std::size_t>(i)] = widths[i] * character + 12;
        if (tree_->columnWidth(i) <= tree_->header()->defaultSectionSize())
            tree_->setColumnWidth(i, widths_[static_cast<std::size_t>(i)]);
    }
    fitColumns();
    filter();
    showCurrent();
}

void ParametersDock::filter() {
    const QStringList words = search_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    static_cast<SearchProxy*>(proxy_)->search(words, moved_->isChecked());
    tree_->expandAll();
    for (int i = 0; i < proxy_->rowCount(); ++i)
        tree_->setFirstColumnSpanned(i, {}, true);
    if (knobs_.model().parameters().empty()) {
        empty_->setText(tr("No parameters yet"), tr("Open a scenario: they appear here."));
    } else if (moved_->isChecked() && words.isEmpty()) {
        empty_->setText(tr("Nothing differs from its default"),
                        tr("Switch “Moved” off to see all."));
    } else {
        empty_->setText(tr("No parameter has these words"), tr("Clear the search to see all."));
    }
    empty_->setVisible(proxy_->rowCount() == 0);
}

QString ParametersDock::current() const {
    return tree_->currentIndex().siblingAtColumn(0).data(ParameterModel::PathRole).toString();
}

void ParametersDock::showCurrent() {
    const QString locked = knobs_.lockedBecause();
    const ParameterRow* row = knobs_.model().find(current());
    reset_->setEnabled(row && row->live && locked.isEmpty() &&
                       knobs_.model().shown(current()) != row->fallback);
    if (!row) {
        help_->setText(knobs_.model().parameters().empty() ? QString()
                       : locked.isEmpty()
                           ? tr("Choose a parameter; type a value or press F2 to change it.")
                           : locked);
        return;
    }
    QString words = QStringLiteral("<b>%1</b> &nbsp;%2")
                        .arg(text(row->name).toHtmlEscaped(), text(row->help).toHtmlEscaped());
    words += QLatin1Char(' ') + Knob::rangeText(*row);
    if (!row->live) words += QLatin1Char(' ') + tr("Fixed for the life of a run.");
    if (!locked.isEmpty()) words += QLatin1Char(' ') + locked;
    words += QStringLiteral("<br><span style=\"color:%1\">%2</span>")
                 .arg(currentTheme().weakText.name(), breakable(text(row->path)).toHtmlEscaped());
    help_->setText(words);
}

// Rich text holds the colours that it was made with.
void ParametersDock::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange && help_) showCurrent();
    RunDock::changeEvent(event);
}

void ParametersDock::resetCurrent() {
    knobs_.endGesture();
    knobs_.reset(current());
}

bool ParametersDock::reveal(const QString& path) {
    const QModelIndex at = knobs_.model().indexOf(path);
    if (!at.isValid()) return false;
    if (!proxy_->mapFromSource(at).isValid()) {
        moved_->setChecked(false);
        search_->clear();
    }
    const QModelIndex shown = proxy_->mapFromSource(at.siblingAtColumn(ParameterModel::value));
    tree_->setCurrentIndex(shown);
    tree_->scrollTo(shown, QAbstractItemView::PositionAtCenter);
    tree_->setFocus(Qt::OtherFocusReason);
    return true;
}

void ParametersDock::addActions(ActionRegistry& registry) {
    ActionSpec find{QStringLiteral("parameters.search"),
                    tr("Parameter"),
                    tr("&Search parameters"),
                    tr("By name, path or help"),
                    QStringLiteral("search"),
                    {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_F)}};
    registry.add(find, [this](bool) {
        Q_EMIT asked();
        search_->setFocus(Qt::ShortcutFocusReason);
        search_->selectAll();
    });
    ActionSpec reset{QStringLiteral("parameters.reset"),
                     tr("Parameter"),
                     tr("&Reset the chosen parameter"),
                     tr("Back to its default"),
                     QStringLiteral("reset"),
                     {Qt::Key_Delete}};
    reset.scope = tree_;
    registry.add(reset, [this](bool) { resetCurrent(); });
}

QByteArray ParametersDock::viewState() const {
    return tree_->header()->saveState();
}

void ParametersDock::setViewState(const QByteArray& state) {
    if (!state.isEmpty()) tree_->header()->restoreState(state);
}

} // namespace penstock::app
