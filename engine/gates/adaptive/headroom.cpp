// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/headroom.h"

#include "engine/gates/parts/catalogue.h"

namespace penstock {

double HeadroomGate::steer(Time, const View& view) {
    const double keptBack = surge_ * response_.surge(view.perRequest, surgeWindow_);
    return view.ownThen + (settings_.target - view.saturation - keptBack) / view.perRequest;
}

void HeadroomGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    commonParameters(show);
    show("surge", surge_);
    show("surge_window", surgeWindow_);
}

} // namespace penstock
