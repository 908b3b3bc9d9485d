// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real Prometheus server for a test: started on a free loopback port with an empty data
// directory, fed by remote write (which, unlike its other ways in, takes time stamps of the past
// and stale markers), asked through its HTTP API, stopped and cleaned up by the destructor, and
// killed by the kernel if the test dies.
#include "engine/types/error.h"
#include "tests/sim/metrics/query_world.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace penstock::sim::test {

struct ServerAnswer {
    bool ok = false;
    std::string error; // as the server words it
    bool scalar = false;
    std::map<std::string, double> values; // by Labels::text()
};

class PrometheusServer {
  public:
    // The path of the binary, or "" if there is none on this machine.
    static std::string binary();

    static Result<std::unique_ptr<PrometheusServer>> start();
    ~PrometheusServer();
    PrometheusServer(const PrometheusServer&) = delete;
    PrometheusServer& operator=(const PrometheusServer&) = delete;

    // All series in one request; samples of a series in order of time, all within an hour.
    Status write(const std::vector<SeriesData>& world);
    Result<ServerAnswer> query(std::string_view text, Time at);
    const std::string& version() const { return version_; }

  private:
    PrometheusServer() = default;

    pid_t pid_ = -1;
    int port_ = 0;
    std::string directory_;
    std::string version_;
};

} // namespace penstock::sim::test
