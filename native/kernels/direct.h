// The contract of the direct kernel: pixels broadcast from a padded copy of the input, weights as
// vectors of output channels, no im2col.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// sums[p, m] (+)= sum_k weight[k, m] * x[offset[k] + at(p)] for m < direct_channels.  Pixels come in
// one or two runs of equal length: at(p) = p * step in the first, jump + (p - run) * step in the
// second (the next output row of a narrow plane).  sums is dense, [pixels][direct_channels], and
// 64-byte aligned like the weights.
struct DirectTile {
  size_t k;
  const uint32_t* offset;
  const float* x;
  size_t jump;
  size_t run;   // 1 .. direct_pixels, or up to half of it in two runs, or narrow_pixels for one vector
  size_t runs;  // 1 or 2
  size_t step;  // 1 or 2, times the lanes of a vector where channels lie in lanes
  const float* weight;
  float* sums;
  size_t vectors;  // of channels that are computed: 2, or 1 where step is lanes
  bool add;  // to what sums holds already
  // k lines from here are brought into L2: weights that are needed next.  Null, or any
  // address: it is never faulted on.
  const char* prefetch;
  // Where the sums end in blocks, pixels being one run of whole vectors: out[b * out_block + p *
  // lanes + l] = clamp(sum + bias[b * lanes + l] + residual[likewise], low, high) for b < vectors, and
  // nothing is written to sums.  Null: they stay sums.
  float* out;
  size_t out_block;
  const float* bias;         // direct_channels values
  const float* residual;     // or null; may be out
  size_t residual_block;
  float low, high;
};

// With bfloat16, an element of x and of the weights is a pair of channels, the first in the lower
// half of its 32 bits, and a product the sum of two.

// Rows [row, row + rows) of some channels, copied between zeros: out[c, y, x] = in[c, row + y,
// x - left], or 0 outside the input.  With bfloat16, pairs of channels: channel c of `out` is the
// channels 2 c and 2 c + 1 of the input, of which the last may be missing (zeros).  Strides of `out` are given; it has `width` columns.
struct PaddedCopy {
  const float* in;  // channel 0
  size_t in_height, in_width;
  size_t channels;
  ptrdiff_t row;
  size_t rows, left, width;
  float* out;
  size_t row_stride, channel_stride;
};

// out[m, p] = clamp(sums[p, m] + add[m, p] + bias[m], low, high): back to channel planes.  Row m of
// out and add begins at m * stride.  sums has rows of direct_channels, of which `channels` count.
struct DirectStore {
  const float* sums;
  size_t pixels, channels;
  const float* bias;
  const float* add;  // or null; may be out
  float* out;
  size_t stride;
  float low, high;
  // Past the caches where out and stride are aligned to vectors: for planes so far apart that
  // their lines compete for the same cache sets.
  bool stream;
};

}  // namespace convfuse
