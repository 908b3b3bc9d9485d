// SPDX-License-Identifier: GPL-3.0-only
// Goal: the program starts where users start it: with an empty home, on a real X server, with wrong
// arguments; and says what it can do. Method: the built program as a process.
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <gtest/gtest.h>

#include <csignal>

namespace {

const QString kProgram = QStringLiteral(PENSTOCK_BINARY_DIR "/bin/penstock-workbench");

struct Ran {
    int code = -1;
    QString out, err;
};

QProcessEnvironment emptyHome(const QTemporaryDir& home) {
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("HOME"), home.path());
    for (const char* name : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"})
        environment.remove(QString::fromLatin1(name));
    environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
    return environment;
}

Ran run(const QStringList& arguments, const QString& program = kProgram) {
    QTemporaryDir home;
    QProcess process;
    process.setProcessEnvironment(emptyHome(home));
    process.start(program, arguments);
    process.waitForFinished(60000);
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
}

TEST(Program, SaysWhatItCanDo) {
    const Ran help = run({QStringLiteral("--help")});
    EXPECT_EQ(help.code, 0);
    for (const char* word : {"--seed", "--set", "--store", "Examples"})
        EXPECT_TRUE(help.out.contains(QString::fromLatin1(word))) << word;
    EXPECT_EQ(run({QStringLiteral("--version")}).code, 0);
}

TEST(Program, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(run({QStringLiteral("--sede"), QStringLiteral("3")}).code, 2);
    const Ran pictures = run({QStringLiteral("/no/such/scenario.yaml"),
                              QStringLiteral("--screenshots"), QDir::tempPath()},
                             QStringLiteral(PENSTOCK_BINARY_DIR "/bin/penstock-pictures"));
    EXPECT_EQ(pictures.code, 2);
    EXPECT_TRUE(pictures.err.contains(QStringLiteral("/no/such/scenario.yaml")));
}

// A window on a real X server, with a home that has never seen the program; it is ended as a
// desktop ends it.
TEST(Program, StartsOnAnXServer) {
    const QString xvfb = QStandardPaths::findExecutable(QStringLiteral("xvfb-run"));
    if (xvfb.isEmpty()) GTEST_SKIP() << "xvfb-run is not installed";
    if (QStandardPaths::findExecutable(QStringLiteral("xauth")).isEmpty())
        GTEST_SKIP() << "xvfb-run needs xauth, which is not installed";
    QTemporaryDir home;
    QProcessEnvironment environment = emptyHome(home);
    environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("xcb"));
    QProcess process;
    process.setProcessEnvironment(environment);
    process.start(xvfb, {QStringLiteral("-a"), QStringLiteral("-s"),
                         QStringLiteral("-screen 0 1280x800x24"), QStringLiteral("timeout"),
                         QStringLiteral("--signal=KILL"), QStringLiteral("8"), kProgram});
    ASSERT_TRUE(process.waitForStarted());
    // The history is written once the first run has begun, which is after the first picture.
    const QString store = home.filePath(QStringLiteral(".local/share/penstock/runs.db"));
    EXPECT_TRUE(QTest::qWaitFor(
        [&] { return QFile::exists(store) || process.state() == QProcess::NotRunning; }, 60000));
    EXPECT_TRUE(QFile::exists(store))
        << qPrintable(QString::fromUtf8(process.readAllStandardError()));
    process.waitForFinished(60000);
}

} // namespace
