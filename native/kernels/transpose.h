// The contract of the transposition of matrices.
#pragma once
#include <stddef.h>

namespace convfuse {

// y[c * y_row + r] = x[r * x_row + c], r < rows, c < columns: the same bits.  y overlaps nothing.
struct TransposeMatrix {
  const float* x;
  size_t x_row;
  float* y;
  size_t y_row;
  size_t rows, columns;
};

}  // namespace convfuse
