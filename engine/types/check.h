// SPDX-License-Identifier: Apache-2.0
#pragma once

// PENSTOCK_CHECK states what must hold if our own code is right. It stays on in release builds:
// a wrong simulation that goes on is worse than one that stops and says where. What the world does
// to us (files, sockets, documents) is an Error in a Result<T> instead (error.h).
#include <cstdio>
#include <cstdlib>

#if defined(__CUDA_ARCH__)
#define PENSTOCK_CHECK(condition)                                                                  \
    do {                                                                                           \
        if (!(condition)) asm("trap;");                                                            \
    } while (false)
#else
#define PENSTOCK_CHECK(condition)                                                                  \
    do {                                                                                           \
        if (!(condition)) [[unlikely]] {                                                           \
            std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);     \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)
#endif
