// Blocks of channels copied as pairs of bfloat16 numbers; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/element-inl.h"

namespace convfuse::CONVFUSE_ISA {

static void CopyPairs(const PairCopy& c) {
  constexpr size_t kPixel = kLanes / kElementChannels;
  const Vi exist = LaneRange(0, static_cast<ptrdiff_t>(c.channels));
  const auto load = [&](const float* p) { return FromBits(Bits(Load(p)) & exist); };
  const float* in = c.in;
  float* out = c.out;
  for (size_t y = 0; y < c.rows; ++y, in += c.in_row, out += c.out_row) {
    const float* from = in;
    float* to = out;
    for (size_t x = 0; x + 2 <= c.pixels; x += 2, from += 2 * c.in_pixel, to += 2 * kPixel)
      Store(to, PairsOf(load(from), load(from + c.in_pixel)));
    if (c.pixels % 2 != 0) StoreN(to, PairsOf(load(from), V{}), kPixel);
  }
}

}  // namespace convfuse::CONVFUSE_ISA
