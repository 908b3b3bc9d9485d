// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The scenarios that come with the program: where they are and what each is about. Reads files.
#include <QString>

#include <vector>

namespace penstock::app {

struct ScenarioCard {
    QString file; // absolute
    QString name, about, lesson;
};

// $PENSTOCK_SCENARIOS, share/penstock/scenarios beside the program's folder, or the source tree.
QString scenarioDirectory();

// Those in `directory`, the opening one first, then by name. Files that are no scenarios are left
// out.
std::vector<ScenarioCard> scenarioCards(const QString& directory = scenarioDirectory());

// The one that the window opens on; empty if it is not there.
QString openingScenario();

} // namespace penstock::app
