// Rows copied between zeros, even columns and odd columns apart; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

static void CopyPhases(const PaddedCopy& c) {
  const ptrdiff_t lanes = kLanes, width = static_cast<ptrdiff_t>(c.in_width);
  const ptrdiff_t left = static_cast<ptrdiff_t>(c.left);
  const size_t phase = c.row_stride / 2, plane = c.in_height * c.in_width;
  for (size_t channel = 0; channel < c.channels; ++channel) {
    float* out = c.out + channel * c.channel_stride;
    for (size_t y = 0; y < c.rows; ++y, out += c.row_stride) {
      const size_t row = static_cast<size_t>(c.row) + y;  // wraps above the first
      const bool inside = row < c.in_height;
      const float* in = c.in + channel * plane + (inside ? row * c.in_width : 0);
      for (size_t x = 0; x < phase; x += kLanes) {
        const ptrdiff_t at = static_cast<ptrdiff_t>(2 * x) - left;
        V a = {}, b = {};
        if (inside && at >= 0 && at + 2 * lanes <= width) {
          a = Load(in + at);
          b = Load(in + at + lanes);
        } else if (inside) {
          a = LoadMasked(in + at, LaneRange(-at, width - at));
          b = LoadMasked(in + at + lanes, LaneRange(-at - lanes, width - at - lanes));
        }
        Store(out + x, Even(a, b));
        Store(out + phase + x, Odd(a, b));
      }
    }
  }
}

}  // namespace convfuse::CONVFUSE_ISA
