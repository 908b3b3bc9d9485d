// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that the charts of a run show, as plain values on one time axis: seconds since the
// run's start. Made by Recorder::charts() or read back from a run store.
#include "engine/record/measures/series.h"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

struct ChartData {
    struct Span {
        double from = 0, to = 0; // seconds
        std::string reason;
    };
    // In terms of load: a gate that reads a free share is shown as what is taken, so that up always
    // means busier and above the threshold means too much.
    struct Gate {
        std::string owner, type;
        Curve trueLoad, reading, threshold, budget;
        std::vector<Span> closed;
    };
    struct WorkerPool {
        std::string name;
        Curve busy, limit;
    };
    struct Mark { // a moved parameter, a fault, a crash
        double at = 0;
        std::string text;
    };
    struct Heat {
        int rows = 0, columns = 0, members = 0;
        double columnSeconds = 0;
        std::vector<float> share; // row-major; NaN where unknown
    };

    double seconds = 0;
    double warmupSeconds = 0;
    std::vector<Curve> queueDepth; // one a queue: accepted, not ended, not at the router
    Curve brokerBacklog;           // claimable, over all queues
    std::vector<Gate> gates;
    std::vector<WorkerPool> workers;
    Curve ok, retry, shed, late, failed; // of asynchronous requests, per second
    Curve ttftP50, ttftP95, ttftP99;     // of interactive requests, seconds, per window
    Curve saturation, busy, kv, running, waiting;
    Heat heat;
    std::vector<Mark> marks;
};

} // namespace penstock
