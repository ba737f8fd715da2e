// The contract of the pools: the largest element, or the mean, under a window of up to three axes.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// Output o of an axis covers the inputs start[o] + i * dilation for i < taps[o], all of them inside
// the input.  A mean divides by the product of the axes' divisors.
struct PoolAxis {
  size_t in, out, dilation;
  const int32_t* start;
  const int32_t* taps;
  const int32_t* divisor;
};

// y[p, ...out] from x[p, ...in] for p < planes, dense.  NaN under a window gives NaN.  A window
// without taps gives -infinity, or 0 divided by its divisors.
struct PoolPlanes {
  bool mean;
  PoolAxis axis[3];  // depth, height, width
  const float* x;
  float* y;
  size_t planes;
  float* row;  // scratch: axis[2].in + PoolSlack floats
};
constexpr size_t kPoolSlack = 32;  // two of the widest vectors

}  // namespace convfuse
