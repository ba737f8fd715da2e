// The contracts of the kernels on blocked activations: [block of channels][y][x][lane], each block
// a plane of pixels inside a halo of zeros, so that no row is ever copied to be padded
// (ops/layout.h has the addresses).  Strides are in floats.  Lanes past the last channel may hold
// anything, NaN too.  An output overlaps no input but `add`.  Clamps let NaN through.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/pool.h"

namespace convfuse {

// Sums of the direct kernel, [pixels][direct_channels], into blocks:
// out[b * out_block + p * lanes + l] = clamp(sums[p][b * lanes + l] + bias + add[likewise]).
struct BlockedStore {
  const float* sums;
  size_t pixels, channels;  // channels: those of direct_channels that exist
  const float* bias;        // `channels` values
  const float* add;         // or null; may be out
  size_t add_block;
  float* out;
  size_t out_block;
  float low, high;
};

// One block of channels convolved, added to bias and `add`, and clamped.  With share == 1 every
// channel has a kernel of its own (depthwise); else the lanes are groups of `share` channels, a
// divisor of the lanes, and an output channel reads all channels of its group.  x: what the first
// tap of the first output reads.
struct BlockedDepthwise {
  const float* x;
  size_t x_row;
  size_t kernel[2], stride[2], dilation[2];
  size_t share;
  const float* weight;  // [kernel[0]][channel of the group][kernel[1]][lanes]
  const float* bias;    // [lanes]
  const float* add;     // or null; may be out
  size_t add_row;
  float* out;
  size_t out_row;
  size_t rows, width;
  float low, high;
};

// A few output channels of a row of pixels, as dot products over the input channels: each lane sums
// its own channels, and the lanes of a pixel are added at the end, neighbours first.
//   out[m * stride + p] = clamp(sum over k, l of x[p * step + product[k] + l] * weight[m][k][l]
//                               + bias[m] + add[likewise])
struct BlockedDots {
  const float* x;
  size_t step;              // floats from pixel to pixel: one vector, or two
  // Offsets from a pixel to vectors of channels.  Of the last `partial`, only `channels` lanes
  // count.
  const uint32_t* product;
  size_t products, partial, channels;
  const float* weight;  // [outputs][products][lanes]
  const float* bias;    // [outputs]
  const float* add;     // or null; may be out
  float* out;
  size_t stride;
  size_t pixels, outputs;
  float low, high;
};

// One block of channels pooled over height and width, axes 1 and 2 of pool.h.
struct BlockedPool {
  bool mean;
  PoolAxis axis[2];  // height, width
  const float* x;    // the first pixel inside the halo
  size_t x_row;
  float* out;
  size_t out_row;
};

// Sums of the rows of some blocks, pixel by pixel: out[b * out_block + r * lanes + l] = (0 + x[b *
// x_block + r * x_row + l] + ... of `pixels` pixels) / divisor.
struct BlockedSums {
  const float* x;
  size_t blocks, x_block;
  size_t rows, x_row;
  size_t pixels;
  float divisor;
  float* out;
  size_t out_block;
};

// Up to `lanes` dense planes, `plane` floats apart with rows of `width`, and one block of the same
// channels.  to_blocked copies dense to blocked, with zeros for missing channels; from_blocked
// copies back.  Neither touches the halo.
struct Reorder {
  float* dense;
  size_t plane;
  size_t channels;
  float* blocked;  // the first pixel inside the halo
  size_t blocked_row;
  size_t height, width;
};

}  // namespace convfuse
