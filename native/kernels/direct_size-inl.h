// The sizes of the direct kernel's tile, for all kernels that compute it, feed it or read its sums.
#pragma once
#include "kernels/direct.h"
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
// On blocks: pixels of a tile, by its vectors of channels; 0 where there is no such tile.  With one
// vector and 16 registers a tile has twice the pixels, because few sums would wait for their own
// products; with three or four vectors a broadcast serves all of them.
constexpr size_t kBlockedPixels[kBlockedVectors + 1] = {
    0, kRegisters == 32 ? kDirectPixels : 2 * kDirectPixels, kDirectPixels,
    kRegisters == 32 ? 9 : kDirectPixels == 6 ? 4 : 3, kDirectPixels == 6 ? 3 : 0};
// Whether the pixels of a tile may lie anywhere, so that it goes on in the next row of a narrow
// plane.  Each pixel then takes a general register: x86 has 16, too few for the 14 of AVX-512.
constexpr bool kScatteredPixels = kLanes < 16;

// A CPU takes 4 to 6 operations in a cycle, and half of that while its core serves another thread,
// which on a shared server may be anybody's.  With vectors of 8, 12 sums take 6 cycles, and the 19 or
// 20 operations of a product leave little room for more.  So 8 products share an offset, a branch
// and what is fetched, or 4 of those whose elements do not lie side by side.
#if defined(CONVFUSE_HAS_AVX2)
constexpr size_t kGroupedProducts = 8, kProductsPerTurn = 4;
#else
constexpr size_t kGroupedProducts = 1, kProductsPerTurn = 1;
#endif

// Without scattered pixels, those of a tile lie in two halves, which may be in different rows.
constexpr size_t kHalfTile = kDirectPixels / 2;

}  // namespace convfuse::CONVFUSE_ISA
