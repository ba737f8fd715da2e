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
// On blocks, pixels of a tile by vectors of channels.  Fewer would wait for each other's products:
// one vector gets as many as there are registers; three share a broadcast.
constexpr size_t kBlockedPixels[4] = {
    0, kRegisters == 32 ? kDirectPixels : 2 * kDirectPixels, kDirectPixels,
    kRegisters == 32 ? 9 : kDirectPixels == 6 ? 4 : 3};
// Whether they may lie anywhere: a tile then goes on in the next row of a narrow plane.  Each takes
// a general register, of which x86 has 16; it has no need of it where 14 pixels are a tile.
constexpr bool kScatteredPixels = kLanes < 16;

// Pixels of such a tile lie in two halves, which may be rows.
constexpr size_t kHalfTile = kDirectPixels / 2;

}  // namespace convfuse::CONVFUSE_ISA
