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
constexpr size_t kResampleSlack = 16;  // one of the widest vectors

}  // namespace convfuse
