// The contracts of the direct kernels: pixels broadcast from a padded copy of the input, or from
// blocks between halos; weights as vectors of output channels, no im2col.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// sums[p, m] (+)= sum_k weight[k, m] * x[offset[k] + at(p)] for m < direct_channels.  Pixels come
// in one or two runs of equal length: at(p) = p * step in the first, jump + (p - run) * step in the
// second (the next output row of a narrow plane).  sums is dense, [pixels][direct_channels], and
// 64-byte aligned like the weights.
struct DirectTile {
  size_t k;
  const uint32_t* offset;
  const float* x;
  size_t jump;
  size_t run;   // 1 .. direct_pixels, or up to half of it in two runs
  size_t runs;  // 1 or 2
  size_t step;  // 1 or 2
  const float* weight;
  float* sums;
  bool add;  // to what sums holds already
  // k lines from here are brought into L2: weights that are needed next.  Null, or any
  // address: it is never faulted on.
  const char* prefetch;
};

// One product of every pixel: where its element lies from the pixel, and what is brought into L1
// when it is computed.
struct BlockedProduct {
  uint32_t offset, ahead;
};
constexpr size_t kLineFloats = 16;  // of a cache line, which is what is brought

// The same on blocked activations (ops/layout.h), or on rows of planes.
struct BlockedTile {
  // Products are summed up in so many chains of k each, one after the other.
  size_t k, chains = 1;
  const BlockedProduct* product;
  const float* ahead;  // what the next tile needs, from here; any addresses
  const float* x;
  // Where pixel p begins, from x.  Kernels without scattered_pixels read the first of each half of
  // blocked_pixels[2] alone: those behind it follow, `step` floats apart.
  const uint32_t* x_at;
  size_t step;
  size_t run;      // 1 .. blocked_pixels[vectors]
  // Of channels: 1 or 2 of a slice, or 3: two and the first of the next slice.  With bfloat16 always
  // 2; the first is stored last, so that it may take the place of one that is not wanted.  Where up
  // to three pixels behind the last one would lie is then read too.
  size_t vectors;
  bool half;       // no weight in the upper half of the last vector's lanes is of any use
  const float* weight;
  size_t weight_jump;  // to those of the next slice
  size_t chain_jump;   // from the end of a chain's to the next chain's
  float* sums;         // [run][direct_channels]
  size_t sums_jump;    // to those of the next slice
  bool add;
  // Where sums end in blocks: out[b * out_block + out_at[p] + l] = clamp(sum + bias[b * lanes + l]
  // + residual[likewise], low, high) for b < vectors, and what sums then holds is of no use.  Null:
  // they stay sums.
  float* out;
  const uint32_t* out_at;
  size_t out_block;
  const float* bias;      // vectors * lanes values
  const float* residual;  // or null; may be out
  const uint32_t* residual_at;
  size_t residual_block;
  float low, high;
};

// A row of pixels of a few output channels: out[m][p] = clamp(sum_k weight[k][m] * x[offset[k] + p] +
// bias[m] + add[m][p], low, high), p < pixels.  Weights have rows of direct_channels; row m of out
// and add begins at m * stride.  As many as plane_slack floats behind those of x are read too.
constexpr size_t kPlaneChannels = 3;
struct PlaneRow {
  size_t k;
  const uint32_t* offset;
  const float* x;
  const float* weight;
  size_t channels, pixels;  // channels: 1 .. kPlaneChannels
  const float* bias;        // or null
  const float* add;         // or null; may be out
  float* out;
  size_t stride;
  float low, high;
};

// With bfloat16, an element of x and of the weights is a pair of channels, the first in the lower
// half of its 32 bits, and a product the sum of two.

// Rows [row, row + rows) of some channels, copied between zeros: out[c, y, x] = in[c, row + y,
// x - left], or 0 outside the input.  With bfloat16, pairs of channels: channel c of `out` is the
// channels 2 c and 2 c + 1 of the input, of which the last may be missing (zeros).  Strides of
// `out` are given; it has `width` columns.
struct PaddedCopy {
  const float* in;  // channel 0
  size_t in_height, in_width;
  size_t channels;
  ptrdiff_t row;
  size_t rows, left, width;
  float* out;
  size_t row_stride, channel_stride;
};

// The same with columns 2 i in the first half of a row of `out`, and 2 i + 1 in the second: half of
// row_stride is whole vectors, all of which are written.

// Rows of one block of channels (ops/layout.h) as pairs: out[y, x] has the lanes / 2 pairs of
// in[y, x].  `channels` of the block exist; the others become zeros.
struct PairCopy {
  const float* in;
  size_t in_row, in_pixel;  // floats from row to row and from pixel to pixel
  float* out;
  size_t out_row;
  size_t rows, pixels, channels;
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
