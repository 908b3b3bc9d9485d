// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/lives/requests_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/lives/waterfall.h"
#include "app/workbench/docks/parts/empty_state.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QDataStream>
#include <QEvent>
#include <QIODevice>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>

#include <cmath>

namespace penstock::app {
namespace {

constexpr quint32 kRequestsState = 1;

} // namespace

RequestsDock::RequestsDock(TimeAxis& axis, QWidget* parent)
    : RunDock(QStringLiteral("requests"), tr("Requests"),
              tr("Requests that have ended, and the life of each"), parent),
      axis_(axis), requests_(*this, axis, tr("Filter: queue:code outcome:late tries>1")),
      search_(new QLineEdit(this)), splitter_(new QSplitter(this)), about_(new QLabel),
      waterfall_(new Waterfall) {
    search_->setPlaceholderText(tr("Find by id"));
    search_->setClearButtonEnabled(true);
    search_->setAccessibleName(tr("Find a request by its id"));
    search_->setToolTip(tr("Type an id and press Enter: the run is asked for it, whether it is in "
                           "the table or not"));
    search_->setFixedWidth(fontMetrics().averageCharWidth() * 22);
    filter().addTool(search_);
    table().setColumnWidths({12, 21, 10, 10, 14, 4, 11, 11, 11, 11, 6, 6});
    table().setDispensable({10, 11, 9, 7, 6, 2, 5, 4});

    auto* life = new QWidget;
    auto* column = new QVBoxLayout(life);
    column->setContentsMargins(8, 6, 8, 6);
    about_->setWordWrap(true);
    about_->setTextFormat(Qt::RichText);
    about_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(about_);
    column->addWidget(waterfall_);
    column->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setWidget(life);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setAccessibleName(tr("Life of the chosen request"));
    nothing_ = new EmptyState(tr("No request chosen"),
                              tr("Choose one in the table, or find it by its id, to see where its "
                                 "time went."),
                              scroll);
    nothing_->cover(scroll->viewport());
    splitter_->addWidget(&table());
    splitter_->addWidget(scroll);
    splitter_->setChildrenCollapsible(false);
    splitter_->setStretchFactor(0, 3);
    splitter_->setStretchFactor(1, 2);
    splitter_->setSizes({600, 400}); // shares: the splitter has no width yet
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(&filter());
    all->addWidget(splitter_, 1);

    connect(search_, &QLineEdit::returnPressed, this, [this] { find(search_->text().trimmed()); });
    connect(&table(), &TableView::rowChosen, this, &RequestsDock::showChosen);
    begin({});
}

void RequestsDock::begin(const RunInfo& info) {
    requests_.begin(info.start);
    start_ = info.start;
    asked_.clear();
    explainNothing();
    if (info.scenario.empty()) {
        table().setEmptyText(tr("No run yet"), tr("Open a scenario and press Run."));
    } else {
        table().setEmptyText(tr("No request here"),
                             tr("Requests are listed when they end. If a filter or a chosen range "
                                "hides them, clear it."));
    }
}

void RequestsDock::add(const Frame& frame) {
    if (frame.found && !asked_.isEmpty()) {
        const QString id = asked_;
        asked_.clear();
        if (frame.found->queue.empty()) {
            if (searched_) {
                explainNothing();
                Q_EMIT said(tr("There is no request “%1” in this run so far.").arg(id));
            }
        } else {
            explain(*frame.found);
        }
    }
    requests_.add(frame.requests, frame.requestsLeftOut);
}

void RequestsDock::showEvent(QShowEvent* event) {
    RunDock::showEvent(event);
    requests_.takeTurn();
}

// Rich text holds the colours that it was made with.
void RequestsDock::changeEvent(QEvent* event) {
    const bool shown = waterfall_ && !waterfall_->request().id.empty();
    if (event->type() == QEvent::PaletteChange && shown) explain(RequestRow(waterfall_->request()));
    RunDock::changeEvent(event);
}

void RequestsDock::showChosen() {
    const RequestRow* request = requests_.chosen();
    if (!request) return; // the life of the last one stays
    explain(*request);
    if (request->stages.empty()) {
        asked_ = text(request->id);
        searched_ = false;
        Q_EMIT wanted(asked_);
    }
    requests_.leadAxis();
}

void RequestsDock::find(const QString& id) {
    if (id.isEmpty()) return;
    search_->setText(id);
    if (requests_.model().find(id) >= 0) {
        if (!table().choose(id)) {
            filter().setText({});
            axis_.setBrush(std::nullopt);
            table().choose(id);
        }
        if (!waterfall_->request().stages.empty()) return;
    }
    asked_ = id;
    searched_ = true;
    Q_EMIT wanted(id);
}

void RequestsDock::explain(const RequestRow& r) {
    const auto ms = [](double v) {
        return std::isnan(v) ? QString() : text(durationLabel(fromSeconds(v / 1000)));
    };
    const Theme& theme = currentTheme();
    const auto escaped = [](const std::string& s) { return text(s).toHtmlEscaped(); };
    QStringList facts;
    facts << tr("arrived at %1").arg(text(clockLabel(r.arrived - start_)));
    if (!std::isnan(r.endToEndMs)) facts << tr("took %1").arg(ms(r.endToEndMs));
    if (!std::isnan(r.ttftMs)) facts << tr("first token after %1").arg(ms(r.ttftMs));
    facts << (r.attempts == 1 ? tr("1 attempt") : tr("%1 attempts").arg(r.attempts));
    facts << tr("%1 tokens in, %2 out").arg(r.promptTokens).arg(r.outputTokens);
    if (!std::isnan(r.slackSeconds)) {
        const QString by = text(durationLabel(fromSeconds(std::abs(r.slackSeconds))));
        facts << (r.slackSeconds < 0 ? tr("%1 after its deadline").arg(by)
                                     : tr("%1 before its deadline").arg(by));
    }
    QString outcome = text(outcomeName(r.outcome));
    if (!r.reason.empty()) outcome += QStringLiteral(" (%1)").arg(escaped(r.reason));
    about_->setText(QStringLiteral("<b>%1</b> · %2 · %3<br><span style=\"color:%4\">%5</span>")
                        .arg(escaped(r.id), escaped(r.queue), outcome, theme.weakText.name(),
                             facts.join(QStringLiteral(" · "))));
    waterfall_->setRequest(r);
    nothing_->hide();
}

void RequestsDock::explainNothing() {
    about_->clear();
    waterfall_->clear();
    nothing_->show();
}

QString RequestsDock::about() const {
    return about_->text();
}

void RequestsDock::addActions(ActionRegistry& registry) {
    ActionSpec find{QStringLiteral("requests.find"), tr("Table"),
                    tr("&Find a request by its id"), tr("In the whole run"),
                    QStringLiteral("search"),        {QKeySequence::Find}};
    registry.add(find, [this](bool) {
        Q_EMIT asked();
        search_->setFocus(Qt::ShortcutFocusReason);
        search_->selectAll();
    });
    ActionSpec filter{
        QStringLiteral("requests.filter"), tr("Table"),
        tr("Fi&lter the requests"),        tr("By outcome, reason, queue or any word"),
        QStringLiteral("filter"),          {QKeySequence(Qt::CTRL | Qt::Key_L)}};
    registry.add(filter, [this](bool) {
        Q_EMIT asked();
        this->filter().line().setFocus(Qt::ShortcutFocusReason);
        this->filter().line().selectAll();
    });
}

QByteArray RequestsDock::viewState() const {
    QByteArray state;
    QDataStream out(&state, QIODevice::WriteOnly);
    out << kRequestsState << requests_.view().columnState() << splitter_->saveState();
    return state;
}

void RequestsDock::setViewState(const QByteArray& state) {
    QDataStream in(state);
    quint32 version = 0;
    QByteArray columns, sizes;
    in >> version >> columns >> sizes;
    if (in.status() != QDataStream::Ok || version != kRequestsState) return;
    table().setColumnState(columns);
    splitter_->restoreState(sizes);
}

} // namespace penstock::app
