// SPDX-License-Identifier: Apache-2.0
// A stream allocates nothing per arrival once it runs. Method: the program's operator new counts
// calls while a flag is up.
#include "support.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<bool> counting{false};
std::atomic<long> allocations{0};
} // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    if (counting) ++allocations;
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace penstock::sim {
namespace {

TEST(Allocation, NoneInTheSteadyState) {
    const test::TempDir dir;
    std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    for (int i = 0; i < 20'000; ++i)
        text += std::to_string(i) + ",100,10\n";
    std::string mooncake;
    for (int i = 0; i < 20'000; ++i) {
        mooncake += "{\"timestamp\":" + std::to_string(100'000 + i) +
                    ",\"input_length\":1500,\"output_length\":5,\"hash_ids\":[1,2,3]}\n";
    }
    TrafficSpec lengths;
    lengths.lengths = DrawnLengths{logNormalLength(500, 1), logNormalLength(100, 1), 0.3};
    std::vector<TrafficSpec> specs(6, lengths);
    specs[1].process = OnOffProcess{100, ExponentialSeconds{2}, ExponentialSeconds{3}, 2};
    specs[1].modulations = {DiurnalModulation{{}, 14, 3, 0, true}};
    specs[2].process = MmppProcess{{{10, 1, {}}, {100, 1, {}}}};
    specs[2].tenants = zipfTenants(100, 1);
    specs[2].prefix = SharedPrefix{};
    specs[2].deadlineAfter = ChoiceSeconds{{1, 2}, {}};
    specs[3].sessions = Sessions{ConstantLength{4}, ConstantSeconds{3}, true, 0};
    TraceProcess azure;
    azure.source.path = dir.write("a.csv", text);
    azure.source.reorderRows = 100;
    specs[4].process = azure;
    TraceProcess blocks;
    blocks.source.path = dir.write("m.jsonl", mooncake);
    blocks.source.reorderRows = 100;
    specs[5].process = blocks;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        auto stream = makeStream(specs[i], 1, 0);
        ASSERT_TRUE(stream);
        Arrival a;
        for (int n = 0; n < 2000; ++n)
            ASSERT_TRUE((*stream)->next(a));
        allocations = 0;
        counting = true;
        for (int n = 0; n < 10'000; ++n) {
            (*stream)->peekNs();
            (*stream)->next(a);
        }
        counting = false;
        EXPECT_LE(allocations, i == 3 ? 10 : 0)
            << "spec " << i; // sessions: the heap may still grow
    }
}

} // namespace
} // namespace penstock::sim
