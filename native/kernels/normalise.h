// The contract of normalisation: rows of mean 0 and variance 1, scaled and shifted.
#pragma once
#include <stddef.h>

namespace convfuse {

// y = (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c] over rows of `parts` runs of
// `plane` elements, next to each other.  Run k of row r has c = ((first + r) * parts + k) %
// channels.  Mean and variance are those of its row.  All is computed in double and rounded once.
// y may be x.
struct NormaliseRows {
  const float* x;
  float* y;
  size_t first, rows, parts, plane, channels;
  const float *scale, *bias;
  double epsilon;
};

// y[r] = sum of row r of `size` elements, divided by `divisor`; in double, rounded once.
struct SumRows {
  const float* x;
  float* y;
  size_t rows, size;
  double divisor;
};

}  // namespace convfuse
