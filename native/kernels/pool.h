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

// A line has the width of the input, with `left` empty elements before it and enough behind it to
// make every window whole: output o covers the elements first + o * step + k * dilation, k < taps.
struct PoolLines {
  size_t step;  // 1 or 2; 0: windows lie otherwise, as axis[2] says
  size_t first, taps, left;
  size_t stride;  // from line to line: at least kPoolSlack floats past the end of input and windows
  size_t count;   // lines in the scratch, at least 1
};

// y[p, ...out] from x[p, ...in] for p < planes, dense.  NaN under a window gives NaN.  A window
// without taps gives -infinity, or 0 divided by its divisors.  Where the width in[2] is less than a
// vector, a whole vector is read from the last row of x; where out[2] is, one is written to that of
// y.
struct PoolPlanes {
  bool mean;
  PoolAxis axis[3];  // depth, height, width
  const float* x;
  float* y;
  size_t planes;
  PoolLines lines;
  const float* divisor;  // axis[2].divisor as floats, and kPoolSlack floats more
  float* scratch;        // lines.count * lines.stride floats
};
constexpr size_t kPoolSlack = 32;  // two of the widest vectors

}  // namespace convfuse
