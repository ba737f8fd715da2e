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

// y[p, ...out] from x[p, ...in] for p < planes, dense; rows are rounded to float between the axes.
struct ResamplePlanes {
  ResampleAxis axis[2];  // height, width
  const float* x;
  float* y;
  size_t planes;
  float* row;  // scratch: axis[1].in + kResampleSlack floats
};
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
