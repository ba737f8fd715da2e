// The contract of the GEMM micro-kernel and of the packing that feeds it.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// C[i, j] = clamp(sum_k A[k, i] * B[k, j] + add[i, j] + bias[i], low, high) for i < rows, j < cols.
// A is a panel [k][mr], packed by whoever calls; B has rows of whole vectors up to cols: a panel
// [k][nr], a part of a matrix, or rows that lie anywhere (mr and nr are the table's).  What lies
// past rows and cols may be anything: it is computed and thrown away.  Row i of C starts at c + i *
// c_stride, of `add` at add + i * add_stride; add may be C itself, and nothing else may overlap C.
// k may be 0.  NaN survives the clamp; low and high are never NaN.
struct GemmTile {
  size_t k;
  const float* a;
  const float* b;
  size_t b_stride;
  // Null, or the floats from b to each row of B, in place of k * b_stride.  With b_at there are
  // `chains` chains of k products each, and chains * k offsets: every chain is summed up from 0,
  // then added to the sum of those before.
  const uint32_t* b_at;
  size_t chains;
  size_t chain_jump;  // floats from the end of a chain's panel of A to the next chain's
  // Beside row k, the line at ahead + k * ahead_stride is fetched into L1; beside the pairs of row
  // k, those of channels 2 k and 2 k + 1 into L2.  Any address; not with b_at.
  const float* ahead;
  size_t ahead_stride;
  const float* add;  // or null
  size_t add_stride;
  float* c;
  size_t c_stride;
  size_t rows, cols;  // 1 .. mr, 1 .. nr
  const float* bias;  // `rows` values, or null
  float low, high;
  // Tiles of nr columns are stored past the caches: c and c_stride are aligned to vectors, and the
  // caller calls the table's fence in the end.  Not with b_at.
  bool stream;
  // Pairs only, or null: a vector of columns of another panel is packed beside the products.  For
  // each k, pack_to[k * nr] becomes the pairs of channels 2 k and 2 k + 1, whose columns are the
  // first pack_lanes floats at pack_x + channel * pack_stride, and zeros.  Not with b_at.
  const float* pack_x;
  size_t pack_stride;
  size_t pack_lanes;  // 1 .. lanes
  float* pack_to;
};

// The pixels of one group's input as the columns of a B matrix.  Column p = (z, y, x) of the grid
// at tap (oz, oy, ox) reads x[c, z * step[0] + oz, y * step[1] + oy, x * step[2] + ox], or 0 where
// that lies outside the input.
struct PanelSource {
  const float* x;  // [channels, in...] of the group
  size_t in[3];
  size_t step[3];
  size_t grid[3];
};
struct Tap {
  ptrdiff_t offset[3];
};

// The part of the K axis that one block covers: rows ordered [tap][channel], or [tap][pair of
// channels] with bfloat16 (kernels/direct.h), where the second of the last pair may be missing.
struct PanelRows {
  const Tap* taps;
  size_t tap_count;
  size_t channel_begin, channel_count;
};

}  // namespace convfuse
