// SPDX-License-Identifier: Apache-2.0
#pragma once

// One visitor made of lambdas, one a variant's alternative, for std::visit.
namespace penstock::sim {

template <class... Fs>
struct Overload : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;

} // namespace penstock::sim
