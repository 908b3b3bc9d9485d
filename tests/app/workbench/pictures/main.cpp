// SPDX-License-Identifier: GPL-3.0-only
// Makes the pictures of the window: those that the README shows, and those that a person looks at
// after a change. Not part of the product.
#include "tests/app/workbench/pictures/screenshots.h"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    using namespace penstock::app;
    Opening opening;
    std::string screenshots, picture;
    CLI::App cli{"Plays a scenario for a while without a person and saves pictures of the window.",
                 "penstock-pictures"};
    cli.add_option("scenario", opening.order.scenario, "Scenario file (YAML); code-onoff if none");
    cli.add_option("--set", opening.order.overrides, "PATH=VALUE; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    cli.add_option(
        "--screenshots", screenshots,
        "Of the window and its panels, into this folder: two sizes, light and dark, at 1x "
        "and 2x");
    cli.add_option("--picture", picture, "One of the whole window (PNG)")
        ->excludes("--screenshots");
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : 2;
    }
    if (!picture.empty()) {
        return makePicture(argc, argv, QString::fromStdString(picture), std::move(opening));
    }
    return makeScreenshots(argc, argv, QString::fromStdString(screenshots), std::move(opening));
}
