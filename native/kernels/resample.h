// The contract of resampling: planes whose rows, and whose columns then, are sums of a few others.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// Output o of an axis is the sum of weight[o * width + t] * input[index[o * width + t]] over t < width,
// without the taps of weight 0: a NaN there is not read.  Without weights, which asks for a width of
// 1, it is the input at index[o].
struct ResampleAxis {
  size_t in, out, width;
  const int32_t* index;
  const float* weight;  // or null
};

// y[p, ...out] from x[p, ...in] for p < planes, dense.  What the first axis gives is rounded to float.
struct ResamplePlanes {
  ResampleAxis axis[2];  // height, width
  const float* x;
  float* y;
  size_t planes;
  // The width comes first: each row of x once, which pays where more rows are made of them.  Both axes
  // have weights, and the height up to kResampleRows taps, of which those with weight are no more than
  // that many rows apart.
  bool columns_first;
  // Scratch: axis[1].in + kResampleSlack floats, or as many rows of axis[1].out, likewise.
  float* row;
};
constexpr size_t kResampleRows = 4;
// One block of channels (blocked.h), whose lanes are each resampled alike.
struct BlockedResample {
  ResampleAxis axis[2];  // height, width
  const float* x;        // the first pixel inside the halo
  size_t x_row;
  float* out;
  size_t out_row;
  float* row;  // scratch: axis[1].in * lanes floats
};
constexpr size_t kResampleSlack = 16;  // one of the widest vectors

}  // namespace convfuse
