// The contracts of the direct kernels: pixels are broadcast from a padded copy of the input, or
// from blocks inside halos, and multiplied by vectors of output channels; no im2col.  Strides and
// offsets are in floats unless they say bytes.  An output overlaps no input but `add` or
// `residual`.  k may be 0.  Clamps let NaN through.
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
  // k cache lines from here are fetched into L2, such as the weights that are needed next.  Null,
  // or any address: a prefetch never faults.
  const char* prefetch;
};

// One product that every pixel of a tile has.  `offset`: floats from the pixel to its element;
// `ahead`: floats from BlockedTile::ahead to the line that is fetched into L1 beside the product.
struct BlockedProduct {
  uint32_t offset, ahead;
};
constexpr size_t kLineFloats = 16;  // floats of a cache line
constexpr size_t kBlockedVectors = 4;  // of a BlockedTile, at the most

// sums[p, m] (+)= sum_k weight[k, m] * x[x_at[p] + product[k].offset]: the product of DirectTile on
// blocked activations (ops/layout.h), or on rows of planes, finished in registers if `out` is set.
struct BlockedTile {
  // The products are `chains` chains of k each: every chain is summed up from 0, then added to the
  // sum of those before.
  size_t k, chains = 1;
  // So many products at the beginning of each chain come in groups of `grouped_products`, whose
  // elements lie side by side; only the first entry of a group is read.
  size_t grouped;
  const BlockedProduct* product;
  const float* ahead;  // base of what is fetched for the next tile; any address
  const float* x;
  // Floats from x to each pixel.  Kernels without scattered_pixels read only the entries 0 and
  // blocked_pixels[2] / 2: the pixels after each of these two lie `step` floats apart.
  const uint32_t* x_at;
  size_t step;
  size_t run;      // pixels: 1 .. blocked_pixels[vectors]
  // Vectors of output channels: 1 or 2 of a slice (direct_channels), or 3 or 4 where blocked_pixels
  // has such a tile, of which the third is the first of the next slice.  With bfloat16 always 2.  Where the second is not wanted,
  // out_block and residual_block are 0: the first is stored last and takes its place.  Up to three
  // pixels past the run are then read too.
  size_t vectors;
  bool half;       // the upper half of the last vector's lanes is not wanted
  const float* weight;
  size_t weight_jump;  // from a slice's weights to the next slice's
  size_t chain_jump;   // from the end of a chain's weights to the next chain's
  float* sums;         // [run][direct_channels]
  size_t sums_jump;    // from a slice's sums to the next slice's
  bool add;            // to what sums holds already
  // Null: the sums are stored to `sums`.  Else `sums` is scratch, and for b < vectors
  // out[b * out_block + out_at[p] + l] = clamp(sum + bias[b * lanes + l] + residual[b *
  // residual_block + residual_at[p] + l], low, high).
  float* out;
  const uint32_t* out_at;
  size_t out_block;
  const float* bias;      // vectors * lanes values
  const float* residual;  // or null; may be out
  const uint32_t* residual_at;
  size_t residual_block;
  float low, high;
};

// A row of pixels of a few output channels: out[m][p] = clamp(sum_k weight[k][m] * x[offset[k] + p]
// + bias[m] + add[m][p], low, high), p < pixels.  Weights have rows of direct_channels; row m of
// out and add begins at m * stride.  Up to plane_slack floats past the pixels of x are read too.
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
// half of its 32 bits, and a product is the sum of two.

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

// copy_phases takes a PaddedCopy too, and puts columns 2 i in the first half of a row of `out`, and
// columns 2 i + 1 in the second: half of row_stride is whole vectors, all of which are written.

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
  // Stores past the caches, if out and stride are aligned to vectors: for planes whose distance
  // puts their lines into the same cache sets.
  bool stream;
};

}  // namespace convfuse
