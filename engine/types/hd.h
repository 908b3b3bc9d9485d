// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions that the load model and the decision laws share with device code are marked
// PENSTOCK_HD: they use only int64, double, + - * / and sqrt, so that host and device agree to
// the bit. Without a CUDA compiler the mark vanishes.
#if defined(__CUDACC__)
#define PENSTOCK_HD __host__ __device__
#else
#define PENSTOCK_HD
#endif
