// SPDX-License-Identifier: Apache-2.0
// Goal: a slab's indices name living values, its addresses stay, and a value given twice is found
// out. Method: any sequence of takes and gives against a set of the indices in use; growth past
// several chunks; the process ends at a second give.
#include "engine/types/slab.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace penstock {
namespace {

RC_GTEST_PROP(Slab, KeepsWhatItsUsersWroteAtTheSameAddress, ()) {
    Slab<int, 4> slab;
    std::map<std::uint32_t, std::pair<int*, int>> living;
    const auto steps =
        *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
    int written = 0;
    for (const std::uint8_t step : steps) {
        if (step % 3 != 0 || living.empty()) {
            const std::uint32_t index = slab.take();
            RC_ASSERT(living.count(index) == 0U);
            slab[index] = ++written;
            living[index] = {&slab[index], written};
        } else {
            auto it = std::next(living.begin(), step % static_cast<long>(living.size()));
            slab.give(it->first);
            RC_ASSERT(!slab.taken(it->first));
            living.erase(it);
        }
        RC_ASSERT(slab.used() == living.size());
        RC_ASSERT(slab.capacity() % 4 == 0U);
        for (const auto& [index, value] : living) {
            RC_ASSERT(slab.taken(index) && index < slab.capacity());
            RC_ASSERT(&slab[index] == value.first && slab[index] == value.second);
        }
    }
}

TEST(Slab, IndicesFollowFromTakesAndGivesAlone) {
    Slab<int, 4> slab;
    EXPECT_EQ(slab.capacity(), 0U);
    for (std::uint32_t i = 0; i < 9; ++i)
        EXPECT_EQ(slab.take(), i);
    EXPECT_EQ(slab.capacity(), 12U);
    slab.give(3);
    slab.give(7);
    EXPECT_EQ(slab.take(), 7U) << "the last one given is warm";
    EXPECT_EQ(slab.take(), 3U);
    EXPECT_EQ(slab.take(), 9U);
    EXPECT_EQ(slab.capacity(), 12U) << "none was allocated while one was free";
}

TEST(SlabDeathTest, AValueGivenTwiceOrNeverTakenEndsTheProcess) {
    Slab<int, 4> slab;
    EXPECT_DEATH(slab.give(0), "taken");
    const std::uint32_t index = slab.take();
    EXPECT_DEATH(slab.give(index + 1), "taken");
    slab.give(index);
    EXPECT_DEATH(slab.give(index), "taken");
}

} // namespace
} // namespace penstock
