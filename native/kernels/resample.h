// The contract of resampling: every output is a weighted sum of a few inputs along one axis, then
// of a few of these sums along the other.  y overlaps nothing.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// Output o of an axis is the sum of weight[o * width + t] * input[index[o * width + t]] over t <
// width, without the taps of weight 0: a NaN there is not read.  Without weights, which asks for a
// width of 1, it is the input at index[o].
struct ResampleAxis {
  size_t in, out, width;
  const int32_t* index;
  const float* weight;  // or null
};

// y[p, ...out] from x[p, ...in] for p < planes, dense.  The sums along the first axis, the height
// unless columns_first, are rounded to float.
struct ResamplePlanes {
  ResampleAxis axis[2];  // height, width
  const float* x;
  float* y;
  size_t planes;
  // Each row of x is resampled to the width of y once, which pays where y has more rows.  Both axes
  // then have weights, and an output row at most kResampleRows taps; those of nonzero weight lie
  // within kResampleRows rows of x.
  bool columns_first;
  // Scratch: axis[1].in + kResampleSlack floats; with columns_first, kResampleRows rows of
  // axis[1].out + kResampleSlack floats.
  float* row;
};
constexpr size_t kResampleRows = 4;

// One block of channels (blocked.h), every lane of which is a plane to be resampled.
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
