// The contracts of the kernels on blocked activations: channels in blocks of a vector's lanes, each
// block a plane of pixels between a halo of zeros, so that no row is ever copied to be padded.
// ops/layout.h has the addresses.  Strides are in floats.  Lanes past the last channel hold numbers
// that nobody reads.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/pool.h"

namespace convfuse {

// Sums of the direct kernel, [pixels][direct_channels], into blocks:
// out[b * out_block + p * lanes + l] = clamp(sums[p][b * lanes + l] + bias + add[likewise]).
struct BlockedStore {
  const float* sums;
  size_t pixels, channels;  // channels of these sums that exist
  const float* bias;        // as many
  const float* add;         // or null; may be out
  size_t add_block;
  float* out;
  size_t out_block;
  float low, high;
};

// One block of channels convolved with kernels of its own, and clamped: each with itself, or groups of
// `share` with each other, of which the lanes are a multiple.  x points to what the first tap of the
// first output reads.
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

// Few outputs of a row of pixels as dot products: each lane adds up its own channels, and the lanes of a
// pixel are added up in the end, neighbours first.
//   out[m * stride + p] = clamp(sum over k, l of x[p * step + product[k] + l] * weight[m][k][l]
//                               + bias[m] + add[likewise])
struct BlockedDots {
  const float* x;
  size_t step;              // one vector, or two
  const uint32_t* product;  // vectors of channels; the last `partial` of them have `channels` alone
  size_t products, partial, channels;
  const float* weight;  // [outputs][products][lanes]
  const float* bias;    // [outputs]
  const float* add;     // or null; may be out
  float* out;
  size_t stride;
  size_t pixels, outputs;
  float low, high;
};

// One block of channels pooled: axes 1 and 2 of pool.h.
struct BlockedPool {
  bool mean;
  PoolAxis axis[2];  // height, width
  const float* x;    // the first pixel inside the halo
  size_t x_row;
  float* out;
  size_t out_row;
};

// Planes of up to `lanes` channels and one block of them; dense to blocked, or back.
struct Reorder {
  float* dense;
  size_t plane;
  size_t channels;
  float* blocked;  // the first pixel inside the halo
  size_t blocked_row;
  size_t height, width;
};

}  // namespace convfuse
