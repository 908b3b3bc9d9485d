// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Pictures of the window and of each of its panels, made by a command and without a person, so that
// those in the README can be made again: two sizes, light and dark, at 1x and 2x.
#include "app/workbench/window/main_window.h"

#include <QString>

namespace penstock::app {

// Runs the program's pictures instead of the program: on the offscreen platform, once for each
// scale in a process of its own, because Qt knows one scale a process. Prints what was written.
// Returns an exit code: 0, 2 for a bad folder or scenario, 3 if the run failed.
int makeScreenshots(int argc, char** argv, const QString& folder, Opening opening);
// One picture of the whole window, for the README, in the scale of the platform. Codes likewise.
int makePicture(int argc, char** argv, const QString& file, Opening opening);

} // namespace penstock::app
