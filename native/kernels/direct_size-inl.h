// The tile of the direct kernel, which others that feed it or read its sums go by.
#pragma once
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

// 32 registers: 28 accumulators, 2 of weights, a broadcast.  16: 12, 2 and 1 with FMA; without it
// the product needs one too.
constexpr size_t kDirectVectors = 2;
constexpr size_t kDirectChannels = kDirectVectors * kLanes;
#if defined(CONVFUSE_HAS_AVX2)
constexpr size_t kDirectPixels = 6;
#else
constexpr size_t kDirectPixels = kRegisters == 32 ? 14 : 4;
#endif
// For one vector of channels: fewer would wait for each other's products.
constexpr size_t kNarrowPixels = kRegisters == 32 ? kDirectPixels : 2 * kDirectPixels;

}  // namespace convfuse::CONVFUSE_ISA
