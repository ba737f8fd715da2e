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

// Windows of the width that lie `step` apart in a line with `left` empty elements before a row of the
// input, and as many as it takes behind it: output o covers first + o * step + k * dilation, k < taps.
struct PoolLines {
  size_t step;  // 1 or 2, or 0: they do not lie so
  size_t first, taps, left;
  size_t stride;  // kPoolSlack floats longer than what any window, or the input, ends at
  size_t count;   // in the scratch, 1 at the least
};

// y[p, ...out] from x[p, ...in] for p < planes, dense.  NaN under a window gives NaN.  A window
// without taps gives -infinity, or 0 divided by its divisors.  Where in[2], or out[2], is less than a
// vector, what a vector has besides the last row of x is read too, and that of y written.
struct PoolPlanes {
  bool mean;
  PoolAxis axis[3];  // depth, height, width
  const float* x;
  float* y;
  size_t planes;
  PoolLines lines;
  const float* divisor;  // those of the width, and kPoolSlack more
  float* scratch;        // lines.count * lines.stride floats
};
constexpr size_t kPoolSlack = 32;  // two of the widest vectors

}  // namespace convfuse
