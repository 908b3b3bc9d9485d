// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/scenarios.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr const char* kOpening = "code-onoff";

QString words(const YAML::Node& node) {
    return node && node.IsScalar() ? QString::fromStdString(node.Scalar()).simplified() : QString();
}

} // namespace

QString scenarioDirectory() {
    const QString given = qEnvironmentVariable("PENSTOCK_SCENARIOS");
    if (!given.isEmpty()) return given;
    const QDir program(QCoreApplication::applicationDirPath());
    for (const char* beside : {"../share/penstock/scenarios", "scenarios"}) {
        const QString path = program.filePath(QString::fromLatin1(beside));
        if (QFileInfo(path).isDir()) return QDir(path).canonicalPath();
    }
    return QStringLiteral(PENSTOCK_SCENARIOS);
}

std::vector<ScenarioCard> scenarioCards(const QString& directory) {
    std::vector<ScenarioCard> out;
    const QDir folder(directory);
    for (const QFileInfo& file :
         folder.entryInfoList({QStringLiteral("*.yaml"), QStringLiteral("*.yml")}, QDir::Files)) {
        try {
            const YAML::Node root = YAML::LoadFile(file.absoluteFilePath().toStdString());
            const YAML::Node scenario = root.IsMap() ? root["scenario"] : YAML::Node();
            if (!scenario || !scenario.IsMap()) continue;
            out.push_back({file.absoluteFilePath(), words(scenario["name"]),
                           words(scenario["about"]), words(scenario["lesson"])});
            if (out.back().name.isEmpty()) out.back().name = file.completeBaseName();
        } catch (const YAML::Exception&) {
            continue; // opening it says what is wrong with it
        }
    }
    const QString opening = QString::fromLatin1(kOpening);
    std::stable_sort(out.begin(), out.end(), [&](const ScenarioCard& a, const ScenarioCard& b) {
        return std::pair(a.name != opening, a.name) < std::pair(b.name != opening, b.name);
    });
    return out;
}

QString openingScenario() {
    const QFileInfo file(QDir(scenarioDirectory()).filePath(QLatin1String(kOpening) + ".yaml"));
    return file.isFile() ? file.absoluteFilePath() : QString();
}

} // namespace penstock::app
