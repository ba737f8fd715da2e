// Convolutions with few output channels on blocks.  Lanes are input channels, because a vector of
// output channels would be mostly idle.  Contract in blocked.h.
#pragma once
#include "kernels/blocked.h"
#include "kernels/transpose-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Returns a vector whose lane i is the sum of all lanes of rows[i]: each step adds neighbouring
// lanes (then neighbouring sums) and joins two rows in one.
template <size_t kStep>
CONVFUSE_INLINE V SumRows(V (&rows)[kLanes]) {
  if constexpr (kStep < kLanes) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; i += 2 * kStep) {
      SwapBlocks<static_cast<int>(kStep)>(rows[i], rows[i + kStep], AllLanes{});
      rows[i] += rows[i + kStep];
    }
    return SumRows<2 * kStep>(rows);
  }
  return rows[0];
}

// The dot products of kLanes pixels, kStep vectors apart: one in each lane.
template <size_t kStep>
CONVFUSE_INLINE V DotPixels(const BlockedDots& d, const float* x, const float* weight) {
  V sums[kLanes] = {};
  size_t k = 0;
  for (; k + d.partial < d.products; ++k) {
    const float* at = x + d.product[k];
    const V w = Load(weight + k * kLanes);
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; ++i) sums[i] += Load(at + i * kStep * kLanes) * w;
  }
  // Lanes past the last channel may hold NaN.
  const Vi exists = LaneRange(0, static_cast<ptrdiff_t>(d.channels));
  for (; k < d.products; ++k) {
    const float* at = x + d.product[k];
    const V w = Load(weight + k * kLanes);
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; ++i)
      sums[i] += FromBits(Bits(Load(at + i * kStep * kLanes)) & exists) * w;
  }
  return SumRows<1>(sums);
}

// The same for n < kLanes pixels, one by one and added up in the same order.
CONVFUSE_INLINE V DotFew(const BlockedDots& d, const float* x, const float* weight, size_t n) {
  const Vi exists = LaneRange(0, static_cast<ptrdiff_t>(d.channels));
  float dots[kLanes] = {};
  for (size_t i = 0; i < n; ++i, x += d.step) {
    V rows[kLanes] = {};
    for (size_t k = 0; k < d.products; ++k) {
      V pixel = Load(x + d.product[k]);
      if (k + d.partial >= d.products) pixel = FromBits(Bits(pixel) & exists);
      rows[0] += pixel * Load(weight + k * kLanes);
    }
    dots[i] = SumRows<1>(rows)[0];
  }
  return Load(dots);
}

static void DotsBlocked(const BlockedDots& d) {
  const V low = Splat(d.low), high = Splat(d.high);
  const size_t tile = d.pixels < kLanes ? d.pixels : kLanes;
  for (size_t p = 0; p < d.pixels; p += tile) {
    // The last tile overlaps the one before; pixels computed there are not stored again.
    const size_t first = p + tile <= d.pixels ? p : d.pixels - tile;
    const float* x = d.x + first * d.step;
    const Vi mask = LaneRange(static_cast<ptrdiff_t>(p - first), static_cast<ptrdiff_t>(tile));
    for (size_t m = 0; m < d.outputs; ++m) {
      const float* weight = d.weight + m * d.products * kLanes;
      V v = tile < kLanes        ? DotFew(d, x, weight, tile)
            : d.step == kLanes ? DotPixels<1>(d, x, weight)
                                 : DotPixels<2>(d, x, weight);
      v += Splat(d.bias[m]);
      const size_t at = m * d.stride + first;
      if (d.add) v += LoadMasked(d.add + at, mask);
      StoreMasked(d.out + at, AtMost(AtLeast(v, low), high), mask);
    }
  }
}

}  // namespace convfuse::CONVFUSE_ISA
