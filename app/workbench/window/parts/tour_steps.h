// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What the guided tour says, and over which part of the window. The scenarios' own words (about,
// lesson) are asked for by name, so that the tour cannot say otherwise than they do.
#include <QString>

#include <vector>

namespace penstock::app {

struct TourStep {
    // What the card stands beside.
    enum class Place { charts, chart, gates, knob, panel, button };
    // The scenario's words that follow those of the step.
    enum class Borrowed { nothing, about, lesson };

    QString scenario; // that has to be on the screen
    Place place = Place::charts;
    QString which; // chart: its id; knob: the parameter's name; panel: the dock's id; button: the
                   // action's id
    QString title, words;
    Borrowed borrowed = Borrowed::nothing;
};

const std::vector<TourStep>& tourSteps();

} // namespace penstock::app
