// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Runs laid over the one on the screen: computed in the background from the same start, or read
// from the store, and drawn as they grow. GUI thread only.
#include "app/workbench/models/run_series.h"
#include "app/workbench/window/runs/run_maker.h"

#include <QObject>

#include <map>
#include <memory>

namespace penstock::app {

class Overlays : public QObject {
    Q_OBJECT
  public:
    // As for RunDesk: `maker` must outlive whatever is being put away.
    explicit Overlays(RunMaker& maker, QObject* parent = nullptr);
    ~Overlays() override;

    // A run of its own. One of the same name is replaced.
    void begin(const QString& name, RunOrder order, Time alignTo);
    // A stored run.
    void open(const QString& name, std::int64_t run, Time alignTo);
    void remove(QString name);
    void clear();
    bool has(const QString& name) const { return all_.contains(name); }

    // Takes what is new; with the window's frames.
    void pull();

  Q_SIGNALS:
    // `progress` in [0, 1]; 1: complete. Null: it is gone.
    void changed(const QString& name, std::shared_ptr<const penstock::app::RunSeries> series,
                 double progress);
    // It has come to its end.
    void completed(const QString& name);
    void failed(const QString& words);

  private:
    struct Overlay {
        int ticket = 0;
        std::unique_ptr<RunView> run; // none while it is made, and when it is complete
        std::shared_ptr<RunSeries> series;
        double progress = 0;
    };
    using Made = Result<std::unique_ptr<RunView>>;

    template <class Make>
    void wish(const QString& name, Make make, Time alignTo);

    RunMaker& maker_;
    std::map<QString, Overlay> all_;
    int tickets_ = 0;
};

} // namespace penstock::app
