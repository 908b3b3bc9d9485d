// SPDX-License-Identifier: Apache-2.0
#include "app/session/view/advice_rows.h"

#include <fmt/format.h>

namespace penstock::app {

namespace {

Severity severityOf(penstock::Severity severity) {
    switch (severity) {
    case penstock::Severity::error:
        return Severity::error;
    case penstock::Severity::warning:
        return Severity::warning;
    case penstock::Severity::note:
        break;
    }
    return Severity::info;
}

std::string placeText(const Place& place) {
    return place.line > 0 ? fmt::format("{}:{}", place.file, place.line) : place.file;
}

} // namespace

AdviceRow rowOf(const Finding& f) {
    return {f.code, severityOf(f.severity), placeText(f.place), f.path, f.computed, f.remedy};
}

} // namespace penstock::app
