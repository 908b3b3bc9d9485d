// SPDX-License-Identifier: Apache-2.0
// Any bytes at all, offered as a trace of any format, give rows or an error: never a crash, an
// endless loop or much memory. The first byte picks the format, unless PENSTOCK_FUZZ_FORMAT names
// it, and whether transforms stand above it.
#include "engine/types/check.h"
#include "sim/traffic/stream/stream.h"
#include "sim/traffic/trace/servegen.h"
#include "sim/traffic/trace/trace_row.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

using namespace penstock;
using namespace penstock::sim;

const std::string& folder() {
    static const std::string path = [] {
        // In memory where there is such a folder: every input is a file, read several times.
        std::string pattern = access("/dev/shm", W_OK) == 0 ? "/dev/shm/traffic-fuzz-XXXXXX"
                                                            : "/tmp/traffic-fuzz-XXXXXX";
        PENSTOCK_CHECK(mkdtemp(pattern.data()) != nullptr);
        return pattern;
    }();
    return path;
}

// The one format to try, or all of them by the input's first byte.
TraceFormat formatOf(std::uint8_t choice) {
    static const char* const wanted = std::getenv("PENSTOCK_FUZZ_FORMAT");
    auto format = static_cast<TraceFormat>(choice % kTraceFormats);
    if (wanted != nullptr) PENSTOCK_CHECK(parseTraceFormat(wanted, format));
    return format;
}

void write(const std::string& name, const char* data, std::size_t size) {
    std::ofstream(folder() + "/" + name, std::ios::binary)
        .write(data, static_cast<std::streamsize>(size));
}

void readAll(const TraceSource& source) {
    TraceCounters counters;
    auto rows = openTrace(source, {}, counters, DrawKey{1, 0});
    if (!rows) {
        PENSTOCK_CHECK(!rows.error().message.empty());
        return;
    }
    TraceRow row;
    std::int64_t last = INT64_MIN;
    for (int i = 0; i < 3000; ++i) {
        const Pull pull = (*rows)->next(row);
        if (pull == Pull::failed) PENSTOCK_CHECK(!(*rows)->error().message.empty());
        if (pull != Pull::row) break;
        PENSTOCK_CHECK(row.timeNs >= last);
        PENSTOCK_CHECK(row.promptTokens != 0 && row.outputTokens != 0);
        last = row.timeNs;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    const std::uint8_t choice = bytes[0];
    const char* data = reinterpret_cast<const char*>(bytes + 1);
    --size;
    TraceSource source;
    source.format = formatOf(choice);
    source.maxLineBytes = 8192;
    source.reorderRows = 64;
    if (choice >= 128) {
        source.transforms = {SliceTransform{0, 1e6}, ScaleTransform{ScaleMode::superpose, 1.5},
                             DitherTransform{0}, LoopTransform{2}};
    }
    (void)parsePythonHistogram(std::string_view(data, size));
    if (source.format == TraceFormat::servegenWindows) {
        // A zero byte parts the windows from their dataset.
        const std::string_view all(data, size);
        const std::size_t middle = std::min(all.find('\0'), size);
        write("chunk-0-trace.csv", data, middle);
        const std::size_t rest = std::min(middle + 1, size);
        write("chunk-0-dataset.json", data + rest, size - rest);
        source.path = folder() + "/chunk-0-trace.csv";
    } else {
        write("trace", data, size);
        source.path = folder() + "/trace";
    }
    readAll(source);
    TrafficSpec spec;
    spec.process = TraceProcess{source, 0};
    auto stream = makeStream(spec, 1, 0);
    if (stream) {
        Arrival arrival;
        for (int i = 0; i < 500 && (*stream)->next(arrival); ++i) {}
        (void)(*stream)->describe().dump();
    }
    return 0;
}
