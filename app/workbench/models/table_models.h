// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The window's tables. Each is a RowModel with its columns; runs can be tagged and annotated.
#include "app/session/view/rows.h"
#include "app/workbench/models/row_model.h"

#include <memory>

namespace penstock::app {

class QueueModel : public RowModel<QueueRow> {
    Q_OBJECT
  public:
    explicit QueueModel(QObject* parent = nullptr);
};

class RequestModel : public RowModel<RequestRow> {
    Q_OBJECT
  public:
    static constexpr std::size_t kMostRows = 20000;

    // Times are shown from `start` on.
    explicit RequestModel(QObject* parent = nullptr);
    void setStart(Time start) { *start_ = start; }
    QVariant data(const QModelIndex& index, int role) const override;

  private:
    RequestModel(std::shared_ptr<Time> start, QObject* parent);
    std::shared_ptr<Time> start_;
};

class EventModel : public RowModel<EventRow> {
    Q_OBJECT
  public:
    static constexpr std::size_t kMostRows = 20000;

    explicit EventModel(QObject* parent = nullptr);
    void setStart(Time start) { *start_ = start; }
    QVariant data(const QModelIndex& index, int role) const override;

  private:
    EventModel(std::shared_ptr<Time> start, QObject* parent);
    std::shared_ptr<Time> start_;
};

// Tags and notes are editable; an edit is announced and stands at once.
class RunModel : public RowModel<RunRow> {
    Q_OBJECT
  public:
    enum Column {
        compared,
        scenario,
        seed,
        started,
        status,
        virtualTime,
        speed,
        tags,
        notes,
        fingerprint
    };

    explicit RunModel(QObject* parent = nullptr);
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

  Q_SIGNALS:
    void described(qint64 run, const QString& tags, const QString& notes);
};

class AdviceModel : public RowModel<AdviceRow> {
    Q_OBJECT
  public:
    explicit AdviceModel(QObject* parent = nullptr);
    QVariant data(const QModelIndex& index, int role) const override;
};

} // namespace penstock::app
